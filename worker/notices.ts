import { cancellationSignal } from '@temporalio/activity';
import type { Log, Notify } from '../activities/deps.ts';

/** A chat that does not answer must not hold a release up. */
const LIMIT_MS = 5_000;

/**
 * Messages to a Slack-compatible incoming webhook: POST of `{"text": …}`, one at a time and in order; what is told meanwhile
 * goes as one message after it. One that cannot be delivered is a warning in the log, without the address, which is a secret;
 * the release goes on.
 *
 * @returns `notify`, whose answer comes when the message is delivered or given up, or the activity that told it is
 *   cancelled; `delivered`, which waits for all that was told
 */
export function createNotify(
  webhookUrl: string | undefined,
  log: Log,
): { notify: Notify; delivered: () => Promise<void> } {
  if (webhookUrl === undefined) return { notify: async () => undefined, delivered: async () => undefined };
  let last: Promise<void> = Promise.resolve();
  let texts: string[] = [];
  let next: Promise<void> | undefined;
  const enqueue = (text: string): Promise<void> => {
    texts.push(text);
    next ??= last.then(() => {
      const text = texts.join('\n');
      texts = [];
      next = undefined;
      last = post(webhookUrl, text, log);
      return last;
    });
    return next;
  };
  return {
    notify: (text) => Promise.race([enqueue(text), whenCancelled()]),
    delivered: () => next ?? last,
  };
}

async function post(webhookUrl: string, text: string, log: Log): Promise<void> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error(`no answer within ${LIMIT_MS / 1000} s`)), LIMIT_MS);
  try {
    const response = await fetch(webhookUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text }),
      signal: controller.signal,
    });
    if (!response.ok) throw new Error(`the webhook answered ${response.status}`);
  } catch (error) {
    log('warn', 'notification_failed', { error_message: reasonOf(error as Error, webhookUrl), text });
  } finally {
    clearTimeout(timer);
  }
}

function reasonOf({ message, cause }: Error & { cause?: unknown }, webhookUrl: string): string {
  const code = (cause as { code?: string } | undefined)?.code;
  return (code ? `${message}: ${code}` : message).replaceAll(webhookUrl, 'the webhook');
}

function whenCancelled(): Promise<void> {
  const signal = cancellationSignal();
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

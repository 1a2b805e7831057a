import { setTimeout as pause } from 'node:timers/promises';
import { cancellationSignal } from '@temporalio/activity';
import type { Log, Notify } from '../activities/deps.ts';

/** A chat that does not answer must not hold a release up. */
const LIMIT_MS = 5_000;
/** Chats take about one message a second. */
const BETWEEN_MS = 1_000;
/** The longest time after which one that was refused for now is sent again. */
const AGAIN_MS = 10_000;

/**
 * Messages to a Slack-compatible incoming webhook: POST of `{"text": …}`, one at a time, in order and not more than one a
 * second; what is told meanwhile goes as one message after it. One that is refused for now (429, 5xx) is sent once more. One
 * that cannot be delivered is a warning in the log, without the address, which is a secret; the release goes on.
 *
 * @returns `notify`, whose answer comes when the message is delivered or given up, or the activity that told it is
 *   cancelled; `delivered`, which waits for all that was told
 */
export function createNotify(
  webhookUrl: string | undefined,
  log: Log,
): { notify: Notify; delivered: () => Promise<unknown> } {
  if (webhookUrl === undefined) return { notify: async () => undefined, delivered: async () => undefined };
  let last: Promise<unknown> = Promise.resolve();
  let texts: string[] = [];
  let next: Promise<void> | undefined;
  const enqueue = (text: string): Promise<void> => {
    texts.push(text);
    next ??= last.then(() => {
      const sent = send(webhookUrl, texts.join('\n'), log);
      texts = [];
      next = undefined;
      last = Promise.all([sent, pause(BETWEEN_MS)]);
      return sent;
    });
    return next;
  };
  return {
    notify: (text) => Promise.race([enqueue(text), whenCancelled()]),
    delivered: () => next ?? last,
  };
}

/** Never fails: what cannot be sent is logged. */
async function send(webhookUrl: string, text: string, log: Log): Promise<void> {
  try {
    let response = await post(webhookUrl, text);
    if (response.status === 429 || response.status >= 500) {
      const seconds = Number(response.headers.get('retry-after')) || 1;
      await pause(Math.min(seconds * 1_000, AGAIN_MS));
      response = await post(webhookUrl, text);
    }
    requireAccepted(response);
  } catch (error) {
    log('warn', 'notification_failed', { error_message: reasonOf(error as Error, webhookUrl), text });
  }
}

function requireAccepted(response: Response): void {
  if (!response.ok) throw new Error(`the webhook answered ${response.status}`);
}

/** Sends one message, once. @returns why it was not taken, without the address; nothing when it was */
export async function trySend(webhookUrl: string, text: string): Promise<string | undefined> {
  try {
    requireAccepted(await post(webhookUrl, text));
    return undefined;
  } catch (error) {
    return reasonOf(error as Error, webhookUrl);
  }
}

async function post(webhookUrl: string, text: string): Promise<Response> {
  const controller = new AbortController();
  const giveUp = () => controller.abort(new Error(`no answer within ${LIMIT_MS / 1000} s`));
  const timer = setTimeout(giveUp, LIMIT_MS);
  try {
    return await fetch(webhookUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text }),
      signal: controller.signal,
    });
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

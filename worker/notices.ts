import { cancellationSignal } from '@temporalio/activity';
import type { Log, Notify } from '../activities/deps.ts';

/** A chat that does not answer must not hold a release up. */
const LIMIT_MS = 5_000;

/**
 * Messages to a Slack-compatible incoming webhook: POST of `{"text": …}`. One that cannot be delivered is a warning in the
 * log, without the address, which is a secret; the release goes on.
 */
export function createNotify(webhookUrl: string | undefined, log: Log): Notify {
  if (webhookUrl === undefined) return async () => undefined;
  return async (text) => {
    const { signal, done } = limited();
    try {
      const response = await fetch(webhookUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ text }),
        signal,
      });
      if (!response.ok) throw new Error(`the webhook answered ${response.status}`);
    } catch (error) {
      const { message, cause } = error as Error & { cause?: { code?: string } };
      const reason = (cause?.code ? `${message}: ${cause.code}` : message).replaceAll(webhookUrl, 'the webhook');
      log('warn', 'notification_failed', { error_message: reason, text });
    } finally {
      done();
    }
  };
}

/** Ends at the time limit, and with an abort. (Node 20 may collect a time-out that only AbortSignal.any knows of.) */
function limited(): { signal: AbortSignal; done: () => void } {
  const controller = new AbortController();
  const cancellation = cancellationSignal();
  const cancel = () => controller.abort(cancellation.reason);
  const timer = setTimeout(() => controller.abort(new Error(`no answer within ${LIMIT_MS / 1000} s`)), LIMIT_MS);
  cancellation.addEventListener('abort', cancel, { once: true });
  if (cancellation.aborted) cancel();
  return {
    signal: controller.signal,
    done: () => {
      clearTimeout(timer);
      cancellation.removeEventListener('abort', cancel);
    },
  };
}

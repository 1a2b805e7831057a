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
    try {
      const response = await fetch(webhookUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ text }),
        // An abort does not wait for a chat either.
        signal: AbortSignal.any([AbortSignal.timeout(LIMIT_MS), cancellationSignal()]),
      });
      if (!response.ok) throw new Error(`the webhook answered ${response.status}`);
    } catch (error) {
      const { message, cause } = error as Error & { cause?: { code?: string } };
      const reason = (cause?.code ? `${message}: ${cause.code}` : message).replaceAll(webhookUrl, 'the webhook');
      log('warn', 'notification_failed', { error_message: reason, text });
    }
  };
}

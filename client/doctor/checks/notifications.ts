import { once } from 'node:events';
import { connect } from 'node:net';
import { failed, group, ok, type Remedy, warning } from '../check.ts';

const VARIABLE = 'PP_SLACK_WEBHOOK_URL';

const withoutChat = (note: string): Remedy => ({ commands: [`unset ${VARIABLE}`], note });

export const notificationChecks = group([], {
  'notifications.url': {
    title: "the webhook's address can be read",
    expected: `${VARIABLE} is an address such as https://chat.example/hooks/1, or is not set`,
    why: 'A worker with an address that it cannot read does not start.',
    pre: true,
    async look({ place }) {
      const fault = place.faults.get(VARIABLE);
      if (fault === undefined)
        return ok(place.settings.slackWebhookUrl ? 'it can be read' : `${VARIABLE} is not set: no message is sent`);
      // The address is a secret, so it is not shown.
      return failed(
        `${VARIABLE} ${fault}`,
        withoutChat("no message is sent then; or put the webhook's address there, in the worker's environment, too"),
      );
    },
  },
  'notifications.host': {
    title: 'the chat can be reached',
    expected: "the webhook's host takes connections",
    why: 'People learn from the chat what waits for them. A release that waits, and could not say so, runs into its time limit.',
    pre: true,
    needs: ['notifications.url'],
    async look({ place, limits }) {
      const { slackWebhookUrl } = place.settings;
      if (slackWebhookUrl === undefined) return ok(`${VARIABLE} is not set: no message is sent`);
      const { hostname, port, protocol } = new URL(slackWebhookUrl);
      const where = { host: hostname.replace(/[[\]]/g, ''), port: Number(port) || (protocol === 'https:' ? 443 : 80) };
      const fault = await reach(where, limits.connect);
      if (fault === undefined) return ok(`${where.host}:${where.port} takes connections`);
      return warning(
        `${where.host}:${where.port}: ${fault}`,
        withoutChat(`no message is sent then; or open the way to ${where.host}:${where.port}, or mend the address`),
      );
    },
  },
});

/** @returns why no connection came about; nothing is sent over one that does */
async function reach({ host, port }: { host: string; port: number }, limitMs: number): Promise<string | undefined> {
  const socket = connect({ host, port });
  const limit = setTimeout(() => socket.destroy(new Error(`no answer within ${limitMs / 1000} s`)), limitMs);
  try {
    await once(socket, 'connect');
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code ?? message;
  } finally {
    clearTimeout(limit);
    socket.destroy();
  }
}

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CheckId } from '../../../client/doctor/checks/index.ts';
import type { Scenario } from '../ward.ts';
import type { Ward } from './ward.ts';

let chat: Server | undefined;

/** A chat whose webhook was withdrawn. */
async function closedChat(): Promise<string> {
  chat = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(404).end('no_service'));
  });
  chat.listen(0, '127.0.0.1');
  await once(chat, 'listening');
  return `http://127.0.0.1:${(chat.address() as AddressInfo).port}/hooks/1`;
}

export const probeScenarios: Record<Extract<CheckId, `probe.${string}`>, Scenario<Ward>> = {
  'probe.swap': {
    break: async ({ asDba }) => {
      await asDba(
        `create function public.no_more() returns event_trigger language plpgsql as
           $$ begin raise exception 'tables are frozen until Monday'; end $$;
         create event trigger "Frozen tables" on ddl_command_start when tag in ('ALTER TABLE') execute function public.no_more()`,
      );
      return undefined;
    },
  },
  'probe.row': {
    break: async ({ asRole }) => {
      await asRole(`alter server portal_srv options (set port '1')`);
      return undefined;
    },
  },
  'probe.chat': {
    break: async () => ({ PP_SLACK_WEBHOOK_URL: await closedChat() }),
    after: async () => {
      chat?.closeAllConnections();
      chat?.close();
    },
  },
  'probe.workflow': {
    break: async ({ shell }) => {
      process.kill(shell.lastStarted(), 'SIGSTOP');
      return undefined;
    },
  },
};

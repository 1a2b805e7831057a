import getPort from 'get-port';
import type { CheckId } from '../../../client/doctor/checks/index.ts';
import type { Scenario } from '../ward.ts';
import type { Ward } from './ward.ts';

export const notificationScenarios: Record<Extract<CheckId, `notifications.${string}`>, Scenario<Ward>> = {
  'notifications.url': {
    break: async () => ({ PP_SLACK_WEBHOOK_URL: 'chat.example/hooks/1' }),
  },
  'notifications.host': {
    break: async () => ({ PP_SLACK_WEBHOOK_URL: `http://127.0.0.1:${await getPort()}/hooks/secret` }),
  },
};

import type { CheckId } from '../../../client/doctor/checks/index.ts';
import type { Scenario } from '../ward.ts';
import type { Ward } from './ward.ts';

const byStatement = (on: 'asRole' | 'asDba' | 'onPortal', sql: string): Scenario<Ward> => ({
  break: async (ward) => {
    await ward[on](sql);
    return undefined;
  },
});

export const portalScenarios: Record<Extract<CheckId, `portal.${string}`>, Scenario<Ward>> = {
  'portal.server': { isMissing: true, break: async () => undefined },
  'portal.server_owner': byStatement('asDba', 'alter server portal_srv owner to postgres'),
  'portal.user_mapping': byStatement('asRole', 'drop user mapping for current_user server portal_srv'),
  'portal.options': byStatement(
    'asRole',
    `alter server portal_srv options (set fetch_size '7'); alter foreign table portal_fdw.spatial_data options (drop fetch_size)`,
  ),
  'portal.address': byStatement('asRole', `alter server portal_srv options (set dbname 'portal_of_last_year')`),
  'portal.tables': byStatement('asRole', 'drop foreign table portal_fdw.wdpas, portal_fdw.realm_cat'),
  'portal.local_rights': {
    break: async ({ asDba }) => {
      await asDba('alter foreign table portal_fdw.realm_cat owner to postgres');
      return undefined;
    },
    after: ({ own }) => own.asDba(`alter foreign table portal_fdw.realm_cat owner to ${own.role}`),
  },
  'portal.answers': byStatement('asRole', `alter server portal_srv options (set port '1')`),
  'portal.rights': byStatement('onPortal', 'revoke select on wdpa.wdpas from portal_reader'),
  'portal.foreign_tables': byStatement('asRole', 'alter foreign table portal_fdw.realm_cat add column no_more text'),
  'portal.columns': byStatement('asRole', 'alter foreign table portal_fdw.wdpas drop column site_id'),
};

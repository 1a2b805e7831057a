import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CheckId } from '../../../client/doctor/checks/index.ts';
import type { ReleaseHarness } from '../../support/release.ts';
import { openRooms } from '../../support/rooms.ts';
import { backupStamps } from '../../support/state.ts';
import { waitsFor } from '../../support/waiting.ts';
import type { Round, Scenario, Shell } from '../ward.ts';

export interface ReleaseWard {
  shell: Shell;
  harness: ReleaseHarness;
}

const workflowOf = ({ harness }: ReleaseWard, label: string) =>
  harness.temporal.workflow.getHandle(`portal-release-${label}`);

async function atTheGate(ward: ReleaseWard, label: string): Promise<undefined> {
  await ward.harness.pp(['start', label, '--mode', 'review']);
  await waitsFor(ward.harness, 'promote');
  return undefined;
}

const byStatement = (sql: string): Scenario<ReleaseWard> => ({
  break: async ({ harness }) => {
    await harness.live(sql);
    return undefined;
  },
});

/** Each leaves a release live, and nothing running. */
export const releaseScenarios: Record<Extract<CheckId, `release.${string}`>, Scenario<ReleaseWard>> = {
  'release.known': {
    isMissing: true,
    label: 'Jan2031',
    break: async () => undefined,
    after: async (ward) => void (await workflowOf(ward, 'Jan2031').result()),
  },
  'release.failed': {
    break: async ({ harness }) => {
      await harness.live('create table staging_sources (id int)');
      await harness.pp(['start', 'Feb2031', '--wait']);
      // The cause is mended; the release is not.
      await harness.live('drop table staging_sources');
      return undefined;
    },
    after: async (ward) => void (await workflowOf(ward, 'Feb2031').result()),
  },
  'release.unfinished': {
    break: async ({ harness }) => {
      const rooms = await openRooms(undefined, harness.databases);
      await rooms.release('Mar2031');
      await rooms.pool.end();
      return undefined;
    },
    after: async (ward) => void (await workflowOf(ward, 'Mar2031').result()),
  },
  'release.waiting': {
    break: (ward) => atTheGate(ward, 'Apr2031'),
    after: async (ward) => void (await workflowOf(ward, 'Apr2031').result()),
  },
  'release.abandoned': {
    break: async (ward) => {
      await atTheGate(ward, 'May2031');
      await workflowOf(ward, 'May2031').terminate('for a test');
      return undefined;
    },
  },
  'release.current': byStatement('update releases set is_current = false'),
  'release.backups_kept': {
    well: async () => ({ PP_KEEP_BACKUP_COUNT: '9' }),
    break: async () => ({ PP_KEEP_BACKUP_COUNT: '1' }),
  },
  'release.backup': {
    break: async ({ harness }) => {
      for (const stamp of await backupStamps(harness))
        await harness.live(`drop table bk${stamp}_no_take_statuses cascade`);
      return undefined;
    },
  },
  'release.manifest_file': {
    break: async ({ harness }) => {
      for (const name of readdirSync(harness.manifestDir)) rmSync(join(harness.manifestDir, name));
      return undefined;
    },
  },
  'release.plan': {
    // In the staging that waits at the gate.
    break: async ({ harness }) => {
      await harness.live('alter table sources add column remark text');
      return undefined;
    },
  },
  // What the round before has staged.
  'release.staging_left': byStatement('delete from pp_release.staging'),
  'release.month': byStatement(`update releases set label = 'Jan2024' where is_current`),
};

/** Each release costs seconds, so a round breaks what the one before it has left. */
export const releaseRounds: readonly Round[] = [
  ['release.known'],
  ['release.failed'],
  ['release.unfinished'],
  ['release.waiting'],
  ['release.plan', 'release.abandoned'],
  ['release.current', 'release.backups_kept', 'release.staging_left', 'release.manifest_file'],
  ['release.backup', 'release.month'],
];

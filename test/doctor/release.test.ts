import { msToTs } from '@temporalio/common/lib/time.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Outcome } from '../../client/doctor/check.ts';
import { createHarness } from '../support/release.ts';
import { type ReleaseWard, releaseRounds, releaseScenarios } from './scenarios/release.ts';
import { breakSeeMend, itRounds, openShell } from './ward.ts';

let ward: ReleaseWard;

beforeAll(async () => {
  const harness = await createHarness({ sites: 60, workerEnv: { PP_KEEP_BACKUP_COUNT: '9' } });
  const { temporal } = harness;
  await temporal.workflowService.updateNamespace({
    namespace: temporal.options.namespace,
    config: { workflowExecutionRetentionTtl: msToTs('3 days') },
  });
  ward = { harness, shell: await openShell({ ...harness.env, PP_KEEP_BACKUP_COUNT: '9' }) };
});
afterAll(async () => {
  await ward?.shell.close();
  await ward?.harness.close();
});

itRounds(releaseRounds, (round) => breakSeeMend(ward, releaseScenarios, round));

/** Every row, relation and event that doctor could have written. */
async function everything() {
  const { harness } = ward;
  const tables = await harness.live<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'pp_release') order by 1`,
  );
  const rows: Record<string, unknown> = {};
  for (const { name } of tables) {
    [rows[name]] = await harness.live(`select count(*), sum(hashtextextended(t::text, 0)) as hash from ${name} t`);
  }
  const histories: string[] = [];
  for await (const { workflowId, runId, historyLength } of harness.temporal.workflow.list())
    histories.push(`${workflowId} ${runId} ${historyLength}`);
  return {
    rows,
    histories: histories.sort(),
    relations: await harness.live(
      'select oid, relname, relfilenode, relacl::text, reloptions from pg_class where oid >= 16384 order by oid',
    ),
  };
}

it('where all is well doctor has nothing to mend, ends with 0, and has written nothing', async () => {
  const { harness, shell } = ward;
  const before = await everything();
  const { code, stdout, stderr } = await harness.pp(['doctor', '--timeout', '12', '--json', '--strict'], {
    ...shell.env,
    PORTAL_URL: harness.databases.portalReaderUrl,
  });
  const { outcome, checks } = JSON.parse(stdout) as { outcome: string; checks: Outcome[] };
  expect(checks.filter(({ status }) => status === 'failed' || status === 'warning')).toEqual([]);
  expect([code, outcome, stderr]).toEqual([0, 'ok', '']);
  const names = ['id', 'group', 'title', 'status', 'seen', 'expected', 'why', 'remedy', 'docs'];
  expect([...new Set(checks.map((one) => Object.keys(one).join()))]).toEqual([names.join()]);
  expect(await everything()).toEqual(before);
});

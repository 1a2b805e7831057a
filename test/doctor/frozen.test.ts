import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { linkPortal } from '../../activities/portal/link.ts';
import type { Outcome } from '../../client/doctor/check.ts';
import { TIMEOUT_MS } from '../../client/doctor/surroundings.ts';
import { createPortalSchema } from '../../local/portal/schema.ts';
import type { ProcessStatus, StackEnv } from '../../local/stack/index.ts';
import { createTestDatabases, type TestDatabases } from '../support/database.ts';
import { runCommandLine } from '../support/release.ts';
import { bareStack, pidOf, type ScratchStack, scratchStack } from '../support/stack.ts';

/** What a machine that is busy with other tests may need besides the time that servers have, ms. */
const SLACK_MS = 11_500;
/** Servers that are not frozen have this much, s, so that they answer on a busy machine, too. */
const PATIENCE_S = 10;

let scratch: ScratchStack;
/** Servers that can be frozen, while other tests go on with theirs. */
let own: StackEnv;
let databases: TestDatabases;
/** Servers that go on, but for the portal. */
let env: Record<string, string>;

beforeAll(async () => {
  [scratch, databases] = await Promise.all([scratchStack(), createTestDatabases()]);
  const { env: addresses } = await bareStack(scratch.dir);
  if (!addresses) throw new Error('the stack has no addresses');
  own = addresses;
  await createPortalSchema(own.PP_PORTAL_DATABASE_URL);
  await linkPortal(databases.databaseUrl, own.PP_PORTAL_READER_URL);
  const { TEMPORAL_ADDRESS } = inject('stackEnv');
  env = { PP_DATABASE_URL: databases.databaseUrl, TEMPORAL_ADDRESS, PORTAL_URL: own.PP_PORTAL_READER_URL };
});
afterAll(async () => {
  await databases?.drop();
  await scratch?.end();
});

/** What doctor tells while these servers are frozen, and whether it came back in time. */
async function whileFrozen(
  names: ProcessStatus['name'][],
  settings: Record<string, string>,
  isPatient = true,
): Promise<Outcome[]> {
  const pids = names.map((name) => pidOf(scratch.dir, name));
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  try {
    const flags = isPatient ? ['--timeout', String(PATIENCE_S)] : [];
    const limitMs = (isPatient ? PATIENCE_S * 1000 : TIMEOUT_MS) + SLACK_MS;
    const started = Date.now();
    const { code, stdout } = await runCommandLine(['doctor', '--json', ...flags], { ...env, ...settings });
    expect([code, Date.now() - started < limitMs]).toEqual([1, true]);
    return (JSON.parse(stdout) as { checks: Outcome[] }).checks;
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  }
}

/** Ids of what failed in a part of the installation. */
const failedIn = (outcomes: readonly Outcome[], part: string) =>
  outcomes.filter(({ id, status }) => id.startsWith(`${part}.`) && status === 'failed').map(({ id }) => id);

/** What the other checks of a part say that they wait for. */
const skippedFor = (outcomes: readonly Outcome[], part: string) => [
  ...new Set(
    outcomes.filter(({ id, status }) => id.startsWith(`${part}.`) && status === 'skipped').map(({ seen }) => seen),
  ),
];

it('Temporal is frozen: one finding, its other checks are skipped, the database is looked at', async () => {
  const outcomes = await whileFrozen(['temporal'], { TEMPORAL_ADDRESS: own.TEMPORAL_ADDRESS });
  expect(failedIn(outcomes, 'temporal')).toEqual(['temporal.answers']);
  expect(skippedFor(outcomes, 'temporal')).toEqual(['see temporal.answers']);
  expect(failedIn(outcomes, 'database')).toEqual([]);
  expect(outcomes.find(({ id }) => id === 'database.migrations')?.status).toBe('ok');
});

it('PostgreSQL is frozen: one finding, and what asks the portal or the release waits for it', async () => {
  const outcomes = await whileFrozen(['postgres'], { PP_DATABASE_URL: own.PP_DATABASE_URL });
  expect(failedIn(outcomes, 'database')).toEqual(['database.answers']);
  for (const part of ['database', 'portal', 'release'])
    expect(skippedFor(outcomes, part)).toEqual(['see database.answers']);
  expect(outcomes.find(({ id }) => id === 'temporal.answers')?.status).toBe('ok');
});

it('the portal is frozen: one finding, and the database is well', async () => {
  const outcomes = await whileFrozen(['postgres'], {});
  expect(failedIn(outcomes, 'portal')).toEqual(['portal.answers']);
  expect(skippedFor(outcomes, 'portal')).toEqual(['see portal.answers']);
  expect(failedIn(outcomes, 'database')).toEqual([]);
  expect(failedIn(outcomes, 'release')).toEqual([]);
});

it('all of them are frozen, and no flag gives them more time: two findings, and files are looked at', async () => {
  const { PP_DATABASE_URL, TEMPORAL_ADDRESS } = own;
  const outcomes = await whileFrozen(['temporal', 'postgres'], { PP_DATABASE_URL, TEMPORAL_ADDRESS }, false);
  const failed = outcomes.filter(({ status }) => status === 'failed').map(({ id }) => id);
  expect(failed).toEqual(['temporal.answers', 'database.answers']);
  expect(outcomes.find(({ id }) => id === 'files.settings')?.status).toBe('ok');
});

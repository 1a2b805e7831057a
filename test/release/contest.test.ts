import { WithStartWorkflowOperation } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Admission, labelOf, TASK_QUEUE, WORKFLOW } from '../../contracts/index.ts';
import { eventually } from '../support/eventually.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { backupStamps, digests, lockIsFree, releases } from '../support/state.ts';

const PAIRS = 50;

let harness: ReleaseHarness;
let holdUp: Awaited<ReturnType<ReleaseHarness['session']>>;
let months = 0;

interface Contender {
  id: string;
  purpose: string;
  type: string;
  input: object;
  /** True where it is refused even if it wins. */
  fails?: boolean;
}

/** A release that takes the lock and gives it back, and does nothing in between. */
function lockOnly(): Contender {
  const label = labelOf(new Date(Date.UTC(2100, months++)));
  const input = { label, stopAfter: 'acquire_lock', onFailure: 'fail' };
  return { id: `contest-${label}`, purpose: `release ${label}`, type: WORKFLOW.release, input };
}

function start({ id, type, input }: Contender): Promise<Admission> {
  const startWorkflowOperation = new WithStartWorkflowOperation(type, {
    workflowId: id,
    taskQueue: TASK_QUEUE,
    args: [input],
    workflowIdConflictPolicy: 'FAIL',
  });
  const asked = harness.temporal.workflow.executeUpdateWithStart('admitted', { startWorkflowOperation });
  return asked as Promise<unknown> as Promise<Admission>;
}

/**
 * Starts both at the same instant. The winner finds `releases` locked, so that it holds the release lock until the other
 * has been told.
 *
 * @returns the one that won
 */
async function contest(pair: [Contender, Contender]): Promise<Contender> {
  await holdUp.query('begin; lock table releases in access exclusive mode');
  const asked = pair.map(start);
  const told = await Promise.race(asked);
  expect(told).toMatchObject({ admitted: false, type: 'LockHeld' });
  await holdUp.query('rollback');
  const answers = await Promise.all(asked);
  const ended = await Promise.allSettled(pair.map(({ id }) => harness.temporal.workflow.getHandle(id).result()));
  const winners = pair.filter((_, index) => answers[index]?.admitted);
  expect(winners).toHaveLength(1);
  const [winner] = winners as [Contender];
  expect(told).toMatchObject({ holder: { purpose: winner.purpose, workflowId: winner.id } });
  for (const [index, { status }] of ended.entries()) {
    expect(status).toBe(pair[index] === winner && !winner.fails ? 'fulfilled' : 'rejected');
  }
  await eventually('the lock is free', () => lockIsFree(harness));
  return winner;
}

/** Something that the next cleanup would drop: a backup does not have to be complete for that. */
async function exampleBackup(pair: number): Promise<void> {
  const stamp = `25010100${String(pair).padStart(2, '0')}`;
  await harness.live(`create table bk${stamp}_sources (like sources)`);
  await harness.live(
    `insert into pp_release.made (generation, live_name, name, oid, database)
     select $1, 'sources', relname, oid, pp_release.this_database() from pg_class where relname = $2`,
    [stamp, `bk${stamp}_sources`],
  );
}

beforeAll(async () => {
  harness = await createHarness();
  holdUp = await harness.session('somebody');
  for (const month of [0, 1]) {
    if (month > 0) await harness.seed(month);
    const label = labelOf(new Date(Date.UTC(2026, month)));
    expect((await harness.pp(['start', label, '--wait'])).code).toBe(0);
  }
});
afterAll(() => harness?.close());

it(`${PAIRS} pairs of releases: one of each wins, the other is told who holds the lock`, async () => {
  const before = await digests(harness);
  const rows = (await releases(harness)).length;
  for (let pair = 0; pair < PAIRS; pair++) await contest([lockOnly(), lockOnly()]);
  // A loser leaves no row.
  expect(await releases(harness)).toHaveLength(rows + PAIRS);
  expect(await digests(harness)).toEqual(before);
}, 240_000);

it(`${PAIRS} pairs of a release and a cleanup of backups: a cleanup that lost has dropped nothing`, async () => {
  let dropped = 0;
  for (let pair = 0; pair < PAIRS; pair++) {
    const stamps = await backupStamps(harness);
    // Half of them would drop what is there.
    const keep = pair % 4 < 2 ? 0 : 9;
    const cleanup: Contender = {
      id: `contest-cleanup-${pair}`,
      purpose: 'cleanup of backups',
      type: WORKFLOW.cleanup,
      input: { keep, ...(keep === 0 ? { allowNone: true } : {}) },
    };
    const winner = await contest(pair % 2 ? [lockOnly(), cleanup] : [cleanup, lockOnly()]);
    const drops = winner === cleanup && keep === 0;
    expect(await backupStamps(harness)).toEqual(drops ? [] : stamps);
    if (drops && stamps.length > 0) dropped += 1;
    // What is dropped once has to come from somewhere.
    if (drops) await exampleBackup(pair);
  }
  expect(dropped).toBeGreaterThan(0);
}, 240_000);

it(`${PAIRS} pairs of a release and a rollback: what is live is what the winner says`, async () => {
  expect((await harness.pp(['start', 'Mar2026', '--wait'])).code).toBe(0);
  const before = await digests(harness);
  for (let pair = 0; pair < PAIRS; pair++) {
    // There is no such backup: a rollback that wins is refused, under the lock.
    const rollback: Contender = {
      id: `contest-rollback-${pair}`,
      purpose: 'rollback to 2001010000',
      type: WORKFLOW.rollback,
      input: { stamp: '2001010000', discardStaging: true },
      fails: true,
    };
    await contest(pair % 2 ? [lockOnly(), rollback] : [rollback, lockOnly()]);
  }
  expect(await digests(harness)).toEqual(before);
  // And with a backup that is there, until the rollback has won.
  const [stamp] = await backupStamps(harness);
  for (let pair = 0; ; pair++) {
    const rollback: Contender = {
      id: `contest-real-rollback-${pair}`,
      purpose: `rollback to ${stamp}`,
      type: WORKFLOW.rollback,
      input: { stamp, discardStaging: true },
    };
    const winner = await contest(pair % 2 ? [lockOnly(), rollback] : [rollback, lockOnly()]);
    const current = (await releases(harness)).find(({ is_current }) => is_current);
    expect(current?.label).toBe(winner === rollback ? 'Feb2026' : 'Mar2026');
    if (winner === rollback) return;
    expect(await digests(harness)).toEqual(before);
  }
}, 240_000);

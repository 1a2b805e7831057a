import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { KEEPER_PREFIX, takeLock, UNKNOWN_TO_TEMPORAL } from '../../activities/postgres/lock.ts';
import { dropOwner, readOwner } from '../../activities/postgres/owner.ts';
import { createTestDatabases, type TestDatabases } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';

/** Attempts that come too late: what a worker does that was frozen, or that only Temporal has lost. */

let databases: TestDatabases;
const sessions = new Set<pg.Client>();

beforeAll(async () => {
  databases = await createTestDatabases();
});
beforeEach(async () => {
  for (const session of sessions) await session.end();
  sessions.clear();
  const session = await keeper(0);
  await session.query('truncate pp_release.lock_owner, pp_release.lock_given_back');
});
afterAll(async () => {
  for (const session of sessions) await session.end();
  await databases?.drop();
});

async function keeper(token: number): Promise<pg.Client> {
  const session = new pg.Client({
    connectionString: databases.databaseUrl,
    application_name: `${KEEPER_PREFIX}${token}`,
  });
  session.on('error', () => sessions.delete(session));
  await session.connect();
  sessions.add(session);
  return session;
}

const attempt = (token: number, runId = 'one', workflowId = 'ours') => ({
  workflowId,
  runId,
  token,
  purpose: 'release Jan2026',
});
const running = async () => undefined;
const terminated = async () => 'terminated';

it('a later keeper of the run ends the earlier one, which does not take the lock back', async () => {
  await takeLock(await keeper(1), attempt(1), running);
  const later = await keeper(2);
  await takeLock(later, attempt(2), running);
  await expect(takeLock(await keeper(1), attempt(1), running, { renew: true })).rejects.toMatchObject({
    type: 'Fenced',
    message: expect.stringContaining('a later attempt or another run of this workflow'),
  });
  expect(await readOwner(later)).toMatchObject({ runId: 'one', keeperToken: 2 });
  const { rows } = await later.query('select from pg_locks where locktype = $1 and pid = pg_backend_pid()', [
    'advisory',
  ]);
  expect(rows).toHaveLength(1);
});

it('a keeper of the run before a reset does not take the lock back', async () => {
  await takeLock(await keeper(1), attempt(1), running);
  const later = await keeper(2);
  await takeLock(later, attempt(2, 'two'), running);
  await expect(takeLock(await keeper(1), attempt(1), running)).rejects.toMatchObject({ type: 'Fenced' });
  expect(await readOwner(later)).toMatchObject({ runId: 'two' });
});

it('a keeper whose run has given the lock back does not take it again; another run does', async () => {
  const session = await keeper(1);
  await takeLock(session, attempt(1), running);
  await dropOwner(await keeper(0), attempt(3));
  await expect(takeLock(await keeper(2), attempt(2), running)).rejects.toMatchObject({
    type: 'Fenced',
    message: 'this run has given the release lock back already',
  });
  const other = await keeper(4);
  await takeLock(other, attempt(4, 'two'), running);
  expect(await readOwner(other)).toMatchObject({ runId: 'two' });
});

it('nor does a keeper of a terminated workflow, once another one has taken over and ended', async () => {
  await takeLock(await keeper(1), attempt(1), running);
  await takeLock(await keeper(2), attempt(2, 'two', 'theirs'), terminated);
  const session = await keeper(3);
  await dropOwner(session, attempt(3, 'two', 'theirs'));
  await expect(takeLock(await keeper(1), attempt(1), running)).rejects.toMatchObject({ type: 'Fenced' });
  expect(await readOwner(session)).toBeUndefined();
});

it('a keeper that was frozen between the advisory lock and its owner row is ended after some seconds', async () => {
  const frozen = await keeper(1);
  await frozen.query('select pg_advisory_lock(42000001)');
  const session = await keeper(2);
  await takeLock(session, attempt(2), running);
  expect(await readOwner(session)).toMatchObject({ keeperToken: 2 });
});

it('nor does one of a run that a reset has ended, although it had not begun when the new run gave the lock back', async () => {
  await takeLock(await keeper(1), attempt(1), running);
  const later = await keeper(3);
  await takeLock(later, attempt(3, 'two'), running);
  await dropOwner(await keeper(0), attempt(4, 'two'));
  await expect(takeLock(await keeper(2), attempt(2), running)).rejects.toMatchObject({ type: 'Fenced' });
  expect(await readOwner(await keeper(0))).toBeUndefined();
});

it('a workflow that Temporal does not know is taken over only once its session is gone', async () => {
  const unknown = async () => UNKNOWN_TO_TEMPORAL;
  const alive = await keeper(1);
  await takeLock(alive, attempt(1), running);
  const rival = await keeper(2);
  await expect(takeLock(rival, attempt(2, 'two', 'theirs'), unknown)).rejects.toMatchObject({
    type: 'LockHeld',
    message: expect.stringMatching(/held by release Jan2026, workflow ours.*the same Temporal and namespace/),
  });
  expect(await readOwner(rival)).toMatchObject({ workflowId: 'ours' });
  await alive.end();
  await eventually('its session is gone', async () => {
    const { rowCount } = await rival.query(
      `select from pg_stat_activity where application_name = '${KEEPER_PREFIX}1' and datname = current_database()`,
    );
    return rowCount === 0;
  });
  await takeLock(rival, attempt(2, 'two', 'theirs'), unknown);
  expect(await readOwner(rival)).toMatchObject({ workflowId: 'theirs' });
});

it('a lock is given back although a step of its release hangs with locks in hand', async () => {
  const session = await keeper(1);
  await takeLock(session, attempt(1), running);
  await session.query('update pp_release.lock_owner set release_id = 7');
  const step = new pg.Client({ connectionString: databases.databaseUrl, application_name: 'pp 7 importer sources 2' });
  step.on('error', () => undefined);
  await step.connect();
  await step.query('begin; select from pp_release.lock_owner for key share');
  const other = await keeper(0);
  await dropOwner(other, attempt(3));
  expect(await readOwner(other)).toBeUndefined();
});

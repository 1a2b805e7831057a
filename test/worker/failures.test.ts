import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { ReleaseError } from '../../activities/postgres/errors.ts';
import { FAILURES } from '../../contracts/index.ts';
import { ROOT } from '../../local/paths.ts';
import { FAILURE_TABLE, type Treatment } from '../../worker/failure_table.ts';
import { toFailure } from '../../worker/failures.ts';
import { type Failing, FailureInterceptor } from '../../worker/interceptor.ts';

const REMOTE = 'remote SQL command: SELECT id FROM wdpa.wdpas';
const INFO = { workflowExecution: { workflowId: 'w', runId: 'r' }, activityId: '7', activityType: 'preflight' };
const isNetwork = (code: string) => /^E[A-Z_]+$/.test(code);

/** An error as pg gives it: PostgreSQL's with a severity, the network's without. */
function errorOf(code: string, where?: string): Error {
  const error = new Error(`something with ${code}`);
  return Object.assign(error, isNetwork(code) ? { code } : { code, severity: 'ERROR', where });
}

const codesOf = ({ codes }: Treatment) => codes.map((code) => (code.length === 2 ? `${code}999` : code));

describe('the table of errors', () => {
  for (const row of FAILURE_TABLE) {
    const { retryable } = FAILURES[row.type];
    it.each(codesOf(row))(
      `%s: ${row.meaning}: ${row.type}, ${retryable ? `after ${row.delayMs} ms` : 'once'}`,
      (code) => {
        const failure = toFailure(errorOf(code, row.fromPortal && REMOTE));
        expect(failure).toMatchObject({ type: row.type, nonRetryable: !retryable });
        expect(failure.nextRetryDelay).toBe(row.delayMs);
        expect(failure.message).toContain(code);
        if (row.attempts === undefined) return;
        expect(toFailure(errorOf(code), row.attempts - 1).nonRetryable).toBe(false);
        const last = toFailure(errorOf(code), row.attempts);
        expect(last.nonRetryable).toBe(true);
        expect(last.message).toMatch(new RegExp(`tried ${row.attempts} times$`));
      },
    );
  }

  it('has a delay for all that is tried again, and for nothing else', () => {
    for (const row of FAILURE_TABLE) expect(row.delayMs !== undefined, row.meaning).toBe(FAILURES[row.type].retryable);
  });

  it('is the one that docs/database.md shows to the DBA', () => {
    const text = readFileSync(join(ROOT, 'docs/database.md'), 'utf8');
    const section = text.slice(text.indexOf('## Which errors are tried again'));
    const lines = section.slice(0, section.indexOf('\n## ')).match(/^\| `.*$/gm) ?? [];
    const shown = lines.map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
    expect(shown).toEqual(FAILURE_TABLE.map(rowOfDocs));
  });

  it('leaves what it does not know to the operator', () => {
    expect(toFailure(errorOf('42P01'))).toMatchObject({ type: 'DatabaseError', nonRetryable: true });
    expect(toFailure(new Error('what?'))).toMatchObject({ type: 'DatabaseError', nonRetryable: true });
  });

  it.each([
    'Connection terminated unexpectedly',
    'timeout exceeded when trying to connect',
    'Client has encountered a connection error and is not queryable',
  ])('knows a connection that pg lost by its words: %s', (words) => {
    expect(toFailure(new Error(words))).toMatchObject({ type: 'DatabaseUnavailable', nextRetryDelay: 1_000 });
  });

  it('tells a lost session of the portal from one of its own', () => {
    expect(toFailure(errorOf('57P01', REMOTE)).type).toBe('PortalUnavailable');
    expect(toFailure(errorOf('57P01', 'SQL statement "select 1"')).type).toBe('DatabaseUnavailable');
  });

  it("a room's own failure keeps its type and facts", () => {
    const failure = toFailure(new ReleaseError('LockHeld', 'Kim has it', { holder: 'Kim' }), 99);
    expect(failure).toMatchObject({ type: 'LockHeld', nonRetryable: true, details: [{ holder: 'Kim' }] });
  });
});

describe('a statement that was cancelled (57014)', () => {
  const execute = (aborted: boolean) => {
    const reason = new CancelledFailure('CANCELLED');
    const cancellationSignal = aborted ? AbortSignal.abort() : new AbortController().signal;
    const context = { cancellationSignal, cancelled: Promise.reject(reason), info: INFO };
    // The activity's context has this promise whether or not anybody waits for it, and Node would end the test for it.
    context.cancelled.catch(() => undefined);
    const interceptor = new FailureInterceptor(context as unknown as Context, new Map());
    const input = { args: [], headers: {} };
    return interceptor.execute(input, () => Promise.reject(errorOf('57014'))).catch((error: unknown) => error);
  };

  it('because somebody aborts: the cancellation goes on', async () => {
    expect(await execute(true)).toBeInstanceOf(CancelledFailure);
  });

  it('by a person or a time limit: a failure that is not tried again', async () => {
    const failure = await execute(false);
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({ type: 'DatabaseError', nonRetryable: true });
  });
});

describe('attempts that are counted', () => {
  const failing: Failing = new Map();
  /** One attempt that fails so. */
  const attempt = async (code: string | undefined, activityType = 'runImporter') => {
    const context = { cancellationSignal: new AbortController().signal, info: { ...INFO, activityType } };
    const interceptor = new FailureInterceptor(context as unknown as Context, failing);
    const run = () => (code === undefined ? Promise.resolve() : Promise.reject(errorOf(code)));
    return (await interceptor.execute({ args: [], headers: {} }, run).catch((error: unknown) => error)) as
      | ApplicationFailure
      | undefined;
  };

  it('are those in a row that fail for the same reason, whatever failed before', async () => {
    for (let lost = 0; lost < 20; lost++) expect((await attempt('08006'))?.nonRetryable).toBe(false);
    for (let full = 1; full < 10; full++) expect((await attempt('53100'))?.nonRetryable).toBe(false);
    expect(await attempt('53100')).toMatchObject({
      nonRetryable: true,
      message: expect.stringMatching(/tried 10 times$/),
    });
    expect((await attempt('53100'))?.nonRetryable).toBe(false);
  });

  it("never end the keeper's", async () => {
    for (let full = 0; full < 12; full++) expect((await attempt('53300', 'keepLock'))?.nonRetryable).toBe(false);
  });

  it('are forgotten with a success', async () => {
    expect(await attempt('53100')).toBeInstanceOf(ApplicationFailure);
    expect(await attempt(undefined)).toBeUndefined();
    expect(failing.size).toBe(0);
  });
});

/** A row as the docs write it: classes with an ellipsis, delays in seconds. */
function rowOfDocs({ codes, meaning, type, fromPortal, delayMs, attempts }: Treatment): string[] {
  const names = codes.map((code) => `\`${code}${code.length === 2 ? '…' : ''}\``).join(' ');
  return [
    fromPortal ? `${names}, from the portal` : names,
    meaning,
    `\`${type}\``,
    delayMs === undefined ? 'no' : `after ${delayMs / 1000} s`,
    attempts === undefined ? '' : String(attempts),
  ];
}

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../local/stack/command.ts';
import { obtainTemporal } from '../../local/stack/temporal/obtain.ts';
import { eventually } from '../support/eventually.ts';
import { createHarness, type ReleaseHarness, runCommandLine } from '../support/release.ts';
import { urlWith } from '../support/templates.ts';
import { createNamespace } from '../support/temporal.ts';

let harness: ReleaseHarness;

beforeAll(async () => {
  harness = await createHarness({ filled: false, worker: false });
});
afterAll(() => harness?.close());

const CLOSED = '127.0.0.1:1';

/** One message, exit code 1, no stack trace. */
async function failed(args: string[], env: Record<string, string> = {}): Promise<string> {
  const { code, stderr } = await harness.pp(args, env);
  expect([args, code]).toEqual([args, 1]);
  expect(stderr).not.toMatch(/^\s+at /m);
  return stderr;
}

describe('commands without what they need fail with exit code 1, say what is missing and what to do', () => {
  it.each([['status'], ['abort'], ['watch']])('%s: the database does not answer', async (command) => {
    const told = await failed([command], { PP_DATABASE_URL: `postgres://pp_release:secret@${CLOSED}/pp_live` });
    expect(told).toMatch(
      /the database pp_live at 127.0.0.1:1 does not answer \(ECONNREFUSED\); start the stack with npm run stack -- up/,
    );
    expect(told).not.toContain('secret');
  });

  it('wrong password', async () => {
    const url = urlWith(harness.databases.databaseUrl, { password: 'not-the-password' });
    const told = await failed(['status'], { PP_DATABASE_URL: url });
    expect(told).toMatch(
      /refuses the login \(password authentication failed.*mend the user or password in PP_DATABASE_URL/,
    );
    expect(told).not.toContain('not-the-password');
  });

  it('a database that does not exist', async () => {
    const url = urlWith(harness.databases.databaseUrl, { database: 'nowhere' });
    expect(await failed(['status'], { PP_DATABASE_URL: url })).toMatch(/nowhere at .* does not exist; create it/);
  });

  it('a database without migrations', async () => {
    const url = urlWith(harness.databases.superuserUrl, { database: 'postgres' });
    expect(await failed(['status'], { PP_DATABASE_URL: url })).toMatch(
      /lacks the release tables.*run pp-release migrate/,
    );
  });

  it('an address that is none', async () => {
    expect(await failed(['status'], { PP_DATABASE_URL: 'localhost' })).toMatch(
      /PP_DATABASE_URL is no address such as postgres:/,
    );
  });

  it('start: Temporal does not answer', async () => {
    expect(await failed(['start', 'Apr2026'], { TEMPORAL_ADDRESS: CLOSED })).toMatch(
      /Temporal does not answer at 127.0.0.1:1; start the stack with npm run stack -- up, or set TEMPORAL_ADDRESS/,
    );
  });

  it('a namespace that does not exist is named', async () => {
    expect(await failed(['start', 'Apr2026'], { TEMPORAL_NAMESPACE: 'nowhere' })).toMatch(
      /nowhere.*TEMPORAL_NAMESPACE/,
    );
  });

  it('start without a worker, which would wait for ever', async () => {
    expect(await failed(['start', 'Apr2026'])).toMatch(/no worker polls the task queue pp-release.*pp-release worker/);
    expect(await harness.live('select from releases')).toEqual([]);
  });
});

describe('status', () => {
  it('says that there is no release yet', async () => {
    const { code, stdout } = await harness.pp(['status']);
    expect([code, stdout]).toEqual([0, 'no release has been started yet\n']);
    const json = await harness.pp(['status', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ release: null });
  });

  it('answers from the database when Temporal does not', async () => {
    await harness.live(`insert into releases (label, state) values ('Mar2026', 'succeeded')`);
    const { code, stdout, stderr } = await harness.pp(['status'], { TEMPORAL_ADDRESS: CLOSED });
    expect([code, stdout]).toEqual([0, expect.stringContaining('Mar2026: succeeded')]);
    expect(stderr).toMatch(/Temporal does not answer.*what the database knows/);
  });
});

describe('a worker that cannot work ends at once with exit code 1', () => {
  it('faulty configuration: all faults in one message', async () => {
    const { code, stderr } = await runCommandLine(['worker'], {
      TEMPORAL_ADDRESS: 'nowhere',
      PP_DATABASE_URL: 'mysql://x',
      PP_LOCK_TIMEOUT_MS: 'soon',
      PP_STATEMENT_TIMEOUT_MS: '-1',
      PP_KEEP_BACKUP_COUNT: 'all',
      PP_RELEASE_SLACK_PHASE_COMPLETE: 'maybe',
    });
    expect(code).toBe(1);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    for (const part of [
      'PP_DATABASE_URL is no address such as postgres:',
      'TEMPORAL_ADDRESS is no address such as localhost:7233',
      'PP_LOCK_TIMEOUT_MS is "soon", not a whole number of milliseconds above 0',
      'PP_STATEMENT_TIMEOUT_MS is "-1", not a whole number of milliseconds above 0',
      'PP_KEEP_BACKUP_COUNT is "all", not a whole number from 0 on',
      'PP_RELEASE_SLACK_PHASE_COMPLETE is neither true',
    ]) {
      expect(stderr).toContain(part);
    }
  });

  it('Temporal does not answer', async () => {
    expect(await failed(['worker'], { TEMPORAL_ADDRESS: CLOSED })).toMatch(
      /Temporal does not answer at 127.0.0.1:1.*npm run stack -- up.*TEMPORAL_ADDRESS/,
    );
  });

  it('Temporal does not answer at an IPv6 address, which is an address all the same', async () => {
    expect(await failed(['worker'], { TEMPORAL_ADDRESS: '[::1]:1' })).toMatch(/Temporal does not answer at \[::1\]:1/);
  });

  it('its namespace does not exist', async () => {
    expect(await failed(['worker'], { TEMPORAL_NAMESPACE: 'nowhere' })).toMatch(
      /namespace.*nowhere.*TEMPORAL_NAMESPACE/i,
    );
  });

  it('its namespace lacks search attributes: it prints the command that registers them, and that command does', async () => {
    const namespace = await createNamespace(harness.env.TEMPORAL_ADDRESS as string, ['PpLabel']);
    try {
      const told = await failed(['worker'], { TEMPORAL_NAMESPACE: namespace.name });
      expect(told).toMatch(/lacks the search attributes PpState, PpPhase, without which no release can run/);
      const command = /: temporal (operator search-attribute create .*)$/m.exec(told)?.[1] ?? '';
      const temporal = await obtainTemporal(() => undefined);
      const registered = await runCommand(temporal, command.split(' '));
      expect(registered.code, registered.output).toBe(0);
      await eventually('they are there', async () => {
        const { operatorService } = namespace.client.connection;
        const { customAttributes } = await operatorService.listSearchAttributes({ namespace: namespace.name });
        return (
          Object.keys(customAttributes ?? {})
            .sort()
            .join() === 'PpLabel,PpPhase,PpState'
        );
      });
    } finally {
      await namespace.close();
    }
  });

  it('the database does not answer', async () => {
    const told = await failed(['worker'], { PP_DATABASE_URL: `postgres://u:secret@${CLOSED}/pp_live` });
    expect(told).toMatch(/pp_live at 127.0.0.1:1 does not answer/);
    expect(told).not.toContain('secret');
  });

  it('the database has no migrations', async () => {
    const url = urlWith(harness.databases.superuserUrl, { database: 'postgres' });
    expect(await failed(['worker'], { PP_DATABASE_URL: url })).toMatch(/lacks the release tables.*pp-release migrate/);
  });
});

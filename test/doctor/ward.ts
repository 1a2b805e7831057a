import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, inject } from 'vitest';
import { readEnvironment } from '../../client/config.ts';
import type { Outcome } from '../../client/doctor/check.ts';
import { type CheckId, needsOf } from '../../client/doctor/checks/index.ts';
import { examine } from '../../client/doctor/run.ts';
import { readPlace } from '../../client/doctor/surroundings.ts';
import { ROOT } from '../../local/paths.ts';
import { withClient } from '../../local/stack/postgres/server.ts';
import { areGone, recordOf } from '../../local/stack/process.ts';
import { obtainTemporal } from '../../local/stack/temporal/obtain.ts';
import { runCommandLine } from '../support/release.ts';
import { urlWith } from '../support/templates.ts';
import { cleanEnvironment } from '../support/worker.ts';

export type Env = Record<string, string>;

/** How one check is made to fail for real. Its remedy is whatever doctor prints. */
export interface Scenario<W> {
  /** Settings with which all is well; those of the ward without it. */
  well?(ward: W): Promise<Env>;
  /** True where the thing is missing before anything is broken. */
  isMissing?: boolean;
  /** @returns settings that make the fault, where it is in the settings */
  break(ward: W): Promise<Env | undefined>;
  /** `--release`. */
  label?: string;
  /** Takes back what the remedy has made. */
  after?(ward: W): Promise<void>;
}

export interface Shell {
  dir: string;
  env: Env;
  /** Runs the commands in one shell, as a person who pastes them. @returns the variables that the shell has then */
  run(commands: readonly string[], env?: Env): Promise<Env>;
  close(): Promise<void>;
}

/** A shell in which `pp-release`, `temporal` and `psql` are at hand; what it leaves running ends with `close`. */
export async function openShell(env: Env): Promise<Shell> {
  const dir = mkdtempSync(join(tmpdir(), 'pp doctor '));
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'pp-release'), `#!/bin/sh\nexec '${process.execPath}' '${ROOT}client/bin.mjs' "$@"\n`, {
    mode: 0o755,
  });
  symlinkSync(await obtainTemporal(() => undefined), join(bin, 'temporal'));
  const started: number[] = [];
  const path = `${bin}:${process.env.PATH}`;
  const run = async (commands: readonly string[], more: Env = {}): Promise<Env> => {
    const script = ['set -e', ...commands, `jobs -p > '${dir}/jobs'`, `env -0 > '${dir}/env'`].join('\n');
    const child = spawn('bash', ['-c', script], {
      cwd: dir,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...cleanEnvironment(), ...env, ...more, PATH: path },
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
    const [code] = (await once(child, 'close')) as [number | null];
    expect([commands, code, code === 0 ? '' : said]).toEqual([commands, 0, '']);
    const left = readFileSync(join(dir, 'jobs'), 'utf8').split('\n').filter(Boolean).map(Number);
    started.push(...left);
    const variables = readFileSync(join(dir, 'env'), 'utf8').split('\0').filter(Boolean);
    return Object.fromEntries(
      variables.map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]),
    );
  };
  return {
    dir,
    env,
    run,
    async close() {
      const records = started.splice(0).flatMap((pid) => recordOf(pid) ?? []);
      for (const { pid } of records) process.kill(pid, 'SIGTERM');
      expect(await areGone(records, 20_000)).toBe(true);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Looks in this process, which costs less than a command. */
export async function look(env: Env, id: CheckId, label?: string): Promise<Outcome> {
  const outcomes = await examine(readPlace(label, readEnvironment(env)), { only: [id], probe: true });
  return find(outcomes, id);
}

function find(outcomes: readonly Outcome[], id: CheckId): Outcome {
  const found = outcomes.find((one) => one.id === id);
  if (!found) throw new Error(`doctor does not tell of ${id}`);
  return found;
}

/** All is well; the thing is broken; doctor names it, and nothing else; its remedy is pasted; all is well again. */
export async function breakSeeMend<W extends { shell: Shell }>(ward: W, id: CheckId, scenario: Scenario<W>) {
  const { shell } = ward;
  const well = { ...shell.env, ...(await scenario.well?.(ward)) };
  if (!scenario.isMissing) {
    const before = await look(well, id, scenario.label);
    expect(before).toMatchObject({ id, remedy: null });
  }
  await withAfter(
    () => scenario.after?.(ward),
    async () => {
      const broken = { ...well, ...(await scenario.break(ward)) };
      const args = [
        'doctor',
        '--probe',
        '--only',
        id,
        '--json',
        ...(scenario.label ? ['--release', scenario.label] : []),
      ];
      const { code, stdout, stderr } = await runCommandLine(args, broken);
      const report = JSON.parse(stdout) as { outcome: string; checks: Outcome[] };
      const seen = find(report.checks, id);
      expect([id, stderr, red(report.checks)]).toEqual([id, '', [id]]);
      expect(code).toBe(seen.status === 'failed' ? 1 : 0);
      expect(report.outcome).toBe(seen.status === 'failed' ? 'findings' : 'warnings');
      expect(report.checks.map((one) => one.id)).toEqual(expect.arrayContaining([...needsOf(id), id]));
      const { commands, as } = seen.remedy ?? { commands: [] };
      expect(commands).not.toEqual([]);
      expect(commands.some((one) => one.includes('$PP_DBA_URL'))).toBe(as === 'dba');
      expect(commands.some((one) => one.includes('$PP_PORTAL_DATABASE_URL'))).toBe(as === 'portal owner');
      const mended = await shell.run(commands, broken);
      const isGone = { timeout: 30_000, message: `${id} is mended` };
      await expect.poll(() => look(mended, id, scenario.label), isGone).toMatchObject({ status: 'ok', remedy: null });
    },
  );
}

/** What went wrong first is what is told. */
async function withAfter(after: () => Promise<void> | undefined, work: () => Promise<void>): Promise<void> {
  let isDone = false;
  try {
    await work();
    isDone = true;
  } finally {
    await after()?.catch((error: unknown) => {
      if (isDone) throw error;
    });
  }
}

const red = (outcomes: readonly Outcome[]) =>
  outcomes.filter(({ status }) => status === 'failed' || status === 'warning').map(({ id }) => id);

/** A database and a role of one scenario's own, with all that docs/database.md grants, and nothing in it. */
export interface OwnDatabase {
  env: Env;
  name: string;
  role: string;
  asDba(...statements: string[]): Promise<void>;
  drop(): Promise<void>;
}

export async function ownDatabase(): Promise<OwnDatabase> {
  const name = `doctor_${randomBytes(5).toString('hex')}`;
  const password = randomBytes(12).toString('hex');
  const superuserUrl = inject('superuserUrl');
  const dbaUrl = urlWith(superuserUrl, { database: name });
  const on = (url: string, statements: string[]) =>
    withClient(url, async (client) => {
      for (const statement of statements) await client.query(statement);
    });
  await on(superuserUrl, [
    `create role ${name} login password ${pg.escapeLiteral(password)} in role pg_read_all_stats, pg_signal_backend`,
    `grant set on parameter deadlock_timeout to ${name}`,
    `create database ${name} owner ${name}`,
    `revoke all on database ${name} from public`,
  ]);
  await on(dbaUrl, [
    'create extension postgis',
    'create extension postgres_fdw',
    `grant usage on foreign data wrapper postgres_fdw to ${name}`,
    `alter schema public owner to ${name}`,
  ]);
  return {
    env: {
      PP_DATABASE_URL: urlWith(superuserUrl, { database: name, role: name, password }),
      PP_DBA_URL: dbaUrl,
    },
    name,
    role: name,
    asDba: (...statements) => on(dbaUrl, statements),
    drop: () =>
      on(superuserUrl, [
        `drop database ${name} with (force)`,
        `revoke all on parameter deadlock_timeout from ${name}`,
        `drop role ${name}`,
      ]),
  };
}

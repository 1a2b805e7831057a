import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, inject, it } from 'vitest';
import { readEnvironment } from '../../client/config.ts';
import type { Outcome } from '../../client/doctor/check.ts';
import { type CheckId, IDS, needsOf } from '../../client/doctor/checks/index.ts';
import { examine } from '../../client/doctor/run.ts';
import { readPlace } from '../../client/doctor/surroundings.ts';
import { ROOT, STACK_DIR } from '../../local/paths.ts';
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
  /** Runs the commands in one shell with these variables, as a person who pastes them. @returns those that it has then */
  run(commands: readonly string[], env: Env): Promise<Env>;
  /** Process id of what the last command has left running. */
  lastStarted(): number;
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
  const run = async (commands: readonly string[], settings: Env): Promise<Env> => {
    const script = ['set -e', ...commands, `jobs -p > '${dir}/jobs'`, `env -0 > '${dir}/env'`].join('\n');
    const child = spawn('bash', ['-c', script], {
      cwd: dir,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...cleanEnvironment(),
        ...settings,
        PATH: path,
        PP_STACK_DIR: join(STACK_DIR, 'test', String(process.ppid)),
      },
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
    lastStarted: () => started.at(-1) ?? Number.NaN,
    async close() {
      const records = started.splice(0).flatMap((pid) => recordOf(pid) ?? []);
      for (const { pid } of records) process.kill(pid, 'SIGTERM');
      expect(await areGone(records, 20_000)).toBe(true);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Servers of a busy machine may be slow without a fault. */
const TIMEOUT_S = 12;
/** How long a remedy may take to show, ms: a worker starts, a server's parts learn of a namespace. */
const MENDED_LIMIT_MS = 90_000;

/** Faults that do not touch each other, and are seen in one run. They are made from the last to the first. */
export type Round = readonly CheckId[];

export type Scenarios<W> = Partial<Record<CheckId, Scenario<W>>>;

/** Looks in this process, which costs less than a command. */
export async function look(env: Env, only: Round, label?: string): Promise<Outcome[]> {
  const place = readPlace(label, readEnvironment(env));
  const outcomes = await examine(place, { only, probe: true }, TIMEOUT_S * 1000);
  return outcomes.filter(({ id }) => (only as readonly string[]).includes(id));
}

/**
 * All is well; the things are broken; doctor, asked for them, names them, and nothing else; then each remedy is pasted, after
 * which its own is well, and the next is still to be mended.
 */
export async function breakSeeMend<W extends { shell: Shell }>(ward: W, scenarios: Scenarios<W>, round: Round) {
  const { shell } = ward;
  const steps = round.map((id) => {
    const scenario = scenarios[id];
    if (!scenario) throw new Error(`${id} has no scenario here`);
    return { id, scenario };
  });
  const label = steps.find(({ scenario }) => scenario.label !== undefined)?.scenario.label;
  const well: Env = { ...shell.env };
  for (const { scenario } of steps) Object.assign(well, await scenario.well?.(ward));
  const present = steps.filter(({ scenario }) => !scenario.isMissing).map(({ id }) => id);
  if (present.length > 0) expect(withRemedies(await look(well, present, label))).toEqual([]);
  const undo: (() => Promise<void> | undefined)[] = [];
  await withAfter(undo, async () => {
    const broken = { ...well };
    for (const { scenario } of [...steps].reverse()) {
      undo.push(() => scenario.after?.(ward));
      Object.assign(broken, await scenario.break(ward));
    }
    const seen = await seeBroken(broken, round, label);
    await mend(shell, broken, seen, label);
  });
}

/** A test for each round. One goes on where the one before it has ended, so none is begun after one that failed. */
export function itRounds(rounds: readonly Round[], work: (round: Round) => Promise<void>): void {
  let stoppedAt: string | undefined;
  const named = rounds.map((round) => [round.join(', '), round] as const);
  it.for(named)('%s: seen in one run, and gone after the printed remedies', async ([names, round], { skip }) => {
    skip(stoppedAt !== undefined, `it needs ${stoppedAt}`);
    stoppedAt = names;
    await work(round);
    stoppedAt = undefined;
  });
}

async function seeBroken(env: Env, round: Round, label: string | undefined): Promise<Outcome[]> {
  const args = ['doctor', '--probe', '--timeout', String(TIMEOUT_S), '--only', round.join(','), '--json'];
  const { code, stdout, stderr } = await runCommandLine([...args, ...(label ? ['--release', label] : [])], env);
  const { outcome, checks } = JSON.parse(stdout) as { outcome: string; checks: Outcome[] };
  const red = withRemedies(checks);
  expect([stderr, red.map(({ id }) => id)]).toEqual(['', IDS.filter((id) => round.includes(id))]);
  const isFinding = red.some(({ status }) => status === 'failed');
  expect([code, outcome]).toEqual(isFinding ? [1, 'findings'] : [0, 'warnings']);
  expect(checks.map(({ id }) => id)).toEqual(expect.arrayContaining(round.flatMap((id) => [...needsOf(id), id])));
  return red;
}

async function mend(shell: Shell, broken: Env, seen: readonly Outcome[], label: string | undefined): Promise<void> {
  let env = broken;
  let left = seen.map((one) => ({ id: one.id as CheckId, remedy: one.remedy ?? { commands: [] } }));
  for (let [next] = left; next; [next] = left) {
    const { commands, as } = next.remedy;
    expect([next.id, commands]).not.toEqual([next.id, []]);
    const names = (variable: string) => commands.some((one) => one.includes(variable));
    expect([next.id, names('$PP_DBA_URL'), names('$PP_PORTAL_DATABASE_URL')]).toEqual([
      next.id,
      as === 'dba',
      as === 'portal owner',
    ]);
    env = await shell.run(commands, env);
    // One command may mend several things, and is pasted once.
    const isMended = (one: typeof next) => one?.remedy.commands.join() === commands.join();
    const mended = left.filter(isMended).map(({ id }) => id);
    left = left.filter((one) => !isMended(one));
    const still = left.slice(0, 1).map(({ id }) => id);
    const statuses = async () => {
      const outcomes = await look(env, [...mended, ...still], label);
      return outcomes.map(({ id, status, remedy }) => `${id} ${remedy ? 'to mend' : status}`).sort();
    };
    await expect
      .poll(statuses, { timeout: MENDED_LIMIT_MS, interval: 1_000 })
      .toEqual([...mended.map((id) => `${id} ok`), ...still.map((id) => `${id} to mend`)].sort());
  }
}

/** What went wrong first is what is told. */
async function withAfter(undo: (() => Promise<void> | undefined)[], work: () => Promise<void>): Promise<void> {
  let fault: { error: unknown } | undefined;
  const keep = (error: unknown) => {
    fault ??= { error };
  };
  await work().catch(keep);
  for (const step of undo) await step()?.catch(keep);
  if (fault) throw fault.error;
}

const withRemedies = (outcomes: readonly Outcome[]) => outcomes.filter(({ remedy }) => remedy !== null);

/** A database and a role that nobody else has, with all that docs/database.md grants, and nothing in it. */
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

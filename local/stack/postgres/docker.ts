import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { lastLines, runCommand } from '../command.ts';
import { StackError } from '../errors.ts';
import type { Progress } from '../progress.ts';
import type { StackState } from '../state.ts';
import { probe, urlFor } from './server.ts';

const COMPOSE_FILE = new URL('../../../docker-compose.temporal.yml', import.meta.url).pathname;
const START_LIMIT_MS = 180_000;

/** The program alone says nothing: its daemon must answer, and know compose. */
export const isDockerThere = async (): Promise<boolean> =>
  (await runCommand('docker', ['info'], { timeoutMs: 10_000 })).code === 0 &&
  (await runCommand('docker', ['compose', 'version'], { timeoutMs: 10_000 })).code === 0;

/** One project a folder, so that two clones have two servers. */
const projectOf = (dir: string) => `pp-release-${createHash('sha256').update(dir).digest('hex').slice(0, 12)}`;

const compose = (state: StackState, args: string[], port: number, progress?: Progress) =>
  runCommand('docker', ['compose', '-p', projectOf(state.dir), '-f', decodeURIComponent(COMPOSE_FILE), ...args], {
    env: { PP_POSTGRES_PASSWORD: state.passwords.postgres, PP_POSTGRES_PORT: String(port) },
    onStillRunning: (seconds) => progress?.(`docker compose: still at it after ${seconds} s`),
  });

export async function startContainer(state: StackState, port: number, progress: Progress): Promise<void> {
  progress('Starting PostgreSQL with PostGIS in a container (docker compose) …');
  const { code, output } = await compose(state, ['up', '-d', 'postgres'], port, progress);
  const deadline = Date.now() + START_LIMIT_MS;
  const url = urlFor('postgres', state.passwords.postgres, port, 'postgres');
  while (code === 0 && Date.now() < deadline) {
    if ((await probe(url)) === 'ready') return;
    await delay(500);
  }
  throw new StackError(
    'PostgreSQL does not start in a container.',
    lastLines(output),
    'See "docker compose logs postgres", or install PostgreSQL with PostGIS on this system.',
  );
}

/** `down` keeps the data, `reset` drops it. */
export async function stopContainer(state: StackState, alsoData: boolean): Promise<void> {
  const args = alsoData ? ['down', '--volumes'] : ['stop', 'postgres'];
  const { code, output } = await compose(state, args, state.postgres?.port ?? 0);
  if (code !== 0) throw new StackError('The container does not stop.', lastLines(output), 'Stop it with docker.');
}

import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { withLock } from '../../lock.mjs';
import { findOnPath, isExecutable, lastLines, runCommand } from '../command.ts';
import { StackError } from '../errors.ts';
import type { Progress } from '../progress.ts';
import { download } from './download.ts';
import { TEMPORAL_VERSION } from './version.ts';

const OLDEST_GO_MINOR = 25;

const cacheDirectory = (): string => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'pp-release', 'bin');

async function hasGo(): Promise<boolean> {
  const { stdout } = await runCommand('go', ['env', 'GOVERSION']);
  return Number(stdout.match(/go1\.(\d+)/)?.[1] ?? 0) >= OLDEST_GO_MINOR;
}

/** @returns an empty string, or why it did not work. */
async function compile(target: string, progress: Progress): Promise<string> {
  if (!(await hasGo())) return `no Go >= 1.${OLDEST_GO_MINOR} to compile it with`;
  const doing = `Compiling the Temporal server with Go (temporal ${TEMPORAL_VERSION})`;
  progress(`${doing}, once; about 4 minutes on two cores …`);
  const result = await runCommand('go', ['install', `github.com/temporalio/cli/cmd/temporal@v${TEMPORAL_VERSION}`], {
    env: { GOBIN: target },
    cwd: target,
    onStillRunning: (seconds) => progress(`${doing}: ${seconds} s`),
  });
  return result.code === 0 ? '' : `go install failed:\n${lastLines(result.output)}`;
}

function notToBeHad(reasons: string[]): StackError {
  return new StackError(
    'The Temporal server is missing.',
    `"temporal" is not on PATH, and it could not be fetched:\n${reasons.map((reason) => `    - ${reason}`).join('\n')}`,
    [
      'install the Temporal CLI, or Go, then run the command again:',
      '    Debian/Ubuntu, Fedora:  unpack the CLI from https://temporal.io/setup/install-temporal-cli into a folder on PATH',
      `    macOS:                  brew install temporal`,
      `    or install Go >= 1.${OLDEST_GO_MINOR} (https://go.dev/dl): it is then compiled here.`,
    ].join('\n'),
  );
}

/** Answers the path of the `temporal` program: from PATH, the cache, the official download, or compiled by Go. */
export async function obtainTemporal(progress: Progress): Promise<string> {
  const [onPath] = findOnPath('temporal');
  if (onPath !== undefined) return onPath;
  const cache = cacheDirectory();
  const cached = join(cache, `temporal-${TEMPORAL_VERSION}`);
  if (isExecutable(cached)) return cached;
  mkdirSync(cache, { recursive: true });
  const waiting = (pid: number) => progress(`Another command (process ${pid}) is fetching Temporal; waiting for it …`);
  await withLock(`${cached}.lock`, () => fetchInto(cache, cached, progress), waiting);
  return cached;
}

async function fetchInto(cache: string, cached: string, progress: Progress): Promise<void> {
  if (isExecutable(cached)) return;
  // Beside its final place, so that the last step is a rename: nobody ever sees half a program.
  const scratch = mkdtempSync(join(cache, 'new-'));
  const reasons: string[] = [];
  try {
    for (const get of [download, compile]) {
      const failure = await get(scratch, progress);
      const program = join(scratch, 'temporal');
      if (failure === '' && existsSync(program)) {
        chmodSync(program, 0o755);
        renameSync(program, cached);
        return;
      }
      reasons.push(failure || 'no program came of it');
    }
    throw notToBeHad(reasons);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

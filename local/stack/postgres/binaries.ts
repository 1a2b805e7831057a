import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findOnPath, isExecutable, runCommand } from '../command.ts';
import type { Account } from '../process.ts';

/** GRANT SET ON PARAMETER, which the release's role needs, came with this version. */
export const OLDEST_MAJOR = 15;

export interface PostgresBinaries {
  binDir: string;
  major: number;
  hasPostgis: boolean;
}

/** Newest first: "17" before "15", "postgresql@16" before "postgresql@15". */
const byNumberDescending = (one: string, other: string) => other.localeCompare(one, 'en', { numeric: true });

function foldersUnder(parent: string, pattern: RegExp, tail: string): string[] {
  if (!existsSync(parent)) return [];
  const names = readdirSync(parent).filter((name) => pattern.test(name));
  return names.sort(byNumberDescending).map((name) => join(parent, name, tail));
}

/** Where the packages of Debian, the PGDG's RPMs, Homebrew and Postgres.app put the servers' programs. */
const wellKnown = (): string[] => [
  ...foldersUnder('/usr/lib/postgresql', /^\d+$/, 'bin'),
  ...foldersUnder('/usr', /^pgsql-\d+$/, 'bin'),
  ...['/opt/homebrew/opt', '/usr/local/opt', '/home/linuxbrew/.linuxbrew/opt'].flatMap((prefix) =>
    foldersUnder(prefix, /^postgresql(@\d+)?$/, 'bin'),
  ),
  ...foldersUnder('/Applications/Postgres.app/Contents/Versions', /^(\d+|latest)$/, 'bin'),
];

async function candidates(): Promise<string[]> {
  const configured = await runCommand('pg_config', ['--bindir']);
  const all = [...findOnPath('postgres').map((path) => dirname(realpathSync(path))), configured.stdout.trim()];
  return [...new Set([...all, ...wellKnown()])].filter(
    (binDir) => binDir !== '' && ['postgres', 'initdb'].every((name) => isExecutable(join(binDir, name))),
  );
}

/** initdb itself knows where its build keeps the extensions' control files; pg_config is often not installed. */
async function inspect(binDir: string, account: Account | undefined): Promise<PostgresBinaries | undefined> {
  const shown = await runCommand(join(binDir, 'initdb'), ['--show', '-D', '/nonexistent'], { account, cwd: '/' });
  const major = Number(shown.output.match(/VERSION=(\d+)/)?.[1]);
  const share = shown.output.match(/share_path=(.+)/)?.[1];
  if (share === undefined || !(major >= OLDEST_MAJOR)) return undefined;
  const has = (extension: string) => existsSync(join(share, 'extension', `${extension}.control`));
  if (!has('postgres_fdw')) return undefined;
  return { binDir, major, hasPostgis: has('postgis') };
}

/**
 * The first one with PostGIS, else the first one at all: its PostGIS may be installed yet. The one of last time comes
 * first, since a cluster is read by its own major version only.
 */
export async function findBinaries(
  account: Account | undefined,
  lastTime: string | undefined,
): Promise<PostgresBinaries | undefined> {
  let fallback: PostgresBinaries | undefined;
  const all = await candidates();
  const ordered = lastTime !== undefined && all.includes(lastTime) ? [lastTime, ...all] : all;
  for (const binDir of ordered) {
    const found = await inspect(binDir, account);
    if (found?.hasPostgis) return found;
    fallback ??= found;
  }
  return fallback;
}

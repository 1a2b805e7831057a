import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { findOnPath, lastLines, runCommand } from '../command.ts';
import { StackError } from '../errors.ts';
import type { Progress } from '../progress.ts';

/** Debian's packages create and start a cluster of the system's own unless told not to, before they are installed. */
const NO_SYSTEM_CLUSTER = '/etc/postgresql-common/createcluster.d/pp-release.conf';

export const canInstallPackages = (): boolean => process.getuid?.() === 0 && findOnPath('apt-get').length > 0;

export const hasCandidate = async (name: string): Promise<boolean> =>
  /Candidate: (?!\(none\))/.test((await runCommand('apt-cache', ['policy', name], { env: { LC_ALL: 'C' } })).stdout);

/** The version that this distribution's metapackage stands for. */
async function distributionMajor(): Promise<number | undefined> {
  const { stdout } = await runCommand('apt-cache', ['depends', 'postgresql'], { env: { LC_ALL: 'C' } });
  const major = stdout.match(/Depends: postgresql-(\d+)/)?.[1];
  return major === undefined ? undefined : Number(major);
}

export async function aptGet(args: string[], doing: string, progress: Progress): Promise<void> {
  progress(`${doing} …`);
  const result = await runCommand('apt-get', ['-q', '-y', '-o', 'DPkg::Lock::Timeout=300', ...args], {
    env: { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
    onStillRunning: (seconds) => progress(`${doing}: still at it after ${seconds} s`),
  });
  if (result.code === 0) return;
  throw new StackError(
    `${doing} failed.`,
    `apt-get ${args.join(' ')} ended with code ${result.code}:\n${lastLines(result.output)}`,
    'Mend what apt-get complains about (network, package sources, disk space) and run the command again.',
  );
}

/**
 * Installs what is missing: PostGIS for a PostgreSQL that is there, else both in the distribution's version.
 * False if the distribution has no such packages.
 */
export async function installPackages(installedMajor: number | undefined, progress: Progress): Promise<boolean> {
  const wanted = async (): Promise<string[] | undefined> => {
    const major = installedMajor ?? (await distributionMajor());
    if (major === undefined) return undefined;
    const names = [`postgresql-${major}-postgis-3`];
    if (installedMajor === undefined) names.unshift(`postgresql-${major}`);
    for (const name of names) if (!(await hasCandidate(name))) return undefined;
    return names;
  };
  let names = await wanted();
  if (names === undefined) {
    await aptGet(['update'], 'Fetching the lists of packages (apt-get update)', progress);
    names = await wanted();
  }
  if (names === undefined) return false;

  const leaveNoTrace = !existsSync(NO_SYSTEM_CLUSTER);
  mkdirSync(dirname(NO_SYSTEM_CLUSTER), { recursive: true });
  writeFileSync(NO_SYSTEM_CLUSTER, 'create_main_cluster = false\n');
  try {
    await aptGet(['install', '--no-install-recommends', ...names], `Installing ${names.join(' and ')}`, progress);
  } finally {
    if (leaveNoTrace) rmSync(NO_SYSTEM_CLUSTER, { force: true });
  }
  return true;
}

import type { Session } from '../postgres/database.ts';
import type { Finding } from './finding.ts';

export interface OldRelease {
  id: number;
  label: string;
  state: string;
  isCurrent: boolean;
  /** YYMMDDHHMM, as backup_timestamp says it. */
  stamp: string | null;
  /** True for a row that no workflow of ours has made. */
  isOld: boolean;
}

/** All rows of releases, the newest first; the columns that migrate adds need not be there yet. */
export async function readReleases(session: Session): Promise<OldRelease[]> {
  const { rows } = await session.query<OldRelease>(
    `select id::int, label, state, is_current as "isCurrent", to_char(backup_timestamp, 'YYMMDDHH24MI') as stamp,
            to_jsonb(r) ->> 'workflow_id' is null as "isOld"
     from releases r order by id desc`,
  );
  return rows;
}

const HOUR_MS = 3_600_000;
/** No zone of the world is further from UTC. */
const FARTHEST_HOURS = 14;

const instantOf = (stamp: string): number => {
  const [year, month, day, hour, minute] = stamp.match(/../g) ?? [];
  return Date.UTC(2000 + Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute));
};

/** True for stamps that differ by whole hours, as the same minute in two time zones does. */
export function isSameMinuteElsewhere(one: string, other: string): boolean {
  const hours = Math.abs(instantOf(one) - instantOf(other)) / HOUR_MS;
  return hours > 0 && hours <= FARTHEST_HOURS && Number.isInteger(hours);
}

/**
 * The old system writes a backup's stamp in UTC and reads it back in the server's zone, so that a row may name its backup some hours
 * off. Only what is certain is mended: one row, one backup.
 */
export function stampFindings(releases: readonly OldRelease[], backups: readonly string[]): Finding[] {
  const named = new Set(releases.map(({ stamp }) => stamp));
  const free = backups.filter((stamp) => !named.has(stamp));
  const astray = releases.filter(({ stamp }) => stamp !== null && !backups.includes(stamp));
  const mended: { release: OldRelease; stamp: string }[] = [];
  for (const release of astray) {
    const near = free.filter((stamp) => isSameMinuteElsewhere(release.stamp as string, stamp));
    const rivals = astray.filter((other) => near.some((stamp) => isSameMinuteElsewhere(other.stamp as string, stamp)));
    if (near.length === 1 && rivals.length === 1) mended.push({ release, stamp: near[0] as string });
  }
  const unnamed = free.filter((stamp) => !mended.some((one) => one.stamp === stamp));
  return [
    ...mended.map(
      ({ release, stamp }): Finding => ({
        id: 'stamp',
        acts: 'adopt',
        message: `release ${release.id} (${release.label}) names backup ${release.stamp}, which is ${stamp} in the time zone of the old system's server: it is mended, so that a rollback makes that release current`,
        statements: [
          `update releases set backup_timestamp = '${new Date(instantOf(stamp)).toISOString().slice(0, 16).replace('T', ' ')}' where id = ${release.id}`,
        ],
      }),
    ),
    ...unnamed.map(
      (stamp): Finding => ({
        id: 'stamp-unclear',
        acts: 'nobody',
        message: `no row of releases names backup ${stamp}: a rollback to it asks whose it is (--release-id)`,
        statements: [],
      }),
    ),
  ];
}

const UNFINISHED: readonly string[] = ['started', 'preflight_ok', 'importing', 'validating'];

/** A run of the old system writes down no end when it is killed, and a dry run stays `validating`. */
export function deadRuns(releases: readonly OldRelease[]): Finding[] {
  const text = 'A run of the old system that has ended without saying so; closed by pp-release adopt';
  return releases
    .filter(({ isOld, isCurrent, state }) => isOld && !isCurrent && UNFINISHED.includes(state))
    .map(
      ({ id, label, state }): Finding => ({
        id: 'dead-run',
        acts: 'adopt',
        message: `release ${id} (${label}) of the old system says ${state}, and nothing of it runs: its state becomes failed`,
        statements: [`update releases set state = 'failed', error_text = '${text}' where id = ${id}`],
      }),
    );
}

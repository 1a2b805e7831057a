import type { Client } from '@temporalio/client';
import type pg from 'pg';
import { seed } from '../../local/portal/seed.ts';
import type { BenchStack } from '../support/stack.ts';
import { Exchanger } from './exchange.ts';
import { chooseQuestions, learnAnswers, type Question, telling } from './questions.ts';

/** Month 0 and month 1 of the demo portal. */
const LABELS = ['Jan2026', 'Feb2026'] as const;

export interface TwoReleases {
  exchanger: Exchanger;
  /** Of the newer release, which is live; the older one is in backup `stamp`. */
  label: string;
  stamp: string;
  /** How long the two releases' own swaps held the locks, ms: they check live's lookups too, which promoting again does not. */
  firstWindowsMs: number[];
}

/** Fills the portal and releases it, twice, by the real command line, workflow and worker. */
export async function makeTwoReleases(
  stack: BenchStack,
  session: pg.ClientBase,
  temporal: Client,
  sites: number,
  say: (line: string) => void,
): Promise<TwoReleases> {
  for (const [month, label] of LABELS.entries()) {
    say(`filling the portal: ${sites} sites, month ${month}`);
    const { seconds } = await seed({ url: stack.env.PP_PORTAL_DATABASE_URL, sites, month });
    say(`that took ${seconds} s; releasing it as ${label}`);
    const release = await stack.ppRelease(['start', label, '--on-failure', 'fail', '--wait']);
    if (release.code !== 0) throw new Error(`pp-release start ${label} ended with ${release.code}:\n${release.output}`);
    say(`released in ${release.seconds.toFixed(1)} s`);
  }
  const { rows } = await session.query<{ stamp: string }>(
    `select to_char(backup_timestamp, 'YYMMDDHH24MI') as stamp from releases where label = $1`,
    [LABELS[0]],
  );
  const stamp = rows[0]?.stamp;
  if (!stamp) throw new Error(`release ${LABELS[0]} is in no backup`);
  const windows = await session.query<{ ms: number }>(
    `select (payload_json ->> 'lockWindowMs')::float8 as ms from release_events where phase = 'swap_completed' order by id`,
  );
  const firstWindowsMs = windows.rows.map((row) => row.ms);
  return { exchanger: new Exchanger(temporal, session), label: LABELS[1], stamp, firstWindowsMs };
}

/** Learns what either release answers to the readers' questions. Leaves the newer release live. */
export async function learnBoth(
  session: pg.ClientBase,
  { exchanger, label, stamp }: TwoReleases,
  say: (line: string) => void,
): Promise<{ questions: Question[]; stamp: string }> {
  const questions = await chooseQuestions(session, stamp);
  await learnAnswers(session, questions);
  await exchanger.rollback(stamp);
  const older = await learnAnswers(session, questions);
  if (older === label) throw new Error(`after the rollback ${label} is still current`);
  const again = await exchanger.promote(label);
  if (again.stamp === undefined) throw new Error('the swap named no backup');
  say(`${questions.length} questions, of which ${telling(questions)} tell the releases apart`);
  return { questions, stamp: again.stamp };
}

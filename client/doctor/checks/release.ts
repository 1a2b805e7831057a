import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { STAGING } from '../../../activities/generation/names.ts';
import { droppingMade, madeOf } from '../../../activities/generation/record.ts';
import { freeStamp, listBackups, retention } from '../../../activities/live/backups.ts';
import { planPromote } from '../../../activities/live/promote.ts';
import { someOf } from '../../../activities/postgres/errors.ts';
import { readOwner } from '../../../activities/postgres/owner.ts';
import { findRelease, type ReleaseRow } from '../../../activities/postgres/releases.ts';
import { stagingHolder } from '../../../activities/staging/holder.ts';
import { digestOf, type Manifest, readManifest } from '../../../activities/staging/manifest.ts';
import { describeWaiting, finishCommand, goOnCommand, isPhase, labelOf } from '../../../contracts/index.ts';
import { howClosedHere } from '../../../worker/how_closed.ts';
import { askWorkflow } from '../../status.ts';
import { type Finding, failed, group, ok, some, warning } from '../check.ts';
import { sql, word } from '../shell.ts';
import { fact, type Surroundings } from '../surroundings.ts';

const FOUND = { needs: ['release.known'] };

export const releaseChecks = group(
  ['database.answers', 'database.pooler', 'database.settings', 'database.migrations'],
  {
    'release.known': {
      title: 'the release is known',
      expected: 'a release of that label, or any',
      why: 'What follows is asked of it.',
      async look(here) {
        const release = await readRelease(here);
        const { label } = here.place;
        if (release) return ok(`release ${release.id} ${release.label}, ${release.state}`);
        if (label === undefined) return ok('none has been started yet');
        return failed(`no release is called ${label}`, {
          commands: [`pp-release start ${label}`],
          note: 'or name another one: pp-release status tells of the newest',
        });
      },
    },
    'release.failed': {
      ...FOUND,
      title: 'it has not failed',
      expected: 'a state other than failed',
      why: 'Its staging is kept, and waits for a command that goes on.',
      async look(here) {
        const release = await readRelease(here);
        if (release?.state !== 'failed') return ok(release?.state ?? 'there is none');
        return failed(`release ${release.id} ${release.label}: ${release.error_text ?? 'without a word'}`, {
          commands: [await goOn(here, release)],
          note: 'mend the cause first: the other findings, or the message itself, name it',
        });
      },
    },
    'release.unfinished': {
      ...FOUND,
      title: 'it was finished',
      expected: 'a release that is live has gone through its last phases, or still runs',
      why: 'What follows the swap is left to be done: foreign keys are not proved, views are not refreshed, old backups stay.',
      async look(here) {
        const release = await readRelease(here);
        const owner = await readOwner(await here.session());
        if (release?.state !== 'swapped' || owner?.releaseId === release.id)
          return ok(release?.state ?? 'there is none');
        return failed(`release ${release.id} ${release.label} is live, and nothing finishes it`, {
          commands: [finishCommand(release.label)],
        });
      },
    },
    'release.waiting': {
      needs: ['release.known', 'temporal.worker'],
      title: 'it waits for no answer',
      expected: 'a release that runs, or has ended',
      why: 'It holds the lock meanwhile, so nothing else can start; when its time is over it is parked, or fails.',
      async look(here) {
        const release = await readRelease(here);
        if (!release?.workflow_id) return ok('there is none');
        const answer = await askWorkflow(await here.temporal(), release.workflow_id);
        const waitingFor = answer?.running ? answer.status?.waitingFor : undefined;
        if (!waitingFor) return ok(release.state);
        const [first, ...others] = waitingFor.answers.map(({ command }) => command);
        return warning(describeWaiting(waitingFor), {
          commands: first ? [first] : [],
          note: others.length > 0 ? `or: ${others.join('; ')}` : 'it goes on by itself',
        });
      },
    },
    'release.abandoned': {
      needs: ['temporal.namespace'],
      title: 'the release lock has a living owner',
      expected: 'no owner, or one whose workflow runs',
      why: 'A workflow that was terminated could not give the lock back, nor say how its release ended.',
      async look(here) {
        const owner = await readOwner(await here.session());
        if (!owner) return ok('it is free');
        const what = `${owner.purpose}, workflow ${owner.workflowId}`;
        const closed = await howClosedHere(await here.temporal())(owner.workflowId, owner.runId);
        if (closed === undefined) return ok(`held by ${what}`);
        return failed(`held by ${what}, which was ${closed}`, { commands: ['pp-release status'] });
      },
    },
    'release.current': {
      title: 'releases says which release is live',
      expected: 'the release that was swapped last, and not rolled back, is current',
      why: 'The website and the next release ask that row; without it there is nothing to roll back.',
      async look(here) {
        const rows = await here.rows<{ id: number; label: string; is_current: boolean }>(
          `select r.id::int, label, is_current from releases r left join pp_release.generations g on g.release_id = r.id
         where is_current or state in ('swapped', 'succeeded') and g.release_id is not null
         order by is_current desc, first_live_at desc limit 1`,
        );
        const [release] = rows;
        if (!release) return ok('no release is live');
        if (release.is_current) return ok(`release ${release.id} ${release.label}`);
        return failed(`none is current; release ${release.id} ${release.label} is what live holds`, {
          commands: [sql(`update releases set is_current = true where id = ${release.id}`)],
        });
      },
    },
    'release.backup': {
      title: 'there is a way back',
      expected: 'a complete backup, once a release is live',
      why: 'Without one a release that turns out wrong cannot be rolled back.',
      async look(here) {
        const session = await here.session();
        const { rows } = await session.query('select from releases where is_current');
        if (rows.length === 0) return ok('no release is live');
        const backups = await listBackups(session);
        const complete = backups.find((backup) => backup.complete);
        if (complete) return ok(`back to ${complete.stamp}`);
        const broken = backups.map(({ stamp, missing }) => `${stamp} lacks ${some(missing, 3)}`);
        return warning(broken.length > 0 ? broken.join('; ') : 'there is no backup', {
          commands: [`pp-release start ${thisMonth()} --wait`],
          note: 'only a swap makes one: the next release does. What was dropped may still be in a backup of the database',
        });
      },
    },
    'release.backups_kept': {
      title: 'no more backups than are wanted',
      expected: 'PP_KEEP_BACKUP_COUNT complete backups',
      why: 'Each is as large as the data.',
      async look(here) {
        const keep = here.place.settings.keepBackups;
        const { kept, dropped } = retention(await listBackups(await here.session()), keep);
        if (dropped.length === 0) return ok(`${kept.length} kept`);
        return warning(`${dropped.join(', ')} would go`, { commands: [`pp-release backups clean --keep ${keep}`] });
      },
    },
    'release.staging_left': {
      title: 'no staging is left over',
      expected: 'staging belongs to a release, or there is none',
      why: 'What an abort could not drop takes as much room as the data; the next start drops it, unless others have built on it.',
      async look(here) {
        const session = await here.session();
        const [holder, owner, made] = [
          await stagingHolder(session),
          await readOwner(session),
          await madeOf(session, STAGING),
        ];
        if (made.length === 0 || holder || owner) return ok(holder ? `it is that of ${holder.label}` : 'there is none');
        return warning(
          `${made.length} relations of no release: ${some(
            made.map(({ name }) => name),
            3,
          )}`,
          {
            commands: [sql(...(await droppingMade(session, STAGING)))],
            note: 'nothing may run meanwhile; where others have built on it, PostgreSQL names that and drops nothing',
          },
        );
      },
    },
    'release.manifest_file': {
      ...FOUND,
      title: 'its manifest file is what was checked',
      expected: 'the file in PP_MANIFEST_DIR has the digest of the manifest in the database',
      why: 'The website serves the file, and a person promotes by what it says.',
      async look(here) {
        const release = await readRelease(here);
        const manifest = release && (await readManifest(await here.session(), release.id));
        if (!release?.manifest_url || !manifest) return ok('there is none yet');
        const path = resolve(here.place.settings.manifestDir, release.manifest_url.split('/').at(-1) ?? '');
        const seen = await manifestFault(path, manifest);
        if (seen === undefined) return ok(`${path}, digest ${digestOf(manifest).slice(0, 12)}`);
        const body = `select body from pp_release.manifests where release_id = ${release.id}`;
        return failed(`${path}: ${seen}`, {
          commands: [`psql "$PP_DATABASE_URL" -v ON_ERROR_STOP=1 -At -c ${word(body)} > ${word(path)}`],
          note: "on the worker's machine, which has written it",
        });
      },
    },
    'release.plan': {
      title: 'staging can go live',
      expected: 'the plan of the swap has no refusals, where staging is checked and waits',
      why: 'What has changed in live since staging was built refuses the swap: better to know before it is promoted.',
      look: lookAtPlan,
    },
    'release.month': {
      title: 'what is live is not old',
      expected: 'a release of this month or of the last one',
      why: 'Otherwise readers are the first to notice that a month is missing.',
      async look(here) {
        const [current] = await here.rows<{ label: string }>('select label from releases where is_current');
        if (!current) return ok('no release is live');
        const months = monthsSince(current.label);
        if (months <= 1) return ok(current.label);
        return warning(`${current.label}, ${months} months ago`, {
          commands: [`pp-release start ${thisMonth()} --wait`],
        });
      },
    },
  },
);

const readRelease = fact(async (here) => {
  const { label } = here.place;
  return findRelease(await here.session(), label === undefined ? {} : { label });
});

const thisMonth = () => labelOf(new Date());

function monthsSince(label: string): number {
  const then = new Date(`1 ${label.slice(0, 3)} ${label.slice(3)} UTC`);
  const now = new Date();
  return (now.getUTCFullYear() - then.getUTCFullYear()) * 12 + now.getUTCMonth() - then.getUTCMonth();
}

/** The phase is in the event of the failure; a workflow that was cut could write none. */
async function goOn(here: Surroundings, { id, label, is_current }: ReleaseRow): Promise<string> {
  if (is_current) return finishCommand(label);
  const [event] = await here.rows<{ phase: string | null }>(
    `select payload_json ->> 'phase' as phase from release_events where release_id = $1 and phase = 'exception' order by id desc limit 1`,
    [id],
  );
  return event?.phase && isPhase(event.phase) ? goOnCommand(label, event.phase) : `pp-release start ${label}`;
}

async function manifestFault(path: string, manifest: Manifest): Promise<string | undefined> {
  try {
    const found = digestOf(JSON.parse(await readFile(path, 'utf8')) as Manifest);
    return found === digestOf(manifest)
      ? undefined
      : `its digest is ${found.slice(0, 12)}, not ${digestOf(manifest).slice(0, 12)}`;
  } catch (error) {
    if (error instanceof SyntaxError) return 'it is no JSON';
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'it is not there';
    throw error;
  }
}

async function lookAtPlan(here: Surroundings): Promise<Finding> {
  const session = await here.session();
  const holder = await stagingHolder(session);
  if (!holder || !(await readManifest(session, holder.releaseId))) return ok('no checked staging waits');
  const { plan } = await planPromote(session, holder.releaseId, await freeStamp(session));
  if (plan.refusals.length === 0) return ok(`that of ${holder.label} can`);
  return failed(someOf(plan.refusals), {
    commands: [`${goOnCommand(holder.label, 'build_staging')} --mode dry-run --wait`],
    note: 'it builds staging anew from live as it is now; pp-release plan shows all of it',
  });
}

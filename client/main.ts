import { Command } from 'commander';
import type { AdoptOptions } from './commands/adopt.ts';
import type { CleanOptions } from './commands/backups.ts';
import type { DoctorOptions } from './commands/doctor.ts';
import type { ImportOptions } from './commands/import.ts';
import type { MigrateOptions } from './commands/migrate.ts';
import type { PlanOptions, RehearseOptions } from './commands/plan.ts';
import type { PromoteOptions } from './commands/promote.ts';
import type { RollbackOptions } from './commands/rollback.ts';
import type { NoteOptions, ScheduleOptions } from './commands/schedule.ts';
import type { StartOptions } from './commands/start.ts';
import type { DeploymentFlags } from './deployment.ts';
import { flag, readFlags } from './flags.ts';
import * as kinds from './kinds.ts';
import { createOutput, type Output } from './output.ts';
import type { ScheduleFlags } from './schedule_plan.ts';

/** All commands with their flags; run.ts runs it. */
export const program = new Command('pp-release')
  .description('Releases data from a portal database to live tables, all at once or not at all')
  .option('--json', 'print one JSON document')
  .option('--verbose', 'print the stack trace of an error')
  .showHelpAfterError('(pp-release --help lists commands and options)')
  .exitOverride();

const output = (): Output => createOutput(Boolean(program.opts().json));

// Each command loads its own part only, so that --help and a typing error answer at once.
program
  .command('start [LABEL]')
  .description('start a release, such as: start Apr2026')
  .addOption(flag('--mode <mode>', 'direct, review or dry-run', kinds.mode))
  .addOption(
    flag(
      '--on-failure <what>',
      'wait for pp-release retry when a phase fails (default), or fail at once',
      kinds.onFailure,
    ),
  )
  .addOption(
    flag('--review-timeout <hours>', 'how long a release under review waits for promote (default 72)', kinds.hours),
  )
  .addOption(flag('--retry-timeout <hours>', 'how long a failed phase waits for retry (default 24)', kinds.hours))
  .addOption(flag('--start-at <phase>', 'first phase to run', kinds.phase))
  .addOption(flag('--stop-after <phase>', 'last phase to run', kinds.phase))
  .addOption(flag('--only-phases <phases>', 'comma-separated phases', kinds.phases))
  .addOption(flag('--only <importers>', 'comma-separated importers to run', kinds.importers))
  .addOption(flag('--skip <importers>', 'comma-separated importers to leave out', kinds.importers))
  .addOption(flag('--sample <rows>', 'import at most so many rows of each view', kinds.sample))
  .addOption(
    flag(
      '--soft-error-limit <percent>',
      'share of rows with soft errors that is too much (default 5)',
      kinds.percentage,
    ),
  )
  .option('--lightweight', 'leave indexes and foreign keys off staging until the swap')
  .option('--no-create-views', 'use the staging views that are there')
  .addOption(
    flag('--allow-empty <views>', 'comma-separated views that may be empty although live has rows', kinds.views),
  )
  .option('--accept-shape', "publish the release's own columns where live has others")
  .option('--end-blockers', 'end sessions in the way of the swap, of the roles that the worker allows')
  .option('--wait', 'follow the release to its end')
  .action(async (label: string | undefined, options: StartOptions) =>
    (await import('./commands/start.ts')).start(label, options, output()),
  );
program
  .command('import [LABEL]')
  .description('import into staging and stop there; live is not touched')
  .addOption(flag('--only <importers>', 'comma-separated importers to run', kinds.importers))
  .addOption(flag('--skip <importers>', 'comma-separated importers to leave out', kinds.importers))
  .addOption(flag('--sample <rows>', 'import at most so many rows of each view', kinds.sample))
  .addOption(
    flag(
      '--soft-error-limit <percent>',
      'share of rows with soft errors that is too much (default 5)',
      kinds.percentage,
    ),
  )
  .option('--resume', "go on with the staging that the label's last run has left")
  .option('--wait', 'follow the import to its end')
  .action(async (label: string | undefined, options: ImportOptions) =>
    (await import('./commands/import.ts')).importStaging(label, options, output()),
  );
program
  .command('status [LABEL]')
  .description('the newest release: phase, state, counts, times, who holds the lock')
  .action(async (label?: string) => (await import('./commands/status.ts')).status(label, output()));
program
  .command('watch [LABEL]')
  .description('phases, progress and time as they go')
  .action(async (label?: string) => (await import('./commands/watch.ts')).watch(label, output()));
program
  .command('abort')
  .description('abort the release that is running')
  .action(async () => (await import('./commands/abort.ts')).abort(output()));
program
  .command('promote [LABEL]')
  .description('make a release under review live, once its manifest was looked at')
  .addOption(flag('--digest <digest>', "the manifest's digest, or its first 8 characters or more", kinds.text))
  .option('--yes', 'promote what the manifest says now, without a question')
  .action(async (label: string | undefined, options: PromoteOptions) =>
    (await import('./commands/promote.ts')).promote(label, options, output()),
  );
program
  .command('retry [LABEL]')
  .description('run a failed phase again, once its cause is mended')
  .action(async (label?: string) => (await import('./commands/retry.ts')).retry(label, output()));
program
  .command('park [LABEL]')
  .description('end a release that waits as a dry run: staging stays, the lock is given back')
  .action(async (label?: string) => (await import('./commands/park.ts')).park(label, output()));
program
  .command('rollback <STAMP>')
  .description('make a kept backup live again; what is live becomes staging')
  .option('--discard-staging', 'drop what a dry run or a failed release keeps in staging')
  .addOption(
    flag(
      '--release-id <id>',
      "whose the backup is where no row of releases says so; none if it is no release's",
      kinds.releaseId,
    ),
  )
  .option('--accept-shape', "bring the backup's columns back where live has others")
  .option('--end-blockers', 'end sessions in the way, of the roles that the worker allows')
  .option('--wait', 'wait until it is done')
  .action(async (stamp: string, options: RollbackOptions) =>
    (await import('./commands/rollback.ts')).rollback(stamp, options, output()),
  );
const backups = program.command('backups').description('list the backups, or clean them');
backups
  .command('list', { isDefault: true })
  .description('stamp, release, size, complete or not')
  .action(async () => (await import('./commands/backups.ts')).list(output()));
backups
  .command('clean')
  .description('drop all backups but the newest')
  .addOption(
    flag(
      '--keep <number>',
      'how many stay (default 1)',
      kinds.whole('a whole number from 0 on: so many of the newest backups stay'),
    ),
  )
  .option('--old-system', 'those of the old system count like the others, and may go; without it they stay')
  .option('--yes', 'with --keep 0: the last backup may go, and with it the way back')
  .action(async (options: CleanOptions) => (await import('./commands/backups.ts')).clean(options, output()));
const schedule = program.command('schedule').description('releases that Temporal starts by itself');
const scheduled = (name: string) =>
  schedule.command(name).addOption(flag('--id <id>', "the schedule's id (default portal-release-monthly)", kinds.text));
scheduled('create')
  .description('make it: monthly on the 1st at 06:00 UTC, under review, unless told otherwise')
  .addOption(
    flag(
      '--day <day>',
      'day of the month, 1 to 28 (default 1)',
      kinds.whole('a whole number from 1 to 28, since every month has those; else use --cron', 1, 28),
    ),
  )
  .addOption(flag('--hour <hour>', 'hour, 0 to 23 (default 6)', kinds.whole('a whole number from 0 to 23', 0, 23)))
  .addOption(flag('--cron <fields>', 'five cron fields instead, such as "30 5 2 * *"', kinds.text))
  .addOption(flag('--time-zone <name>', 'of the times and of the labels (default UTC)', kinds.timeZone))
  .addOption(
    flag(
      '--catchup <time>',
      'a run missed during an outage of Temporal is caught up for so long (default 3d)',
      kinds.duration,
    ),
  )
  .addOption(flag('--mode <mode>', 'review (default), direct or dry-run', kinds.mode))
  .addOption(
    flag(
      '--on-failure <what>',
      'wait for pp-release retry when a phase fails (default), or fail at once',
      kinds.onFailure,
    ),
  )
  .action(async (options: ScheduleOptions & ScheduleFlags) =>
    (await import('./commands/schedule.ts')).create(options, output()),
  );
scheduled('describe')
  .description('when it starts what, the next times, the last releases, paused or not')
  .action(async (options: ScheduleOptions) => (await import('./commands/schedule.ts')).describe(options, output()));
scheduled('pause')
  .description('start nothing until resume')
  .addOption(flag('--note <text>', 'why; describe shows it', kinds.text))
  .action(async (options: NoteOptions) => (await import('./commands/schedule.ts')).pause(options, output()));
scheduled('resume')
  .description('go on after pause')
  .addOption(flag('--note <text>', 'why; describe shows it', kinds.text))
  .action(async (options: NoteOptions) => (await import('./commands/schedule.ts')).resume(options, output()));
scheduled('trigger')
  .description("start this month's release now")
  .action(async (options: ScheduleOptions) => (await import('./commands/schedule.ts')).trigger(options, output()));
scheduled('delete')
  .description('delete it; what it has started goes on')
  .action(async (options: ScheduleOptions) => (await import('./commands/schedule.ts')).remove(options, output()));
program
  .command('plan')
  .description('print what the swap of staging would do, each statement with its reason')
  .addOption(flag('--rollback <stamp>', 'the plan of a rollback instead', kinds.stamp))
  .addOption(flag('--release-id <id>', 'with --rollback: whose the backup is, as rollback wants it', kinds.releaseId))
  .option(
    '--accept-shape',
    'with --rollback, or before there is staging: other columns than live has are listed as changes',
  )
  .action(async (options: PlanOptions) => (await import('./commands/plan.ts')).plan(options, output()));
program
  .command('rehearse')
  .description('run the plan on the real database and undo it; reports how long the locks were held')
  .addOption(flag('--rollback <stamp>', 'rehearse a rollback instead', kinds.stamp))
  .addOption(flag('--release-id <id>', 'with --rollback: whose the backup is, as rollback wants it', kinds.releaseId))
  .option(
    '--accept-shape',
    'with --rollback, or before there is staging: other columns than live has are listed as changes',
  )
  .addOption(
    flag(
      '--budget <ms>',
      'how long to look for a gap between readers (default 30000)',
      kinds.whole('a whole number of milliseconds above 0', 1),
    ),
  )
  .action(async (options: RehearseOptions) => (await import('./commands/plan.ts')).rehearse(options, output()));
program
  .command('doctor')
  .description('look at everything that a release needs, and print the command that mends what is wrong')
  .option('--pre', 'only what matters before the first migrate')
  .addOption(flag('--release <label>', 'the release that is looked at (default: the newest)', kinds.label))
  .addOption(
    flag('--only <ids>', 'comma-separated checks, with what they need', async (given) =>
      (await import('./doctor/ids.ts')).readIds(given),
    ),
  )
  .option('--list', 'print all checks, and look at nothing')
  .option('--strict', 'warnings count as findings')
  .option('--probe', 'a round trip, too: a workflow, a swap of a table of its own, a row of the portal, a chat message')
  .addOption(flag('--timeout <seconds>', 'how long servers may take to answer (default: 3.5)', kinds.seconds))
  .action(async (options: DoctorOptions) => (await import('./commands/doctor.ts')).doctor(options, output()));
program
  .command('worker')
  .description('run a worker in the foreground')
  .addOption(
    flag('--deployment <name>', 'with --build-id: it gets only what its version is for, see deploy', kinds.text),
  )
  .addOption(flag('--build-id <id>', 'with --deployment: the version of its code', kinds.text))
  .action(async (options: DeploymentFlags) => (await import('./commands/worker.ts')).worker(options));
program
  .command('deploy')
  .description('send new releases to the workers of a version; what runs stays with its own')
  .addOption(flag('--deployment <name>', 'as its workers were started with', kinds.text))
  .addOption(flag('--build-id <id>', 'as its workers were started with', kinds.text))
  .action(async (options: DeploymentFlags) => (await import('./commands/deploy.ts')).deploy(options, output()));
program
  .command('migrate')
  .description('bring the live database up to date')
  .addOption(
    flag(
      '--portal <url>',
      'link it to the portal at this address, with a read-only role; - reads it from standard input',
      kinds.text,
    ),
  )
  .addOption(flag('--portal-env <name>', 'the same, with the address in this environment variable', kinds.text))
  .action(async (options: MigrateOptions) => (await import('./commands/migrate.ts')).migrate(options, output()));
program
  .command('adopt')
  .description('take over a database of the old system: says what is to be done, and does it with a yes')
  .option('--check', 'only say so; exit code 3 while something is left to do')
  .option('--yes', 'do it without a question')
  .action(async (options: AdoptOptions) => (await import('./commands/adopt.ts')).adopt(options, output()));
for (const command of [...program.commands, ...backups.commands, ...schedule.commands]) {
  command.option('--json', 'print one JSON document').option('--verbose', 'print the stack trace of an error');
}
program.hook('preAction', async (_, action) => {
  const given = action.optsWithGlobals();
  for (const name of ['json', 'verbose']) if (given[name]) program.setOptionValue(name, true);
  await readFlags(action);
});

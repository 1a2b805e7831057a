import { Command, CommanderError } from 'commander';
import { ReleaseError } from '../activities/postgres/errors.ts';
import type { ImportOptions } from './commands/import.ts';
import type { MigrateOptions } from './commands/migrate.ts';
import type { PlanOptions } from './commands/plan.ts';
import type { PromoteOptions } from './commands/promote.ts';
import type { RollbackOptions } from './commands/rollback.ts';
import type { NoteOptions, ScheduleOptions } from './commands/schedule.ts';
import type { StartOptions } from './commands/start.ts';
import type { DeploymentFlags } from './deployment.ts';
import { CommandError, EXIT } from './errors.ts';
import { createOutput, type Output } from './output.ts';
import type { ScheduleFlags } from './schedule_plan.ts';

const program = new Command('pp-release')
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
  .option('--mode <mode>', 'direct, review or dry-run')
  .option('--on-failure <what>', 'wait for pp-release retry when a phase fails (default), or fail at once')
  .option('--review-timeout <hours>', 'how long a release under review waits for promote (default 72)')
  .option('--retry-timeout <hours>', 'how long a failed phase waits for retry (default 24)')
  .option('--start-at <phase>', 'first phase to run')
  .option('--stop-after <phase>', 'last phase to run')
  .option('--only-phases <phases>', 'comma-separated phases')
  .option('--only <importers>', 'comma-separated importers to run')
  .option('--skip <importers>', 'comma-separated importers to leave out')
  .option('--sample <rows>', 'import at most so many rows of each view')
  .option('--soft-error-limit <percent>', 'share of rows with soft errors that is too much (default 5)')
  .option('--lightweight', 'leave indexes and foreign keys off staging until the swap')
  .option('--no-create-views', 'use the staging views that are there')
  .option('--allow-empty <views>', 'comma-separated views that may be empty although live has rows')
  .option('--end-blockers', 'end sessions in the way of the swap, of the roles that the worker allows')
  .option('--wait', 'follow the release to its end')
  .action(async (label: string | undefined, options: StartOptions) =>
    (await import('./commands/start.ts')).start(label, options, output()),
  );
program
  .command('import [LABEL]')
  .description('import into staging and stop there; live is not touched')
  .option('--only <importers>', 'comma-separated importers to run')
  .option('--skip <importers>', 'comma-separated importers to leave out')
  .option('--sample <rows>', 'import at most so many rows of each view')
  .option('--soft-error-limit <percent>', 'share of rows with soft errors that is too much (default 5)')
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
  .option('--digest <digest>', "the manifest's digest, or its first 8 characters or more")
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
  .option('--keep <number>', 'how many stay (default 1)')
  .action(async (options: { keep?: string }) => (await import('./commands/backups.ts')).clean(options, output()));
const schedule = program.command('schedule').description('releases that Temporal starts by itself');
const scheduled = (name: string) =>
  schedule.command(name).option('--id <id>', "the schedule's id (default portal-release-monthly)");
scheduled('create')
  .description('make it: monthly on the 1st at 06:00 UTC, under review, unless told otherwise')
  .option('--day <day>', 'day of the month, 1 to 28 (default 1)')
  .option('--hour <hour>', 'hour, 0 to 23 (default 6)')
  .option('--cron <fields>', 'five cron fields instead, such as "30 5 2 * *"')
  .option('--time-zone <name>', 'of the times and of the labels (default UTC)')
  .option('--catchup <time>', 'a run missed during an outage of Temporal is caught up for so long (default 3d)')
  .option('--mode <mode>', 'review (default), direct or dry-run')
  .option('--on-failure <what>', 'wait for pp-release retry when a phase fails (default), or fail at once')
  .action(async (options: ScheduleOptions & ScheduleFlags) =>
    (await import('./commands/schedule.ts')).create(options, output()),
  );
scheduled('describe')
  .description('when it starts what, the next times, the last releases, paused or not')
  .action(async (options: ScheduleOptions) => (await import('./commands/schedule.ts')).describe(options, output()));
scheduled('pause')
  .description('start nothing until resume')
  .option('--note <text>', 'why; describe shows it')
  .action(async (options: NoteOptions) => (await import('./commands/schedule.ts')).pause(options, output()));
scheduled('resume')
  .description('go on after pause')
  .option('--note <text>', 'why; describe shows it')
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
  .option('--rollback <stamp>', 'the plan of a rollback instead')
  .action(async (options: PlanOptions) => (await import('./commands/plan.ts')).plan(options, output()));
program
  .command('rehearse')
  .description('run the plan on the real database and undo it; reports how long the locks were held')
  .option('--rollback <stamp>', 'rehearse a rollback instead')
  .option('--budget <ms>', 'how long to look for a gap between readers (default 30000)')
  .action(async (options: PlanOptions & { budget?: string }) =>
    (await import('./commands/plan.ts')).rehearse(options, output()),
  );
program
  .command('worker')
  .description('run a worker in the foreground')
  .option('--deployment <name>', 'with --build-id: it gets only what its version is for, see deploy')
  .option('--build-id <id>', 'with --deployment: the version of its code')
  .action(async (options: DeploymentFlags) => (await import('./commands/worker.ts')).worker(options));
program
  .command('deploy')
  .description('send new releases to the workers of a version; what runs stays with its own')
  .option('--deployment <name>', 'as its workers were started with')
  .option('--build-id <id>', 'as its workers were started with')
  .action(async (options: DeploymentFlags) => (await import('./commands/deploy.ts')).deploy(options, output()));
program
  .command('migrate')
  .description('bring the live database up to date')
  .option(
    '--portal <url>',
    'link it to the portal at this address, with a read-only role; - reads it from standard input',
  )
  .option('--portal-env <name>', 'the same, with the address in this environment variable')
  .action(async (options: MigrateOptions) => (await import('./commands/migrate.ts')).migrate(options, output()));
for (const command of [...program.commands, ...backups.commands, ...schedule.commands]) {
  command.option('--json', 'print one JSON document').option('--verbose', 'print the stack trace of an error');
  command.hook('preAction', (_, action) => {
    for (const name of ['json', 'verbose']) if (action.opts()[name]) program.setOptionValue(name, true);
  });
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** One message on standard error, and the exit code that fits it. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const message = error instanceof Error ? error.message : String(error);
  const { json, verbose } = program.opts();
  if (json) {
    const facts = error instanceof CommandError || error instanceof ReleaseError ? error.facts : {};
    process.stdout.write(`${JSON.stringify({ error: message, ...facts }, null, 2)}\n`);
  }
  process.stderr.write(`pp-release: ${message}\n`);
  if ((verbose || process.env.PP_DEBUG === '1') && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return error instanceof CommandError ? error.exitCode : EXIT.failed;
}

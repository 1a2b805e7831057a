import { CommanderError } from 'commander';
import { ReleaseError } from '../activities/postgres/errors.ts';
import { CommandError, EXIT } from './errors.ts';
import { program } from './main.ts';
import { guardOutput, OutputLostError, tellError } from './output.ts';

guardOutput();
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** One message on standard error, and the exit code that fits it. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return reportUsage(error);
  if (error instanceof OutputLostError) return error.exitCode;
  const { json, verbose } = program.opts();
  const facts = error instanceof CommandError || error instanceof ReleaseError ? error.facts : {};
  tellError(error, facts, { json, stack: Boolean(verbose) || process.env.PP_DEBUG === '1' });
  return error instanceof CommandError ? error.exitCode : EXIT.failed;
}

/** The message is on standard error already. No command has read the flags, so --json is looked for by its name. */
function reportUsage({ exitCode, code, message }: CommanderError): number {
  if (exitCode === 0) return EXIT.done;
  if (process.argv.includes('--json')) {
    const isHelp = code === 'commander.help';
    const why = isHelp ? 'which command? pp-release --help lists them' : message.replace(/^error: /, '');
    process.stdout.write(`${JSON.stringify({ error: why }, null, 2)}\n`);
  }
  return EXIT.usage;
}

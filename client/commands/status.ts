import type { Client } from '@temporalio/client';
import { databaseUrl, readEnvironment, setting, temporalAddress } from '../config.ts';
import { withDatabase } from '../database.ts';
import { CommandError, EXIT } from '../errors.ts';
import type { Output } from '../output.ts';
import { renderStatus } from '../render.ts';
import { readStatus, type StatusReport } from '../status.ts';
import { withTemporal } from '../temporal.ts';

/** The newest release (of one label, if given): from the database, and from its workflow where Temporal answers. */
export async function status(label: string | undefined, output: Output): Promise<void> {
  const environment = readEnvironment();
  const report = await withDatabase(databaseUrl(environment), async (db) => {
    const manifestDir = setting(environment, 'PP_MANIFEST_DIR') ?? 'public/manifests';
    const read = (client?: Client) => readStatus(db, client, { ...(label ? { label } : {}), manifestDir });
    try {
      return await withTemporal(temporalAddress(environment), read);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      process.stderr.write(`${error.message}; this is what the database knows\n`);
      return read();
    }
  });
  if (!report && label) throw new CommandError(EXIT.failed, `no release is called ${label}`);
  const none = { release: null, message: label ? `no release is called ${label}` : 'no release has been started yet' };
  output.result(report ?? none, report ? renderStatus(report as StatusReport) : none.message);
}

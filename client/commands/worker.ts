import { setFlagsFromString } from 'node:v8';
import { readWorkerConfig, WORKER_VARIABLES } from '../../worker/config.ts';
import { createLog } from '../../worker/log.ts';
import { runWorker } from '../../worker/run.ts';
import { requireSearchAttributes } from '../../worker/search_attributes.ts';
import { readEnvironment, setting, temporalAddress } from '../config.ts';
import { withDatabase } from '../database.ts';
import { type DeploymentFlags, deploymentVersion } from '../deployment.ts';
import { withTemporal } from '../temporal.ts';

/** Runs a worker in the foreground until SIGINT or SIGTERM. @throws CommandError when it could not do any work */
export async function worker(flags: DeploymentFlags): Promise<void> {
  // A worker waits for PostgreSQL most of its time: memory counts, and the garbage collector may be busy instead.
  setFlagsFromString('--optimize-for-size');
  const version = deploymentVersion(flags);
  const environment = readEnvironment();
  for (const name of WORKER_VARIABLES) setting(environment, name);
  const config = readWorkerConfig(environment);
  // Otherwise it would poll, and each release would fail or wait for ever with an error of the innards.
  const where = temporalAddress(environment);
  await withTemporal(where, async (client) => {
    const { namespace } = client.options;
    await client.workflowService.describeNamespace({ namespace });
    await requireSearchAttributes(client, where.address);
  });
  await withDatabase(config.databaseUrl, (db) => db.query('select from releases, pp_release.lock_owner limit 0'));
  await runWorker(config, createLog(config.logPath), version);
}

import { readWorkerConfig } from '../../worker/config.ts';
import { createLog } from '../../worker/log.ts';
import { runWorker } from '../../worker/run.ts';
import { readEnvironment } from '../config.ts';

/** Runs a worker in the foreground until SIGINT or SIGTERM. */
export async function worker(): Promise<void> {
  const config = readWorkerConfig(readEnvironment());
  await runWorker(config, createLog(config.logPath));
}

import { rm, writeFile } from 'node:fs/promises';
import { Client, Connection } from '@temporalio/client';
import type { WorkerDeploymentVersion } from '@temporalio/common';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { ActivityDeps, Log } from '../activities/deps.ts';
import { createActivities } from '../activities/index.ts';
import { createPool } from '../activities/postgres/database.ts';
import { TASK_QUEUE } from '../contracts/index.ts';
import { bundleWorkflows } from './bundle.ts';
import type { WorkerConfig } from './config.ts';
import { howClosed } from './how_closed.ts';
import { type Failing, FailureInterceptor } from './interceptor.ts';
import { createNotify } from './notices.ts';

/**
 * Runs a worker until SIGINT or SIGTERM; activities in flight are handed over at once. With a version it gets the
 * releases that were started on that version, and new ones once the version is made current (pp-release deploy).
 */
export async function runWorker(config: WorkerConfig, log: Log, version?: WorkerDeploymentVersion): Promise<void> {
  Runtime.install({ shutdownSignals: ['SIGINT', 'SIGTERM'], logger: temporalLogger(log) });
  const connection = await NativeConnection.connect({ address: config.temporalAddress });
  const clientConnection = await Connection.connect({ address: config.temporalAddress });
  const pool = createPool(config.databaseUrl, 12);
  const failing: Failing = new Map();
  const { notify, delivered } = createNotify(config.slackWebhookUrl, log);
  const deps: ActivityDeps = {
    pool,
    databaseUrl: config.databaseUrl,
    config,
    log,
    notify,
    howClosed: howClosed(new Client({ connection: clientConnection, namespace: config.temporalNamespace })),
  };
  try {
    const worker = await Worker.create({
      connection,
      namespace: config.temporalNamespace,
      taskQueue: TASK_QUEUE,
      workflowBundle: { code: await bundleWorkflows() },
      activities: createActivities(deps),
      interceptors: { activity: [(context) => ({ inbound: new FailureInterceptor(context, failing) })] },
      // Cancellations come back with heartbeats, so they are sent through at once.
      maxHeartbeatThrottleInterval: '200ms',
      defaultHeartbeatThrottleInterval: '200ms',
      shutdownGraceTime: 0,
      // A frozen worker's polls still get tasks, each of which is lost until its time limit: so few polls, and a release has
      // few tasks at a time anyway.
      maxConcurrentActivityTaskPolls: 1,
      maxConcurrentWorkflowTaskPolls: 2,
      // Pinned: a release ends on the code that it was started with.
      ...(version && {
        workerDeploymentOptions: { useWorkerVersioning: true, version, defaultVersioningBehavior: 'PINNED' },
      }),
    });
    const running = worker.run();
    const facts = { task_queue: TASK_QUEUE, temporal: config.temporalAddress, pid: process.pid };
    log('info', 'worker_started', version ? { ...facts, build_id: version.buildId } : facts);
    if (config.readyFile) await writeFile(config.readyFile, `${process.pid}\n`);
    await running;
    await delivered();
    log('info', 'worker_stopped', { pid: process.pid });
  } finally {
    if (config.readyFile) await rm(config.readyFile, { force: true });
    await pool.end();
    await clientConnection.close();
    await connection.close();
  }
}

/** Temporal's own messages go into the same log; the routine ones stay out. */
function temporalLogger(log: Log) {
  const at = (level: 'warn' | 'error') => (message: string, meta?: Record<string, unknown>) =>
    log(level, 'temporal', {
      message,
      ...(meta?.error instanceof Error ? { error_message: meta.error.message } : {}),
    });
  const silent = () => undefined;
  return { log: silent, trace: silent, debug: silent, info: silent, warn: at('warn'), error: at('error') };
}

import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { TASK_QUEUE } from '../contracts/index.ts';
import { runCommand } from '../local/stack/command.ts';
import { PORTAL_DATABASE } from '../local/stack/postgres/databases.ts';
import { withClient } from '../local/stack/postgres/server.ts';
import type { ChaosStack } from './stack.ts';

export const FAULTS = [
  'worker killed',
  'worker frozen',
  'Temporal killed',
  'Temporal frozen',
  'PostgreSQL shut down at once',
  'PostgreSQL killed',
  'portal gone',
] as const;
export type Fault = (typeof FAULTS)[number];

export interface Drawn {
  fault: Fault;
  /** Which worker. */
  worker: number;
  /** How long a worker or Temporal is frozen, or the portal gone. */
  forMs: number;
  /** The worker thaws only when others have ended its work. */
  untilTheEnd: boolean;
}

/** Does it, and mends it after a while. @returns what is left to mend when the action has ended */
export async function strike(
  stack: ChaosStack,
  { fault, worker, forMs, untilTheEnd }: Drawn,
  temporal: Client,
): Promise<() => Promise<void>> {
  const nothing = async () => undefined;
  switch (fault) {
    case 'worker killed':
      stack.worker(worker).kill('SIGKILL');
      await stack.mend();
      return nothing;
    case 'worker frozen': {
      const frozen = stack.worker(worker);
      frozen.kill('SIGSTOP');
      if (untilTheEnd) return () => thaw(frozen, temporal);
      await delay(forMs);
      frozen.kill('SIGCONT');
      return nothing;
    }
    case 'Temporal frozen': {
      const temporal = stack.pidOf('temporal');
      process.kill(temporal, 'SIGSTOP');
      await delay(forMs);
      process.kill(temporal, 'SIGCONT');
      return nothing;
    }
    case 'Temporal killed':
      await end(stack.pidOf('temporal'), 'SIGKILL');
      await bringBack(stack);
      return nothing;
    case 'PostgreSQL shut down at once':
    case 'PostgreSQL killed':
      await end(stack.pidOf('postgres'), fault === 'PostgreSQL killed' ? 'SIGKILL' : 'SIGQUIT');
      await bringBack(stack);
      return nothing;
    case 'portal gone':
      await allowPortal(stack, false);
      await delay(forMs);
      await allowPortal(stack, true);
      return nothing;
  }
}

/** Answers once the worker polls again: by then it has heard, or is hearing, that its work is another's. */
async function thaw(frozen: ChildProcess, { workflowService, options }: Client): Promise<void> {
  const thawed = Date.now();
  frozen.kill('SIGCONT');
  const request = { namespace: options.namespace, taskQueue: { name: TASK_QUEUE }, taskQueueType: 2 };
  for (;;) {
    const { pollers } = await workflowService.describeTaskQueue(request);
    const poller = pollers?.find(({ identity }) => identity?.startsWith(`${frozen.pid}@`));
    const { seconds = 0, nanos = 0 } = poller?.lastAccessTime ?? {};
    if (Number(seconds) * 1000 + Number(nanos) / 1e6 > thawed) return;
    await delay(100);
  }
}

/** The port of a killed server is not always free at once. */
async function bringBack(stack: ChaosStack): Promise<void> {
  for (let left = 40; ; left--) {
    try {
      await stack.mend();
      return;
    } catch (error) {
      if (left === 0) throw error;
      await delay(250);
    }
  }
}

/** Its port is free only once it is gone, and a signal does not wait for that. */
async function end(pid: number, signal: NodeJS.Signals): Promise<void> {
  process.kill(pid, signal);
  for (;;) {
    const { stdout } = await runCommand('ps', ['-o', 'stat=', '-p', String(pid)]);
    if (stdout.trim() === '' || stdout.trim().startsWith('Z')) return;
    await delay(20);
  }
}

/** Nobody gets in, and whoever is in is thrown out. */
function allowPortal({ superuserUrl }: ChaosStack, allowed: boolean): Promise<unknown> {
  return withClient(superuserUrl, async (client) => {
    await client.query(`alter database ${PORTAL_DATABASE} allow_connections ${allowed}`);
    if (allowed) return;
    await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [PORTAL_DATABASE]);
  });
}

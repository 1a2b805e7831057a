import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { FromReaders, Reading, ReadingOrder, ToReaders } from './protocol.ts';

/** Until plans are cached, tables are in memory and connections are there, ms. */
const WARM_UP_MS = 4000;

/** Lets readers read in a process of their own while `work` runs, once they are warm; answers what they saw. */
export async function whileReading<T>(order: ReadingOrder, work: () => Promise<T>): Promise<[T, Reading]> {
  const child = fork(fileURLToPath(new URL('readers.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  try {
    await tell(child, { tell: 'read', order }, 'reading');
    await delay(WARM_UP_MS);
    await tell(child, { tell: 'count from now' }, 'counting');
    const worked = await work();
    const { result } = await tell(child, { tell: 'stop' }, 'done');
    await once(child, 'exit');
    return [worked, result];
  } finally {
    child.kill('SIGKILL');
  }
}

/** Sends a message and waits for its answer. @throws Error when the readers' process ends instead */
function tell<K extends FromReaders['tell']>(
  child: ChildProcess,
  message: ToReaders,
  wanted: K,
): Promise<Extract<FromReaders, { tell: K }>> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null, signal: string | null) =>
      reject(new Error(`the readers' process ended with ${code ?? signal}`));
    const onMessage = (answer: FromReaders) => {
      if (answer.tell !== wanted) return;
      child.off('exit', onExit);
      child.off('message', onMessage);
      resolve(answer as Extract<FromReaders, { tell: K }>);
    };
    child.on('message', onMessage);
    child.once('exit', onExit);
    child.send(message);
  });
}

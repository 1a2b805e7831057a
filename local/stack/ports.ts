import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import getPort from 'get-port';
import { runCommand } from './command.ts';
import { StackError } from './errors.ts';

const LOOPBACK = '127.0.0.1';

/** Names the program behind a port where the system tells; there is not always `ss` or `lsof`, or a right to know. */
async function whoListensOn(port: number): Promise<string | undefined> {
  const sockets = await runCommand('ss', ['-Hltnp', `sport = :${port}`]);
  const [, name, pid] = sockets.stdout.match(/\(\("([^"]+)",pid=(\d+)/) ?? [];
  if (pid !== undefined) return `${name} (process ${pid})`;
  const files = await runCommand('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc']);
  const [, lsofPid, lsofName] = files.stdout.match(/p(\d+)\nc(.+)/) ?? [];
  return lsofPid === undefined ? undefined : `${lsofName} (process ${lsofPid})`;
}

/** Whether a server on `port` is where the person wants it: anywhere is fine if nothing is asked for. */
export function isAsked(variable: string, port: number | undefined): boolean {
  const asked = process.env[variable];
  return asked === undefined || asked === '' || Number(asked) === port;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false);
      else reject(error);
    });
    server.listen({ host: LOOPBACK, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A server that was killed a moment ago has its port until the last of its threads is gone. */
const KEPT_BY_THE_DEAD_MS = 2_000;

async function isFreeSoon(port: number): Promise<boolean> {
  const deadline = Date.now() + KEPT_BY_THE_DEAD_MS;
  while (!(await isFree(port))) {
    if (Date.now() > deadline) return false;
    await delay(50);
  }
  return true;
}

/**
 * The port that the person asked for in `variable`, else the one used last time if it is free, else any free one.
 * @throws StackError if the one asked for is taken or is no port.
 */
export async function choosePort(variable: string | undefined, lastTime: number | undefined): Promise<number> {
  const asked = variable === undefined ? undefined : process.env[variable];
  if (variable === undefined || asked === undefined || asked === '') {
    return lastTime !== undefined && (await isFreeSoon(lastTime)) ? lastTime : getPort({ host: LOOPBACK });
  }
  const wanted = Number(asked);
  if (!Number.isInteger(wanted) || wanted < 1024 || wanted > 65535) {
    throw new StackError(
      `${variable}=${asked} is no usable port.`,
      'A port is a whole number from 1024 to 65535.',
      `Set ${variable} to such a number, or leave it out and a free port is chosen.`,
    );
  }
  if (await isFree(wanted)) return wanted;
  const holder = await whoListensOn(wanted);
  throw new StackError(
    `Port ${wanted}, asked for by ${variable}, is in use.`,
    holder === undefined ? `Another program listens on ${LOOPBACK}:${wanted}.` : `${holder} listens on it.`,
    `Stop that program, or give another port in ${variable}, or leave ${variable} out and a free port is chosen.`,
  );
}

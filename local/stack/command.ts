import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Account } from './process.ts';

export interface CommandResult {
  /** Null if a signal ended it, 127 if there is no such program. */
  code: number | null;
  stdout: string;
  /** Both streams as they came, for messages. */
  output: string;
}

export interface CommandOptions {
  env?: Record<string, string>;
  input?: string;
  account?: Account | undefined;
  cwd?: string;
  inherit?: number[];
  timeoutMs?: number;
  /** Called every 15 s, so that a long step does not look like a hang. */
  onStillRunning?: (seconds: number) => void;
}

/** Runs a program to its end. Never throws for what the program does: look at `code`. */
export function runCommand(command: string, args: string[], options: CommandOptions = {}): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const started = Date.now();
    const child = spawn(command, args, {
      cwd: options.cwd,
      stdio: ['pipe', 'pipe', 'pipe', ...(options.inherit ?? [])],
      env: { ...process.env, ...options.env },
      ...(options.timeoutMs !== undefined && { timeout: options.timeoutMs, killSignal: 'SIGKILL' }),
      ...(options.account && { uid: options.account.uid, gid: options.account.gid }),
    });
    const ticker = setInterval(() => options.onStillRunning?.(Math.round((Date.now() - started) / 1000)), 15_000);
    const result: CommandResult = { code: null, stdout: '', output: '' };
    child.stdout?.on('data', (chunk) => {
      result.stdout += chunk;
      result.output += chunk;
    });
    child.stderr?.on('data', (chunk) => {
      result.output += chunk;
    });
    child.once('error', (error: NodeJS.ErrnoException) => {
      clearInterval(ticker);
      if (error.code === 'ENOENT') resolve({ ...result, code: 127, output: `${command}: not found` });
      else reject(error);
    });
    child.once('close', (code) => {
      clearInterval(ticker);
      resolve({ ...result, code });
    });
    // A program that does not read its input closes the pipe; its exit code tells the story.
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input ?? '');
  });
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there or not to be run: both mean no.
    return false;
  }
}

/** All programs of that name on PATH, in its order. */
export const findOnPath = (name: string): string[] =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .filter(isExecutable);

export const lastLines = (text: string, count = 8): string => text.trimEnd().split('\n').slice(-count).join('\n');

import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { lastLines, runCommand } from '../command.ts';
import type { Progress } from '../progress.ts';
import { TEMPORAL_VERSION } from './version.ts';

const ANSWER_LIMIT_MS = 5_000;
const WHOLE_LIMIT_MS = 120_000;
const PLATFORMS: Partial<Record<NodeJS.Platform, string>> = { linux: 'linux', darwin: 'darwin' };
const ARCHITECTURES: Record<string, string> = { x64: 'amd64', arm64: 'arm64' };

/**
 * The official download. Where there is no way out to the internet it must fail soon: the first answer has 5 seconds.
 * @returns an empty string, or why it did not work.
 */
export async function download(target: string, progress: Progress): Promise<string> {
  const platform = PLATFORMS[process.platform];
  const arch = ARCHITECTURES[process.arch];
  if (platform === undefined || arch === undefined) return `no download for ${process.platform} on ${process.arch}`;
  const url = `https://temporal.download/cli/archive/v${TEMPORAL_VERSION}?platform=${platform}&arch=${arch}`;
  progress(`Downloading the Temporal server ${TEMPORAL_VERSION} …`);
  const abort = new AbortController();
  const answerTimer = setTimeout(() => abort.abort(new Error('no answer within 5 s')), ANSWER_LIMIT_MS);
  const wholeTimer = setTimeout(() => abort.abort(new Error('not done within 120 s')), WHOLE_LIMIT_MS);
  try {
    const response = await fetch(url, { signal: abort.signal });
    clearTimeout(answerTimer);
    if (!response.ok || response.body === null) return `the download answers ${response.status}`;
    const archive = join(target, 'temporal.tar.gz');
    await pipeline(Readable.fromWeb(response.body as ReadableStream), createWriteStream(archive), {
      signal: abort.signal,
    });
    const unpacked = await runCommand('tar', ['-xzf', archive, '-C', target, 'temporal']);
    return unpacked.code === 0 ? '' : `the downloaded archive cannot be unpacked: ${lastLines(unpacked.output, 2)}`;
  } catch (error) {
    const { message, cause } = error as Error;
    return `the official download failed: ${cause instanceof Error ? cause.message : message}`;
  } finally {
    clearTimeout(answerTimer);
    clearTimeout(wholeTimer);
  }
}

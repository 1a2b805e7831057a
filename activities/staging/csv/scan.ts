import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { ReleaseError } from '../../postgres/errors.ts';
import type { CsvFile } from './find.ts';

export interface CsvScan {
  sha256: string;
  bytes: number;
  encoding: 'utf-8' | 'windows-1252';
}

/**
 * Reads a file once through, in pieces: its digest, and whether it is UTF-8. What is not UTF-8 is taken as Windows-1252, in
 * which spreadsheets write.
 *
 * @throws ReleaseError ImportFailed when it cannot be read, is empty, or is no text
 */
export async function scanCsv(file: CsvFile): Promise<CsvScan> {
  const hash = createHash('sha256');
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let bytes = 0;
  let isUtf8 = true;
  const decode = (chunk?: Buffer) => {
    try {
      decoder.decode(chunk, { stream: chunk !== undefined });
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      isUtf8 = false;
    }
  };
  try {
    for await (const chunk of createReadStream(file.path) as AsyncIterable<Buffer>) {
      if (chunk.includes(0)) throw unusable(file, 'it has NUL bytes; if it is UTF-16, save it as UTF-8');
      hash.update(chunk);
      bytes += chunk.length;
      if (isUtf8) decode(chunk);
    }
  } catch (error) {
    if (error instanceof ReleaseError) throw error;
    throw unusable(file, `it cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
  if (isUtf8) decode();
  if (bytes === 0) throw unusable(file, 'it is empty');
  return { sha256: hash.digest('hex'), bytes, encoding: isUtf8 ? 'utf-8' : 'windows-1252' };
}

export function unusable(file: CsvFile, why: string): ReleaseError {
  const message = `${file.name}: ${why}; mend the file and start again with startAt import_core`;
  return new ReleaseError('ImportFailed', message, { file: file.name });
}

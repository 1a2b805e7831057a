import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { CsvError, type InfoRecord, parse } from 'csv-parse';
import type { CsvInput } from '../../../catalog/index.ts';
import type { CsvFile } from './find.ts';
import { type CsvHeader, readHeader } from './header.ts';
import { type CsvScan, unusable } from './scan.ts';

/** A longer line means a quote that was never closed. */
const LONGEST_LINE = 1_000_000;

export const NO_ROWS = 'it has a header and no rows';

interface Parsed {
  info: InfoRecord;
  record: string[];
}

/**
 * The lines of a file as PostgreSQL's COPY reads them: line number, what is wrong with the line as a whole, then the cells of
 * the header's columns. Streamed, so that memory does not grow with the file.
 *
 * @param onHeader called once, before the first line is answered
 */
export async function openLines(
  file: CsvFile,
  input: CsvInput,
  scan: CsvScan,
): Promise<{ header: CsvHeader; rows: Readable }> {
  const records = parsed(file, scan);
  async function* lines(header: CsvHeader) {
    for await (const record of records) {
      const line = copyLine(record, header, input);
      if (line) yield line;
    }
  }
  try {
    const names = await records.next();
    if (names.done) throw unusable(file, 'it has no header');
    const header = readHeader(file, input, names.value.record);
    const rows = lines(header);
    const first = await rows.next();
    if (first.done) throw unusable(file, NO_ROWS);
    async function* all(line: string) {
      yield line;
      yield* rows;
    }
    return { header, rows: Readable.from(all(first.value), { objectMode: false }) };
  } catch (error) {
    // Whoever stops in the middle has to close the file.
    await records.return(undefined);
    throw error;
  }
}

async function* parsed(file: CsvFile, { encoding, sha256 }: CsvScan): AsyncGenerator<Parsed> {
  const decoder = new TextDecoder(encoding);
  const hash = createHash('sha256');
  const decode = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, decoder.decode(chunk, { stream: true }));
    },
    flush(done) {
      done(null, decoder.decode());
    },
  });
  const parser = parse({
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    // Files of spreadsheets mix them.
    record_delimiter: ['\r\n', '\n', '\r'],
    max_record_size: LONGEST_LINE,
  });
  const source = createReadStream(file.path);
  source.once('error', (error) => parser.destroy(error));
  source.pipe(decode).pipe(parser);
  try {
    for await (const record of parser as AsyncIterable<Parsed>) yield record;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const { lines } = error as CsvError & { lines?: number };
    throw unusable(file, `line ${lines ?? '?'} is no CSV: ${error.message}`);
  } finally {
    source.destroy();
  }
  if (hash.digest('hex') !== sha256) throw unusable(file, 'it was changed while it was read');
}

/** @returns undefined for a line without anything in it */
function copyLine({ info, record }: Parsed, header: CsvHeader, input: CsvInput): string | undefined {
  if (record.every((cell) => cell.trim() === '')) return undefined;
  const cells = header.places.map((place) => record[place]);
  const line = info.lines - record.reduce((sum, cell) => sum + (cell.match(/\r\n|\n|\r/g)?.length ?? 0), 0);
  const fault = widthFault(record, header, input);
  return `${[String(line), fault, ...cells].map(copyCell).join('\t')}\n`;
}

/** Cells have been lost or have slipped: no cell of such a row can be trusted. */
function widthFault(record: readonly string[], header: CsvHeader, input: CsvInput): string | undefined {
  const surplus = record.slice(header.width).some((cell) => cell.trim() !== '');
  if (surplus) return `it has ${record.length} cells, the header ${header.width}`;
  const isFooter = input.footer && (record[header.places[0] ?? 0] ?? '').trim() === '';
  if (record.length < header.width && !isFooter) return `it has ${record.length} cells, the header ${header.width}`;
  return undefined;
}

function copyCell(cell: string | undefined): string {
  if (cell === undefined) return '\\N';
  return cell.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
}

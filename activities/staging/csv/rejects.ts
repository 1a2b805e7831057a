import type { CsvColumn } from '../../../catalog/index.ts';
import type { Session } from '../../postgres/database.ts';
import { ident, literal } from '../../postgres/identifiers.ts';

/** Call of csv_fault or csv_value (migrations/0009_csv_rules.sql) on a cell of the column. */
export function csvCall(name: string, column: CsvColumn): string {
  return `pp_release.${name}(${literal(column.kind)}, ${ident(column.name)}, ${Boolean(column.grouped)})`;
}

/** Writes what is wrong with one file into pp_release.rejects, in the importer's name. */
export class Rejects {
  readonly file: string;
  readonly #session: Session;
  readonly #importer: string;

  constructor(session: Session, importer: string, file: string) {
    this.#session = session;
    this.#importer = importer;
    this.file = file;
  }

  /** @param select answers `line` and `reason` */
  async rows(select: string): Promise<void> {
    await this.#session.query(
      `insert into pp_release.rejects (release_id, importer, reason, row_key, details)
       select pp_release.release_id(), ${literal(this.#importer)}, reason, ${literal(`${this.file} line `)} || line,
              jsonb_build_object('file', ${literal(this.file)}, 'line', line)
       from (${select}) faults order by line`,
    );
  }

  /** The row goes on without the cell. */
  async cells(raw: string, columns: readonly CsvColumn[]): Promise<void> {
    const cells = columns.map(
      (column) => `(${literal(column.name)}, ${ident(column.name)}, ${csvCall('csv_fault', column)})`,
    );
    await this.#session.query(
      `insert into pp_release.rejects (release_id, importer, reason, row_key, details)
       select pp_release.release_id(), ${literal(this.#importer)}, 'column ' || cell.name || ': ' || cell.fault,
              ${literal(`${this.file} line `)} || pp_line,
              jsonb_build_object('file', ${literal(this.file)}, 'line', pp_line, 'column', cell.name, 'value', left(cell.value, 200))
       from ${raw} cross join lateral (values ${cells.join(', ')}) cell (name, value, fault)
       where cell.fault is not null order by pp_line, cell.name`,
    );
  }

  async notes(notes: readonly string[]): Promise<void> {
    for (const note of notes) {
      await this.#session.query(
        `insert into pp_release.rejects (release_id, importer, severity, reason, row_key, details)
         values (pp_release.release_id(), $1, 'note', $2, $3, jsonb_build_object('file', $3::text))`,
        [this.#importer, note, this.file],
      );
    }
  }
}

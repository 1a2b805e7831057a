import type pg from 'pg';
import { importRow } from './old_row.ts';

/** Rows a page, as the old system read them. */
const PAGE = 10;
const VIEWS = ['staging_portal_standard_polygons', 'staging_portal_standard_points'];

export interface RowByRow {
  /** Rows that were imported, and all there are. */
  rows: number;
  of: number;
  /** Seconds for the sample: reading its pages, and all else. */
  reading: number;
  writing: number;
  statements: number;
  rowErrors: number;
}

/**
 * The old system's way over the same connection library: pages by LIMIT and OFFSET without an order, a transaction and
 * some 17 statements a row. The pages are spread evenly over the views, since a far page takes longer to read.
 */
export async function rowByRow(session: pg.ClientBase, sample: number): Promise<RowByRow> {
  const result: RowByRow = { rows: 0, of: 0, reading: 0, writing: 0, statements: 0, rowErrors: 0 };
  const sizes = await Promise.all(VIEWS.map(async (view) => ({ view, rows: await count(session, view) })));
  result.of = sizes.reduce((sum, { rows }) => sum + rows, 0);
  for (const { view, rows } of sizes) {
    const pages = Math.ceil((Math.min(sample, result.of) * rows) / result.of / PAGE);
    for (let page = 0; page < pages; page++) {
      const offset = Math.floor((page * rows) / pages);
      const started = performance.now();
      const read = await session.query(`select * from ${view} limit ${PAGE} offset ${offset}`);
      const then = performance.now();
      for (const row of read.rows) {
        const { statements, failed } = await importRow(session, row);
        result.statements += statements;
        result.rowErrors += failed ? 1 : 0;
      }
      result.rows += read.rows.length;
      result.reading += (then - started) / 1000;
      result.writing += (performance.now() - then) / 1000;
    }
  }
  return result;
}

async function count(session: pg.ClientBase, view: string): Promise<number> {
  const { rows } = await session.query<{ n: number }>(`select count(*)::int as n from ${view}`);
  return rows[0]?.n ?? 0;
}

import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPortalRows, type PortalRows } from '../support/portal_rows.ts';

type Row = Record<string, unknown>;
/** A change of the portal, or of live, for the test's own site; the nine numbers above it are its own too. */
export type Change = (portal: PortalRows, site: number) => Promise<unknown>;
export const NOTHING: Change = async () => undefined;

/** Rows of a table in January's release, which is live, and in February's, which is staged. */
interface Months {
  january(table: string, where: string): Promise<Row[]>;
  february(table: string, where: string): Promise<Row[]>;
  /** Start of February's release. */
  readonly started: Date;
}

interface TwoReleases {
  months: Months;
  /** One site in January, changed by February. */
  rule(title: string, january: Change, february: Change, assert: (site: number) => Promise<void>): void;
  /** The rows of both months have the same id and created_at, and are the same but for what `same` says. */
  kept(table: string, where: string, same: 'all' | 'but updated_at'): Promise<void>;
  portalNow(): PortalRows;
}

/** Tests that share two releases of one portal, with all their changes between them. */
export function rulesOverTwoReleases(): TwoReleases {
  const arranged: { january: Change; february: Change; site: number }[] = [];
  let portal: PortalRows;
  let started: Date;

  beforeAll(async () => {
    portal = await openPortalRows();
    for (const { january, site } of arranged) await january(portal, site);
    await portal.rooms.release('Jan2027');
    for (const { february, site } of arranged) await february(portal, site);
    const { releaseId } = await portal.rooms.stage('Feb2027');
    const [row] = await portal.rooms.rows<{ created_at: Date }>('select created_at from releases where id = $1', [
      releaseId,
    ]);
    started = (row as { created_at: Date }).created_at;
  });
  afterAll(() => portal?.close());

  const rows = (prefix: string) => (table: string, where: string) =>
    portal.rooms.rows<Row>(`select * from ${prefix}${table} where ${where} order by id`);
  const months: Months = {
    january: rows(''),
    february: rows('staging_'),
    get started() {
      return started;
    },
  };

  const identity = (row: Row) => ({ id: row.id, created_at: row.created_at });
  return {
    months,
    portalNow: () => portal,
    rule: (title, january, february, assert) => {
      const site = 1000 + 10 * arranged.length;
      arranged.push({ january, february, site });
      it(title, () => assert(site));
    },
    kept: async (table, where, same) => {
      const [before, after] = [await months.january(table, where), await months.february(table, where)];
      expect(before).not.toEqual([]);
      expect(after.map(identity)).toEqual(before.map(identity));
      if (same === 'all') expect(after).toEqual(before);
      else expect(after.map((row) => row.updated_at)).toEqual(after.map(() => started));
    },
  };
}

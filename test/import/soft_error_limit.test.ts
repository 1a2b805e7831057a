import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Importing, openImporting } from '../support/importing.ts';

/** Too many soft errors: the importer fails, and whoever has to mend the data finds all of them. */
let importing: Importing;
beforeAll(async () => {
  importing = await openImporting([], { sites: 200 });
});
afterAll(() => importing?.close());

const count = async (from: string) => {
  const [row] = await importing.rows<{ n: number }>(`select count(*)::int as n from ${from}`);
  return row?.n;
};
const marked = (importer: string) => count(`pp_release.import_marks where importer = '${importer}'`);

// Nothing has imported the sites: no evaluation finds its own.
describe('an importer of the portal', () => {
  it('leaves its rejects, all of them, and nothing else', async () => {
    const methods = await importing.rows('select * from pame_methods order by id');
    const evaluations = await count('staging_portal_standard_pame');
    expect(evaluations).toBeGreaterThan(10);
    const failure = await importing.run('pame').catch((error: unknown) => error);
    expect(failure).toMatchObject({
      type: 'ImportFailed',
      facts: { importer: 'pame', read: evaluations, setAside: evaluations, limitPercent: 5 },
    });
    expect((failure as Error).message).toMatch(
      /importer pame: (\d+) of \1 rows have soft errors, 100 %, and the limit is 5 %: no such site or parcel in this release \(\1: .*; all of them are in pp_release\.rejects where release_id = \d+ and importer = 'pame'/,
    );
    expect(await importing.rejects('pame')).toHaveLength(evaluations as number);
    expect(await importing.rows('select * from staging_pame_methods order by id')).toEqual(methods);
    expect([await count('staging_pame_evaluations'), await marked('pame')]).toEqual([0, 0]);
  });

  it('takes them at a limit of 100 %', async () => {
    const evaluations = await count('staging_portal_standard_pame');
    expect(await importing.run('pame', { softErrorLimitPercent: 100 })).toMatchObject({
      softErrors: evaluations,
      counts: { pame_evaluations: 0 },
    });
    expect(await marked('pame')).toBe(1);
  });
});

describe('an importer of a CSV file', () => {
  const FILE = 'biopama_countries_iso_codes.csv';
  const good = 'ISO3\nBEN\nTGO\n';
  beforeEach(async () => {
    importing.file(FILE, good);
    await importing.run('biopama_countries');
  });
  const planned = () => count(`pp_release.live_changes where importer = 'biopama_countries'`);
  const codes = Array.from({ length: 30 }, (_, at) => `Q${String.fromCharCode(65 + (at % 26))}${at < 26 ? 'Q' : 'X'}`);

  it('forgets what an earlier run has made, and its mark: the same file is read anew', async () => {
    expect([await planned(), await marked('biopama_countries')]).toEqual([2, 1]);
    importing.file(FILE, `${good}${codes.join('\n')}\n`);
    await expect(importing.run('biopama_countries')).rejects.toThrow(/30 of 32 rows have soft errors, 93\.8 %/);
    expect([await planned(), await marked('biopama_countries')]).toEqual([0, 0]);
    const told = await importing.rejects('biopama_countries');
    expect(told.map(({ details }) => details.iso3).sort()).toEqual(codes.toSorted());

    importing.file(FILE, good);
    const again = await importing.run('biopama_countries');
    expect(again).toMatchObject({ counts: { countries: 2 }, softErrors: 0 });
    expect(again.alreadyDone).toBeUndefined();
    expect(await importing.rejects('biopama_countries')).toEqual([]);
  });

  it('goes by the limit of the release', async () => {
    importing.file(FILE, `${good}${codes.join('\n')}\n`);
    await expect(importing.run('biopama_countries', { softErrorLimitPercent: 93 })).rejects.toThrow(/93\.8 %/);
    const taken = await importing.run('biopama_countries', { softErrorLimitPercent: 94 });
    expect(taken).toMatchObject({ counts: { countries: 2 }, softErrors: 30 });
  });
});

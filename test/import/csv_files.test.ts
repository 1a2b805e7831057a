import { rmSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Importing, openImporting } from '../support/importing.ts';

/** Each fault that a file of statistics may have, and the rule for it (docs/csv.md). */
let importing: Importing;
beforeAll(async () => {
  importing = await openImporting();
});
afterAll(() => importing?.close());
beforeEach(() => {
  rmSync(importing.csvDir, { recursive: true, force: true });
  importing.file('pame_country_statistics_2026-03-01.csv', `${PAME}\nFRA,1,2,3,4\n`);
});

const HEADER =
  'iso3,pa_marine_area,pa_land_area,marine_area,land_area,percentage_pa_land_cover,percentage_pa_marine_cover,percentage_nr_land_cover,percentage_nr_marine_cover,nr_version,nr_report_url,oecms_pa_marine_area,oecms_pa_land_area,percentage_oecms_pa_land_cover,percentage_oecms_pa_marine_cover';
const PAME = 'iso3,pame_pa_marine_area,pame_pa_land_area,pame_percentage_pa_marine_cover,pame_percentage_pa_land_cover';
const FILE = 'country_statistics_2026-03-01.csv';
const row = (iso3: string, cells: Partial<Record<number, string>> = {}) =>
  [iso3, ...Array.from({ length: 14 }, (_, at) => cells[at + 1] ?? '1')].join(',');

/** Imports lines under the usual header and answers the rows of staging by country code. */
async function load(content: string | Buffer, name = FILE) {
  importing.file(name, content);
  await importing.run('country_statistics');
  return importing.rows<Record<string, unknown>>(
    `select c.iso_3 as iso3, pa_marine_area, pa_land_area, land_area, percentage_pa_land_cover as land_cover, nr_version, nr_report_url
     from staging_country_statistics s left join countries c on c.id = s.country_id order by c.iso_3`,
  );
}
const soft = async () =>
  (await importing.rejects('country_statistics'))
    .filter(({ severity }) => severity === 'soft')
    .map(({ reason, row_key }) => `${row_key}: ${reason}`);
const notes = async () =>
  (await importing.rejects('country_statistics'))
    .filter(({ severity }) => severity === 'note')
    .map(({ reason, row_key }) => `${row_key}: ${reason}`);

describe('taken as it is', () => {
  it('a byte order mark, CRLF, mixed line ends, no last line end, empty lines', async () => {
    const rows = await load(`\ufeff${HEADER}\r\n${row('FRA')}\n\r\n${row('DEU')}\r${row('ITA')}\r\n${row('ESP')}`);
    expect(rows.map(({ iso3 }) => iso3)).toEqual(['DEU', 'ESP', 'FRA', 'ITA']);
    expect(await soft()).toEqual([]);
  });

  it('header names in any case and order, with blanks around them, and empty names at the end', async () => {
    const columns = HEADER.split(',');
    const turned = [...columns].reverse().map((name) => ` ${name.toUpperCase()} `);
    const cells = row('FRA', { 2: '7.5' }).split(',').reverse();
    const [only] = await load(`${turned.join(',')},,\n${cells.join(',')},,\n`);
    expect(only).toMatchObject({ iso3: 'FRA', pa_land_area: 7.5, pa_marine_area: 1 });
    expect([await soft(), await notes()]).toEqual([[], []]);
  });

  it('quoted cells with commas, quotes and line ends; the line number of what follows stays right', async () => {
    const url = '"https://a.example/?a=1,2\n""second"" line"';
    const rows = await load(`${HEADER}\n${row('FRA', { 10: url })}\n${row('DEU', { 1: 'many' })}\n`);
    expect(rows[1]).toMatchObject({ iso3: 'FRA', nr_report_url: 'https://a.example/?a=1,2\n"second" line' });
    expect(await soft()).toEqual([`${FILE} line 4: column pa_marine_area: not a number`]);
  });

  it('na, n/a, - and blank, in any case and with blanks, are NULL and not 0', async () => {
    const [only] = await load(`${HEADER}\n${row('FRA', { 1: 'na', 2: ' - ', 4: '', 5: 'N/A', 9: 'NA' })}\n`);
    expect(only).toMatchObject({ pa_marine_area: null, pa_land_area: null, land_area: null, land_cover: null });
    expect(only).toMatchObject({ nr_version: null });
    expect(await soft()).toEqual([]);
  });

  it('decimal commas, thousands commas that are clear, a percent sign, exponents', async () => {
    const cells = { 1: '"12,5"', 2: '"1,234,567.8"', 4: '1.5e3', 5: '12.5 %' };
    const [only] = await load(`${HEADER}\n${row('FRA', cells)}\n`);
    expect(only).toMatchObject({ pa_marine_area: 12.5, pa_land_area: 1234567.8, land_area: 1500, land_cover: 12.5 });
    expect(await soft()).toEqual([]);
  });

  it('codes in small letters and with blanks', async () => {
    expect((await load(`${HEADER}\n${row(' fra ')}\n`)).map(({ iso3 }) => iso3)).toEqual(['FRA']);
  });

  it('a name with two dots', async () => {
    expect(await load(`${HEADER}\n${row('FRA')}\n`, 'country_statistics_2026-03-02..csv')).toHaveLength(1);
  });
});

describe('taken, with a note', () => {
  it('Windows-1252', async () => {
    const [only] = await load(Buffer.from(`${HEADER}\n${row('FRA', { 10: 'C\xf4te d\x92Ivoire' })}\n`, 'latin1'));
    expect(only).toMatchObject({ nr_report_url: 'Côte d’Ivoire' });
    expect(await notes()).toEqual([`${FILE}: it is not UTF-8 and was read as Windows-1252`]);
  });

  it('columns that nobody reads, and one without a name', async () => {
    const columns = HEADER.split(',');
    const header = [columns[0], 'remark', '', ...columns.slice(1)].join(',');
    const cells = row('FRA', { 1: '7' }).split(',');
    const [only] = await load(`${header}\n${[cells[0], 'new', '', ...cells.slice(1)].join(',')}\n`);
    expect(only).toMatchObject({ iso3: 'FRA', pa_marine_area: 7 });
    expect(await notes()).toEqual([`${FILE}: columns that nobody reads: remark, a column without a name`]);
  });

  it('a file that is months older than the release', async () => {
    importing.file('pame_country_statistics_2026-03-01.csv', undefined);
    importing.file('pame_country_statistics_2025-11-01.csv', `${PAME}\nFRA,1,2,3,4\n`);
    await load(`${HEADER}\n${row('FRA')}\n`);
    expect(await notes()).toEqual([
      'pame_country_statistics_2025-11-01.csv: pame_country_statistics_2025-11-01.csv is the newest, 5 months older than release Apr2026',
    ]);
  });

  it('another file whose name has no date, or one that is none', async () => {
    importing.file('country_statistics_March.csv', 'anything');
    importing.file('country_statistics_2026-02-30.csv', 'anything');
    await load(`${HEADER}\n${row('FRA')}\n`);
    expect(await notes()).toEqual([
      `${FILE}: country_statistics_2026-02-30.csv is not read: its name has no date such as country_statistics_2026-03-01.csv`,
      `${FILE}: country_statistics_March.csv is not read: its name has no date such as country_statistics_2026-03-01.csv`,
    ]);
  });
});

describe('set aside as a soft error, with file, line and column', () => {
  it.each([
    [{ 5: '100.78' }, 'column percentage_pa_land_cover: a percentage outside 0 to 100'],
    [{ 5: '-1' }, 'column percentage_pa_land_cover: a percentage outside 0 to 100'],
    [{ 5: '<1' }, 'column percentage_pa_land_cover: not a number'],
    [{ 4: 'NaN' }, 'column land_area: not a number'],
    [{ 4: 'Infinity' }, 'column land_area: not a number'],
    [{ 4: '-inf' }, 'column land_area: not a number'],
    [{ 4: '1e400' }, 'column land_area: a number too large'],
    [{ 4: '1e-400' }, 'column land_area: a number too small'],
    [{ 5: '1e400' }, 'column percentage_pa_land_cover: a number too large'],
    [{ 4: '"1,234"' }, 'column land_area: not clear: a decimal comma, or thousands'],
    [{ 9: 'v.3' }, 'column nr_version: not a whole number'],
    [{ 9: '2.5' }, 'column nr_version: not a whole number'],
    [{ 9: '99999999999' }, 'column nr_version: not a whole number'],
    [{ 9: '9999999999' }, 'column nr_version: a number too large'],
  ])('a cell: %o; the row goes on without it', async (cells, reason) => {
    const [only] = await load(`${HEADER}\n${row('FRA', cells)}\n`);
    expect(only).toMatchObject({ iso3: 'FRA', pa_marine_area: 1 });
    const column = reason.slice('column '.length).split(':')[0];
    const [reject] = await importing.rejects('country_statistics');
    expect(reject).toMatchObject({ reason, severity: 'soft', details: { file: FILE, line: 2, column } });
    const key = column === 'percentage_pa_land_cover' ? 'land_cover' : (column as string);
    expect(only?.[key]).toBeNull();
  });

  it.each([
    ['land_area', '310 digits', '9'.repeat(310), 'a number too large'],
    ['land_area', '200,000 digits', '9'.repeat(200_000), 'a number too large'],
    ['land_area', '250 digits and an exponent', `${'9'.repeat(250)}e99`, 'a number too large'],
    ['land_area', '400 zeros after the point', `0.${'0'.repeat(400)}1`, 'a number too small'],
    ['nr_version', '310 digits', '9'.repeat(310), 'not a whole number'],
  ])('a cell of %s: %s', async (column, _, cell, reason) => {
    const [only] = await load(`${HEADER}\n${row('FRA', { [column === 'land_area' ? 4 : 9]: cell })}\n`);
    expect(only).toMatchObject({ iso3: 'FRA', [column]: null });
    expect(await soft()).toEqual([`${FILE} line 2: column ${column}: ${reason}`]);
  });

  it('no cell that is long and can be read', async () => {
    const cells = { 1: `${'0'.repeat(400)}7`, 2: `1.${'3'.repeat(400)}`, 4: '1e300' };
    const [only] = await load(`${HEADER}\n${row('FRA', cells)}\n`);
    expect(only).toMatchObject({ pa_marine_area: 7, pa_land_area: 4 / 3, land_area: 1e300 });
    expect(await soft()).toEqual([]);
  });

  it.each([
    ['an unknown country code', row('XXQ'), 'unknown country code'],
    ['a code that is none', row('France'), 'column iso3: not a country code'],
    ['no code', row(''), 'it has no iso3'],
    ['too few cells', 'DEU,1,2,3', 'it has 4 cells, the header 15'],
    ['too many cells', `${row('DEU')},9,9`, 'it has 17 cells, the header 15'],
  ])('a row: %s; the others go on', async (_, line, reason) => {
    const rows = await load(`${HEADER}\n${row('FRA')}\n${line}\n${row('ESP')}\n`);
    expect(rows.map(({ iso3 }) => iso3)).toEqual(['ESP', 'FRA']);
    expect(await soft()).toEqual([`${FILE} line 3: ${reason}`]);
  });

  it('a row that comes twice: the later one counts', async () => {
    const rows = await load(`${HEADER}\n${row('FRA', { 1: '5' })}\n${row('FRA', { 1: '6' })}\n`);
    expect(rows.map(({ pa_marine_area }) => pa_marine_area)).toEqual([6]);
    expect(await soft()).toEqual([`${FILE} line 2: line 3 has the same iso3 and counts`]);
  });
});

describe('a hard error that names the file and says what to do; staging stays as it was', () => {
  const withoutColumn = (name: string) => HEADER.replace(`,${name}`, '');
  it.each([
    ['an empty file', '', /country_statistics_2026-03-01\.csv: it is empty; mend the file/],
    ['a header only', `${HEADER}\n`, /it has a header and no rows/],
    [
      'blank rows only',
      `${HEADER}\n${',,'.repeat(7)}\n\n , ,\n`,
      /03-01\.csv: it has a header and no rows; mend the file/,
    ],
    [
      'a missing column',
      `${withoutColumn('land_area')}\n${row('FRA')}\n`,
      /line 1 has no column land_area; its columns are iso3, /,
    ],
    ['a column that is there twice', `${HEADER},iso3\n${row('FRA')},FRA\n`, /line 1 has the column iso3 twice/],
    [
      'a quote that is never closed',
      `${HEADER}\n${row('FRA', { 10: '"never' })}\n${row('DEU')}\n`,
      /line \d is no CSV/,
    ],
    [
      'UTF-16',
      Buffer.from(`\ufeff${HEADER}\n${row('FRA')}\n`, 'utf16le'),
      /NUL bytes; if it is UTF-16, save it as UTF-8/,
    ],
  ])('%s', async (_, content, message) => {
    await load(`${HEADER}\n${row('FRA', { 1: '77' })}\n`);
    await expect(load(content)).rejects.toThrow(message);
    await expect(load(content)).rejects.toMatchObject({ type: 'ImportFailed' });
    const left = await importing.rows('select pa_marine_area from staging_country_statistics');
    expect(left).toEqual([{ pa_marine_area: 77 }]);
  });

  it('no file of that name, and only files of later months', async () => {
    await expect(importing.run('country_statistics')).rejects.toThrow(
      /there is no country_statistics_YYYY-MM-DD\.csv in/,
    );
    importing.file('country_statistics_2026-05-01.csv', `${HEADER}\n${row('FRA')}\n`);
    await expect(importing.run('country_statistics')).rejects.toThrow(
      /release Apr2026 cannot use files of a later month \(country_statistics_2026-05-01\.csv\)/,
    );
  });

  it('two files of one date, in the folder and its statistics/ or with two dots; older ones may be there twice', async () => {
    importing.file(`statistics/${FILE}`, `${HEADER}\n${row('FRA', { 1: '3' })}\n`);
    await expect(load(`${HEADER}\n${row('FRA', { 1: '4' })}\n`)).rejects.toThrow(
      /there are 2 files country_statistics of 2026-03-01 in .*: country_statistics_2026-03-01\.csv, statistics\/country_statistics_2026-03-01\.csv; take away/,
    );
    const [only] = await load(`${HEADER}\n${row('FRA', { 1: '5' })}\n`, 'country_statistics_2026-03-02.csv');
    expect(only).toMatchObject({ pa_marine_area: 5 });
    importing.file('country_statistics_2026-03-02..csv', `${HEADER}\n${row('FRA')}\n`);
    await expect(importing.run('country_statistics')).rejects.toThrow(
      /: country_statistics_2026-03-02\.\.csv, country_statistics_2026-03-02\.csv; take away/,
    );
  });

  it('two files of a name without a date', async () => {
    importing.file('biopama_countries_iso_codes.csv', 'ISO3\nBEN\n');
    importing.file('statistics/BIOPAMA_countries_ISO_codes.csv', 'ISO3\nTGO\n');
    await expect(importing.run('biopama_countries')).rejects.toThrow(
      /there are 2 files biopama_countries_iso_codes in .*: biopama_countries_iso_codes\.csv, statistics\/BIOPAMA_countries_ISO_codes\.csv/,
    );
  });

  it('changed while it is read', async () => {
    importing.file(FILE, `${HEADER}\n${row('FRA')}\n`);
    const onStep = (step: string) => {
      if (step === `read ${FILE}`) importing.file(FILE, `${HEADER}\n${row('FRA')}\n${row('DEU')}\n`);
    };
    await expect(importing.run('country_statistics', { onStep })).rejects.toThrow(
      /2026-03-01\.csv: it was changed while it was read; mend the file/,
    );
  });

  it('a line that is longer than any: a quote is closed much later', async () => {
    const cell = `"${'never\n'.repeat(200_000)}"`;
    await expect(load(`${HEADER}\n${row('DEU')}\n${row('FRA', { 10: cell })}\n`)).rejects.toThrow(
      /2026-03-01\.csv: line \d+ is no CSV: .*1000000.*; mend the file/,
    );
  });

  it('the folder is not there', async () => {
    await expect(importing.run('country_statistics', { csvDir: '/nowhere/at/all' })).rejects.toThrow(
      /the folder of CSV files, PP_CSV_DIR=\/nowhere\/at\/all, cannot be read \(ENOENT\)/,
    );
  });

  it('rows of which none can be used, be they ever so few', async () => {
    const useless = [row('XXQ'), row(''), row('France'), 'DEU,1,2', `${row('ESP')},9`];
    await expect(load(`${HEADER}\n${useless.join('\n')}\n`)).rejects.toThrow(
      /none of the 5 rows of country_statistics_2026-03-01\.csv can be used: .*it has 16 cells, the header 15 \(1: .*pp_release\.rejects/,
    );
    expect(await soft()).toHaveLength(5);
    const rows = await load(`${HEADER}\n${[...useless, row('FRA', { 1: 'bad' })].join('\n')}\n`);
    expect(rows.map(({ iso3 }) => iso3)).toEqual(['FRA']);
  });

  it('the same of the other file of the importer: its codes are unknown', async () => {
    importing.file('pame_country_statistics_2026-03-01.csv', `${PAME}\nXXQ,1,2,3,4\nXXR,1,2,3,4\n`);
    await expect(load(`${HEADER}\n${row('FRA')}\n`)).rejects.toThrow(
      /none of the 2 rows of pame_country_statistics_2026-03-01\.csv can be used: unknown country code \(2: /,
    );
  });

  it('a share of soft errors of all rows of the files, those that are set aside among them', async () => {
    const codes = (await importing.rows<{ iso_3: string }>('select iso_3 from countries order by 1 limit 219')).map(
      ({ iso_3 }) => iso_3,
    );
    const cut = (short: number, of: number) =>
      `${HEADER}\n${codes
        .slice(0, of)
        .map((code, at) => (at < short ? code : row(code)))
        .join('\n')}\n`;
    // With the one of the other file 220, of which 11 are exactly 5 %.
    importing.file(FILE, cut(11, 219));
    expect(await importing.run('country_statistics')).toMatchObject({ softErrors: 11 });
    const [mark] = await importing.rows(
      `select inputs->0->'rows' as rows from pp_release.import_marks where importer = 'country_statistics'`,
    );
    expect(mark).toEqual({ rows: 219 });
    await expect(load(cut(11, 218))).rejects.toThrow(/11 of 219 rows have soft errors, 5 %/);
  });

  it('a share of soft errors above the limit; the limit can be raised', async () => {
    const codes = (await importing.rows<{ iso_3: string }>('select iso_3 from countries order by 1 limit 100')).map(
      ({ iso_3 }) => iso_3,
    );
    const bad = `${HEADER}\n${codes.map((code, at) => row(code, at < 11 ? { 1: 'bad' } : {})).join('\n')}\n`;
    await expect(load(bad)).rejects.toThrow(
      /11 of 101 rows have soft errors, 10\.9 %, and the limit is 5 %: column pa_marine_area: not a number \(11: country_statistics_2026-03-01\.csv line 10/,
    );
    const result = await importing.run('country_statistics', { softErrorLimitPercent: 11 });
    expect(result).toMatchObject({ softErrors: 11, counts: { country_statistics: 100 } });
  });
});

it('the newest file that is not of a later month than the release is read, in the folder or its statistics/', async () => {
  importing.file('statistics/country_statistics_2026-04-01.csv', `${HEADER}\n${row('FRA', { 1: '4' })}\n`);
  importing.file('country_statistics_2026-05-01.csv', `${HEADER}\n${row('FRA', { 1: '5' })}\n`);
  const rows = await load(`${HEADER}\n${row('FRA', { 1: '3' })}\n`);
  expect(rows.map(({ pa_marine_area }) => pa_marine_area)).toEqual([4]);
});

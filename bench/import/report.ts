import type { CpuUse } from '../support/cpu.ts';
import { highest } from '../support/stats.ts';
import { type Row, type Section, seconds } from '../support/table.ts';
import type { Measured } from './size.ts';
import { PHASES, TITLES } from './times.ts';

const RATIO = 1.2;
const TEN_TIMES = 11;
const MEMORY_MB = 250;
/** Peaks that differ by less than this say nothing of the size: a collection more or less. */
const FLAT = 1.15;

const mb = (value: number | undefined): string => (value === undefined ? 'not known' : `${Math.round(value)} MB`);
const times = (ratio: number): string => `${ratio.toFixed(2)} times`;

export function sizeSection(measured: Measured): Section {
  const { sites, script, ours, differences, compared, memory } = measured;
  const ratio = ours.all / script.all;
  const importers = Object.entries(ours.importers).map(([name, took]) => `${name} ${seconds(took)}`);
  const known = PHASES.reduce((total, phase) => total + ours.phases[phase], ours.manifest);
  return {
    title: `${sites} sites`,
    rows: [
      {
        what: 'row counts differ',
        value: `${differences.length} of ${compared.relations} relations (${compared.rows} rows)`,
        target: '0',
        met: differences.length === 0,
        correctness: true,
      },
      ...differences.map((difference) => ({ what: '  a difference', value: difference })),
      ...PHASES.map((phase) => ({
        what: TITLES[phase],
        value: pair(script.phases[phase], ours.phases[phase]),
      })),
      { what: 'validation and manifest', value: `ours only: ${seconds(ours.manifest)}` },
      { what: 'lock, and between the phases', value: `ours only: ${seconds(ours.all - known)}` },
      {
        what: 'in all',
        value: pair(script.all, ours.all),
        target: `at most ${RATIO} times`,
        met: ratio <= RATIO,
      },
      ...cpuRows(measured),
      { what: '  importers', value: importers.join(', ') },
      {
        what: "worker's memory (RSS)",
        value: `${mb(memory.peak)} at its peak, ${mb(memory.before)} before the release`,
        ...(memory.peak === undefined ? {} : { target: `under ${MEMORY_MB} MB`, met: memory.peak < MEMORY_MB }),
      },
      ...oldWayRows(measured),
    ],
  };
}

const pair = (script: number, ours: number): string =>
  `script ${seconds(script)}, ours ${seconds(ours)}: ${times(ours / script)}`;

/** Where others work on the machine, times wait for them; the CPU time that either side used does not. */
function cpuRows({ cpu }: Measured): Row[] {
  if (!cpu.script || !cpu.ours) return [];
  const others = (use: CpuUse) => `${Math.max(0, use.machine - use.own).toFixed(0)} %`;
  const used = pair(cpu.script.ownSeconds, cpu.ours.ownSeconds);
  return [
    { what: '  CPU time of all processes', value: used },
    { what: "  others' part of the machine", value: `script ${others(cpu.script)}, ours ${others(cpu.ours)}` },
  ];
}

function oldWayRows({ oldWay, ours }: Measured): Row[] {
  const { rows, of, reading, writing, statements, rowErrors } = oldWay;
  if (rows === 0) return [];
  const scaled = ((reading + writing) * of) / rows;
  const perRow = (statements / rows).toFixed(1);
  return [
    {
      what: 'row by row, a sample',
      value: `${rows} of ${of} rows, ${perRow} statements a row: pages ${seconds(reading)}, rows ${seconds(writing)}, row errors ${rowErrors}`,
    },
    {
      what: '  scaled to all rows (not run)',
      value: `${seconds(scaled)} for sites and parcels alone, without their geometry: ${times(scaled / ours.phases.import)} our whole import`,
    },
  ];
}

/** What only several sizes can tell. */
export function scaleSection(all: readonly Measured[]): Section {
  const rows: Row[] = [];
  for (const small of all) {
    const large = all.find(({ sites }) => sites === 10 * small.sites);
    if (!large) continue;
    const factor = large.ours.all / small.ours.all;
    const script = large.script.all / small.script.all;
    rows.push({
      what: `${small.sites} to ${large.sites} sites`,
      value: `${times(factor)} our time (script ${times(script)})`,
      target: `at most ${TEN_TIMES} times`,
      met: factor <= TEN_TIMES,
    });
  }
  const peaks = all.flatMap(({ memory }) => (memory.peak === undefined ? [] : [memory.peak]));
  const least = Math.min(...peaks);
  if (peaks.length > 1) {
    rows.push({
      what: "worker's memory over the sizes",
      value: `${peaks.map(mb).join(', ')}`,
      target: `flat: highest at most ${FLAT} times the lowest`,
      met: highest(peaks) <= FLAT * least,
    });
  }
  return { title: 'From size to size', rows };
}

import { randomOf } from '../../bench/support/stats.ts';
import { type Command, Draws } from './draw.ts';
import { look, type State, settled, settleStrangers, type World, waitsSince } from './world.ts';

export interface Typed {
  number: number;
  commands: string[];
  codes: (number | null)[];
  /** First line of each message on standard error. */
  messages: string[];
  seconds: number;
  /** What does not hold afterwards; empty if all does. */
  broken: string[];
}

type Answer = Awaited<ReturnType<World['pp']>>;

/** Two commands at the same time, this often. */
const TWO_AT_ONCE = 0.12;
const LONGEST_MESSAGE = 8;
/** Commands that end a wait. */
const ANSWERS: ReadonlySet<string> = new Set(['promote', 'park', 'abort', 'retry']);

/**
 * Types random commands in random states, by a seed. After each: nothing of a stranger's has changed, live is one release, a way back
 * exists, and what the command said is true. The website writes notes all along, and keeps them.
 */
export async function* typeCommands(world: World, options: { count: number; seed: number }): AsyncGenerator<Typed> {
  const random = randomOf(options.seed);
  const draws = new Draws(random);
  await settleStrangers(world);
  /** What live looked like when a release became current. */
  const seen = new Map<number, { oids: string; rows: string }>();
  const notes: Record<string, string> = {};
  let before = await look(world);
  const { strangers } = before;
  for (let number = 1; number <= options.count; number++) {
    if (number % 25 === 0) await world.seed(Math.floor(random() * 3));
    if (draws.chance(0.3)) await writeNote(world, notes, number);
    const commands = [draws.command(before), ...(draws.chance(TWO_AT_ONCE) ? [draws.command(before)] : [])];
    const started = Date.now();
    const waiting = await waitsSince(world);
    const answers = await Promise.all(commands.map(({ args }) => world.pp([...args, '--json'])));
    const isAnswered = answers.some(
      ({ code }, nth) => code === 0 && ANSWERS.has((commands[nth] as Command).args[0] as string),
    );
    await settled(world, isAnswered ? waiting : undefined);
    const after = await look(world);
    const broken = [
      ...answers.flatMap((answer, nth) => form(commands[nth] as Command, answer)),
      ...invariants(strangers, before, after, seen, notes, commands, answers),
      ...(commands.length === 1 ? truth(commands[0] as Command, answers[0] as Answer, before, after) : []),
    ];
    yield {
      number,
      commands: commands.map(({ args }) => args.join(' ')),
      codes: answers.map(({ code }) => code),
      messages: answers.map(({ stderr }) => stderr.trim().split('\n')[0] ?? ''),
      seconds: (Date.now() - started) / 1000,
      broken:
        broken.length > 0
          ? [...broken, ...answers.map(({ stdout, stderr }) => `${stdout} ${stderr}`.slice(0, 600))]
          : [],
    };
    before = after;
  }
}

async function writeNote({ live }: World, notes: Record<string, string>, number: number): Promise<void> {
  const [row] = await live<{ site: string }>(
    `update protected_areas set editor_note = $1 where site_id = (
       select site_id from protected_areas order by hashint4(site_id + $2) limit 1) returning site_id::text as site`,
    [`note ${number}`, number],
  );
  if (row) notes[row.site] = `note ${number}`;
}

/** Exit codes, and messages that can be read by a person and by a program. */
function form({ args }: Command, { code, stdout, stderr }: Answer): string[] {
  const broken: string[] = [];
  if (code === null || code > 3) broken.push(`exit code ${code}`);
  if (/^\s+at .*:\d+:\d+/m.test(stdout + stderr)) broken.push('a stack trace');
  const lines = stderr.trim().split('\n').length;
  if (lines > LONGEST_MESSAGE) broken.push(`a message of ${lines} lines`);
  if (code !== 0 && stderr.trim() === '') broken.push('no message on standard error');
  try {
    JSON.parse(stdout);
  } catch {
    broken.push(`standard output of ${args.join(' ')} is no JSON`);
  }
  return broken;
}

function invariants(
  strangers: string,
  before: State,
  after: State,
  seen: Map<number, { oids: string; rows: string }>,
  notes: Record<string, string>,
  commands: Command[],
  answers: Answer[],
): string[] {
  const broken: string[] = [];
  if (after.strangers !== strangers) broken.push(`a stranger's relation has changed: ${after.strangers}`);
  if (before.current && !after.current) broken.push('no release is current any more');
  if (after.current) {
    const known = seen.get(after.current.id);
    seen.set(after.current.id, { oids: after.liveOids, rows: after.liveRows });
    if (known && known.oids !== after.liveOids && before.current?.id === after.current.id)
      broken.push('live is made of other relations than before, and the same release is current');
    if (known && known.rows !== after.liveRows)
      broken.push(`the rows of release ${after.current.id} are not those that it had`);
  }
  if (before.current && before.current.id !== after.current?.id && before.liveOids === after.liveOids)
    broken.push('another release is current over the same relations');
  for (const site of Object.keys(notes)) if (!after.sites.includes(site)) delete notes[site];
  const lost = Object.entries(notes).filter(([site, note]) => after.notes[site] !== note);
  if (lost.length > 0) broken.push(`notes of the website are lost: sites ${lost.map(([site]) => site).join(', ')}`);
  const mayUseUp = commands.some(
    ({ kind }, nth) => (kind === 'rollback' || kind === 'drop all') && answers[nth]?.code === 0,
  );
  if (before.complete.length > 0 && after.complete.length === 0 && !mayUseUp)
    broken.push('there is no way back any more');
  return broken;
}

/** What a single command said, held against what is there. */
function truth({ kind, args }: Command, { code, stdout }: Answer, before: State, after: State): string[] {
  const said = parse(stdout);
  const broken: string[] = [];
  const same = (what: string, ...keys: (keyof State)[]) => {
    for (const key of keys)
      if (JSON.stringify(before[key]) !== JSON.stringify(after[key])) broken.push(`${what}, and ${key} has changed`);
  };
  const live = ['current', 'liveOids', 'liveRows'] as const;
  if (kind === 'wrong' && code !== 2) broken.push(`exit code ${code} for what is wrong in any state`);
  if (code === 2) same('exit code 2', ...live, 'holder', 'stamps', 'newest', 'owner');
  if (code === 3) same('exit code 3', ...live, 'holder', 'stamps', 'owner');
  if (code === 1) same('exit code 1', ...live, 'stamps');
  if (code !== 0) return broken;
  const is = (what: string, wanted: unknown, found: unknown) => {
    if (JSON.stringify(wanted) !== JSON.stringify(found))
      broken.push(`${what}: said ${JSON.stringify(wanted)}, is ${JSON.stringify(found)}`);
  };
  if (kind === 'start') {
    is('the release that is current', said.releaseId, after.current?.id);
    is('its state', said.state, after.newest?.id === said.releaseId ? after.newest?.state : said.state);
  }
  if (kind === 'dry run' || kind === 'import') {
    same(`a ${kind}`, ...live, 'stamps');
    // One that is live is not staged again, and says so.
    is('whether it was live', before.current?.id === said.releaseId, said.wasLive);
    if (said.wasLive) same(`a ${kind} of what is live`, 'holder');
    else is('what staging holds', said.releaseId, after.holder);
  }
  if (kind === 'review') {
    same('a review', ...live, 'stamps');
    is('who holds the lock', true, after.owner !== undefined);
  }
  if (kind === 'promote') is('the release that is current', said.releaseId, after.current?.id);
  if (kind === 'park') {
    same('park', ...live, 'stamps');
    is('the lock', undefined, after.owner);
    is('what staging holds', after.newest?.id, after.holder);
  }
  if (kind === 'abort') {
    same('abort', ...live, 'stamps');
    is('the lock', undefined, after.owner);
    is('the state', 'aborted', after.newest?.state);
  }
  if (kind === 'rollback') {
    if (said.releaseId === after.current?.id) broken.push('the release that was rolled back is current');
    is('what staging holds', said.releaseId, after.holder);
    if (after.stamps.includes(args[1] as string)) broken.push('the backup is a backup still');
  }
  if (kind === 'clean' || kind === 'drop all') {
    same('a cleanup', ...live, 'holder');
    is('the backups that are kept', [...(said.kept as string[])].sort(), after.stamps);
  }
  if (kind === 'look') same(args.join(' '), ...live, 'holder', 'stamps', 'newest', 'owner');
  if (args[0] === 'backups' && args[1] === 'list')
    is('the backups', (said.backups as { stamp: string }[]).map(({ stamp }) => stamp).sort(), after.stamps);
  if (args[0] === 'status') {
    is('the newest release', said.id, after.newest?.id);
    is('its state', said.state, after.newest?.state);
  }
  return broken;
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

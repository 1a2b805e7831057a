import { readFileSync } from 'node:fs';
import { tables, views } from '../../../catalog/index.ts';
import { type Generation, incomingOf, keyOf, LEDGER, LIVE, nameIn } from '../../generation/names.ts';
import type { Session } from '../../postgres/database.ts';
import { loosen, retarget } from '../../postgres/retarget.ts';
import type {
  Column,
  Decoration,
  Dependent,
  DependentMaterializedView,
  NamedObject,
  RelationModel,
  SwapSnapshot,
} from '../model.ts';

const query = (name: string) => readFileSync(new URL(`./${name}.sql`, import.meta.url), 'utf8');
const DECORATIONS = query('decorations');
const DEPENDENTS = query('dependents');
const REFUSALS = query('refusals');

interface Wanted {
  relation: string;
  kind: RelationModel['kind'];
  released: boolean;
}

/**
 * Reads the catalogs for a change of `incoming` to live. Takes no lock but those under which PostgreSQL tells definitions of views: on
 * all that they read. Runs under an empty search_path, so that every name in every text is qualified, and puts the session's own back.
 *
 * @param options.definitions false leaves out what views and rules over live say, for who only asks what is there
 */
export async function readSnapshot(
  session: Session,
  incoming: Generation,
  { definitions = true }: { definitions?: boolean } = {},
): Promise<SwapSnapshot> {
  await session.query(`set search_path = ''`);
  try {
    const released: Wanted[] = [
      ...tables.map(({ name }) => ({ relation: name, kind: 'table' as const, released: true })),
      ...views.map(({ name }) => ({ relation: name, kind: 'materialized view' as const, released: true })),
    ];
    const readers = await readDependentMaterializedViews(
      session,
      released.map(({ relation }) => relation),
    );
    const dependentViews = readers.map(({ relation, definition }) => ({ relation, definition }));
    const carried = dependentViews.map(({ relation }) => ({
      relation,
      kind: 'materialized view' as const,
      released: false,
    }));
    const ledger: Wanted = { relation: LEDGER, kind: 'table', released: false };
    const live = await readGeneration(session, LIVE, [...released, ...carried, ledger], []);
    const oids = live.map((state) => state.oid);
    const dependents = await readDependents(session, oids, definitions);
    const foreign = [
      ...dependents,
      ...readers.map(({ relation, ...reader }) => ({ kind: MATERIALIZED, name: relation, ...reader })),
    ];
    const { rows: refusals } = await session.query<{ reason: string; remedy: string | null }>(REFUSALS, [oids]);
    return {
      live,
      incoming: [
        ...(await readGeneration(session, incoming, [...released, ...carried], live)),
        ...(await readGeneration(session, incomingOf(LEDGER, incoming), [ledger], live)),
      ],
      dependents: dependents.map(({ owner, mine, ...dependent }) => dependent),
      dependentViews,
      stale: await readStale(session, oids),
      sequenceOfLedger: await readLedgerSequence(session),
      refusals: [...refusals.map(({ reason }) => reason), ...foreign.flatMap(notOurs)],
      remedies: Object.fromEntries(refusals.flatMap(({ reason, remedy }) => (remedy ? [[reason, remedy]] : []))),
    };
  } finally {
    await session.query('set search_path = public');
  }
}

async function readGeneration(
  session: Session,
  generation: Generation,
  wanted: Wanted[],
  live: RelationModel[],
): Promise<RelationModel[]> {
  const byName = new Map(wanted.map((item) => [nameIn(generation, item.relation), item]));
  const { rows } = await session.query<{ oid: string; name: string; definition: string | null; columns: Column[] }>(
    `select c.oid::text, c.relname as name, case when c.relkind = 'm' then pg_get_viewdef(c.oid) end as definition,
            (select coalesce(json_agg(json_build_object('name', attname, 'type', format_type(atttypid, atttypmod), 'notNull', attnotnull)
                             order by attnum), '[]')
             from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped) as columns
     from pg_class c where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'm') and relname = any($1)
       -- What others made is no twin, whatever it is called.
       and ($2 = 'live' or c.oid in (select oid from pp_release.ours where generation = $2))`,
    [[...byName.keys()], keyOf(generation)],
  );
  const relations = rows.flatMap((row) => {
    const item = byName.get(row.name);
    return item ? [{ ...row, ...item }] : [];
  });
  const order = new Map(wanted.map((item, at) => [item.relation, at]));
  relations.sort((a, b) => (order.get(a.relation) ?? 0) - (order.get(b.relation) ?? 0));
  const objects = await readObjects(
    session,
    relations.map((row) => row.oid),
  );
  const kept = await readKeptNames(session, generation);
  const twins = new Map(live.map((state) => [state.relation, state]));
  const models = relations.map((row): RelationModel => {
    // The ledger's twin draws from the same sequence, which changes its owner with the swap.
    const own = objects.filter(
      ({ relation_oid, kind }) => relation_oid === row.oid && !(row.relation === LEDGER && kind === 'sequence'),
    );
    const named = own.map(
      (object): NamedObject => ({
        kind: object.kind,
        name: object.name,
        liveName: kept.get(object.name) ?? liveNameOf(generation, object.name),
        shape: object.shape,
      }),
    );
    return {
      relation: row.relation,
      kind: row.kind,
      released: row.released,
      oid: row.oid,
      name: row.name,
      definition: row.definition,
      columns: row.columns,
      objects: named,
      decorations: [],
    };
  });
  for (const model of models) pairObjects(model, twins.get(model.relation));
  const toLive = liveNames(models);
  const owners = new Map(own(objects, models));
  for (const row of (await session.query<Decoration & { oid: string }>(DECORATIONS, [[...owners.keys()]])).rows) {
    const { oid, kind, id, apply, remove } = row;
    const model = owners.get(oid);
    model?.decorations.push({
      kind,
      id: renameId(id, toLive),
      apply: retarget(apply, toLive, 'kept'),
      remove: remove && retarget(remove, toLive, 'kept'),
    });
  }
  return models;
}

/** Sequences are described with the table that owns them. */
function own(objects: ObjectRow[], models: RelationModel[]): [string, RelationModel][] {
  const byOid = new Map(models.map((model) => [model.oid, model]));
  const sequences = objects.flatMap((object) => {
    const model = byOid.get(object.relation_oid);
    return object.kind === 'sequence' && model && model.relation !== LEDGER
      ? [[object.oid, model] as [string, RelationModel]]
      : [];
  });
  return [...byOid.entries(), ...sequences];
}

/** An id such as `index staging_x` names the object; compared are the names in live. */
function renameId(id: string, names: ReadonlyMap<string, string>): string {
  return id.replace(/[^\s.]+/g, (word) => names.get(word) ?? word);
}

function liveNames(models: RelationModel[]): Map<string, string> {
  return new Map(
    models.flatMap(
      (model) =>
        [[model.name, model.relation], ...model.objects.map(({ name, liveName }) => [name, liveName])] as [
          string,
          string,
        ][],
    ),
  );
}

interface ObjectRow {
  relation_oid: string;
  oid: string;
  kind: NamedObject['kind'];
  name: string;
  shape: string;
}

async function readObjects(session: Session, oids: string[]): Promise<ObjectRow[]> {
  const { rows } = await session.query<ObjectRow>(
    `select i.indrelid::text as relation_oid, c.oid::text, 'index' as kind, c.relname as name,
            case when i.indisunique then 'unique ' else '' end
              || regexp_replace(pg_get_indexdef(c.oid), '^CREATE (UNIQUE )?INDEX .*? ON (ONLY )?.*? USING ', 'using ')
              || coalesce(pg_get_constraintdef(k.oid), '') as shape
     from pg_index i join pg_class c on c.oid = i.indexrelid
     left join pg_constraint k on k.conindid = i.indexrelid and k.conrelid = i.indrelid and k.contype in ('p', 'u', 'x')
     where i.indrelid = any($1::oid[]) and i.indisvalid
     union all
     select d.refobjid::text, s.oid::text, 'sequence', s.relname, d.refobjsubid::text
     from pg_depend d join pg_class s on s.oid = d.objid and s.relkind = 'S'
     where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')
       and d.refobjid = any($1::oid[])
     union all
     select stxrelid::text, oid::text, 'statistics', stxname, regexp_replace(pg_get_statisticsobjdef(oid), '^CREATE STATISTICS \\S+|FROM .*$', '', 'g') from pg_statistic_ext where stxrelid = any($1::oid[])
     order by 1, 3, 4`,
    [oids],
  );
  return rows;
}

/** The swap wrote down which name became which: a backup's name may have lost its tail. */
async function readKeptNames(session: Session, generation: Generation): Promise<Map<string, string>> {
  if (generation.kind !== 'backup') return new Map();
  const { rows } = await session.query<{ backup_name: string; live_name: string }>(
    'select backup_name, live_name from pp_release.backup_names where stamp = $1',
    [generation.stamp],
  );
  return new Map(rows.map((row) => [row.backup_name, row.live_name]));
}

function liveNameOf(generation: Generation, name: string): string {
  const prefix = nameIn(generation, '');
  return name.startsWith(prefix) ? name.slice(prefix.length) : name;
}

/** A long name loses its tail to the prefix, so an object takes the name of the one of the same shape in live. */
function pairObjects(model: RelationModel, twin: RelationModel | undefined): void {
  const free = [...(twin?.objects ?? [])];
  const take = (object: NamedObject, fits: (candidate: NamedObject) => boolean): boolean => {
    const at = free.findIndex((candidate) => candidate.kind === object.kind && fits(candidate));
    const [match] = at < 0 ? [] : free.splice(at, 1);
    if (match) object.liveName = match.liveName;
    return match !== undefined;
  };
  const unnamed = model.objects.filter((object) => !take(object, (other) => other.liveName === object.liveName));
  for (const object of unnamed) take(object, (other) => loosen(other.shape) === loosen(object.shape));
}

const MATERIALIZED = 'materialized view';

/** Who may change what depends on live. */
interface Owned {
  owner: string;
  /** True when this role is a member of it. */
  mine: boolean;
}

/** It has to be made anew, or pointed at other relations, and PostgreSQL lets only its owner do that. */
function notOurs({ kind, name, owner, mine }: Owned & { kind: string; name: string }): string[] {
  if (mine) return [];
  return [
    `${kind} ${name} (owner ${owner}) depends on released relations, and this role may not change it: grant ${owner} to this role, or drop the ${kind}`,
  ];
}

async function readDependents(session: Session, oids: string[], definitions: boolean): Promise<(Dependent & Owned)[]> {
  const { rows } = await session.query<
    Omit<Dependent, 'check'> & Owned & { check_sql: string | null; check_message: string }
  >(
    `select kind, name, before, after, later, locks, check_sql, check_message,
            pg_get_userbyid(owner) as owner, pg_has_role(owner, 'usage') as mine
     from (${DEPENDENTS}) dependents`,
    [oids, definitions],
  );
  return rows.map(({ check_sql, check_message, locks, ...dependent }) => ({
    ...dependent,
    locks: locks ?? undefined,
    check: check_sql ? { sql: check_sql, message: check_message } : undefined,
  }));
}

/** Materialized views outside the catalog over released relations, also over each other, what is read before what reads. */
async function readDependentMaterializedViews(
  session: Session,
  relations: string[],
): Promise<(DependentMaterializedView & Owned)[]> {
  const { rows } = await session.query<DependentMaterializedView & Owned>(
    `with recursive reads as (
       select w.ev_class as reader, d.refobjid as source
       from pg_rewrite w join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass
       join pg_class c on c.oid = w.ev_class and c.relkind = 'm' and w.ev_class <> d.refobjid),
     level as (
       select reader, 1 as depth from reads join pg_class s on s.oid = source
       where s.relnamespace = 'public'::regnamespace and s.relname = any($1)
       union select reads.reader, depth + 1 from level join reads on reads.source = level.reader where depth < 20)
     select c.relname as relation, rtrim(pg_get_viewdef(c.oid), ';') as definition,
            pg_get_userbyid(c.relowner) as owner, pg_has_role(c.relowner, 'usage') as mine
     from (select reader, max(depth) as depth from level group by reader) l join pg_class c on c.oid = l.reader
     where c.relname <> all($1) and c.oid not in (select oid from pp_release.ours) and c.relnamespace = 'public'::regnamespace
     order by l.depth, 1`,
    [relations],
  );
  return rows;
}

/** Materialized views that read released relations through a plain view. */
async function readStale(session: Session, oids: string[]): Promise<string[]> {
  const { rows } = await session.query<{ name: string }>(
    `with recursive reads as (
       select distinct w.ev_class as reader, d.refobjid as source
       from pg_rewrite w join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass
       where w.ev_class <> d.refobjid),
     through as (
       select reader from reads join pg_class c on c.oid = reader and c.relkind = 'v' where source = any($1::oid[])
       union select reads.reader from through join reads on reads.source = through.reader)
     select distinct c.oid::regclass::text as name from through join pg_class c on c.oid = reader and c.relkind = 'm'
     where c.oid <> all($1::oid[]) order by 1`,
    [oids],
  );
  return rows.map((row) => row.name);
}

async function readLedgerSequence(session: Session): Promise<SwapSnapshot['sequenceOfLedger']> {
  const { rows } = await session.query<{ sequence: string; column: string }>(
    `select d.objid::regclass::text as sequence, a.attname as column
     from pg_depend d
     join pg_class s on s.oid = d.objid and s.relkind = 'S'
     join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
     where d.classid = 'pg_class'::regclass and d.deptype = 'a' and d.refobjid = $1::regclass`,
    [`public.${LEDGER}`],
  );
  return rows[0];
}

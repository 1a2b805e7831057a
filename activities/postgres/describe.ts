import type { Connection, FieldDef, Submittable } from 'pg';
import type { Session } from './database.ts';

/** A column of a relation or of a query. */
export interface TypedColumn {
  name: string;
  /** With typmod, as format_type writes it: `character varying(52)`. */
  type: string;
  typeOid: number;
  typmod: number;
}

/** PostgreSQL manual, 55.2.3: Parse and Describe without Execute. Nothing is planned, so no foreign server is asked. */
class Description implements Submittable {
  readonly columns: Promise<FieldDef[]>;
  #resolve: (fields: FieldDef[]) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  #fields: FieldDef[] = [];
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
    this.columns = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: Connection): void {
    connection.parse({ text: this.#text, name: '', types: [] }, true);
    connection.describe({ type: 'S', name: '' }, true);
    connection.sync();
  }

  handleRowDescription({ fields }: { fields: FieldDef[] }): void {
    this.#fields = fields;
  }

  handleError(error: Error): void {
    this.#reject(error);
  }

  handleReadyForQuery(): void {
    this.#resolve(this.#fields);
  }
}

/** The columns that a SELECT would give. It is not run, and also a session that may only read can ask. */
export async function describeQuery(session: Session, select: string): Promise<TypedColumn[]> {
  const description = new Description(select);
  session.query(description);
  const fields = await description.columns;
  const { rows } = await session.query<{ type: string }>(
    `select format_type(oid, typmod) as type
     from unnest($1::oid[], $2::int[]) with ordinality described (oid, typmod, place) order by place`,
    [fields.map(({ dataTypeID }) => dataTypeID), fields.map(({ dataTypeModifier }) => dataTypeModifier)],
  );
  return fields.map(({ name, dataTypeID, dataTypeModifier }, at) => ({
    name,
    type: rows[at]?.type ?? '',
    typeOid: dataTypeID,
    typmod: dataTypeModifier,
  }));
}

/** The columns of a relation of schema public, in order; none where there is no such relation. */
export async function describeRelation(session: Session, relation: string): Promise<TypedColumn[]> {
  const { rows } = await session.query<TypedColumn>(
    `select attname as name, format_type(atttypid, atttypmod) as type, atttypid::int8::float8 as "typeOid", atttypmod as typmod
     from pg_attribute a join pg_class c on c.oid = a.attrelid
     where c.relnamespace = 'public'::regnamespace and c.relname = $1 and attnum > 0 and not attisdropped order by attnum`,
    [relation],
  );
  return rows;
}

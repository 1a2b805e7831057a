import { ident } from './identifiers.ts';

/** One token of SQL as PostgreSQL's deparser writes it. */
interface Token {
  text: string;
  /** Name that the token stands for, when it is an identifier. */
  name?: string;
}

const TOKEN = /\s+|'(?:[^']|'')*'|"(?:[^"]|"")+"|:\{[^}]+\}|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|./gsu;

function tokens(sql: string): Token[] {
  return (sql.match(TOKEN) ?? []).map((text) => {
    if (text.startsWith('"')) return { text, name: text.slice(1, -1).replaceAll('""', '"') };
    return /^[A-Za-z_\u0080-\uffff]/u.test(text) ? { text, name: text } : { text };
  });
}

/**
 * Replaces names of relations, indexes and sequences in a text that PostgreSQL wrote under an empty search_path: there a
 * name of schema public is always qualified, and a bare name before a dot is a column's qualifier. String constants stay.
 * `:{name}` marks a name that the syntax wants unqualified (CREATE INDEX name, CLUSTER ON name); the mark can be kept, for
 * a text that is compared or retargeted again.
 */
export function retarget(sql: string, names: ReadonlyMap<string, string>, marks: 'quoted' | 'kept' = 'quoted'): string {
  const list = tokens(sql);
  return list
    .map((token, at) => {
      if (token.text.startsWith(':{')) {
        const name = token.text.slice(2, -1);
        const target = names.get(name) ?? name;
        return marks === 'kept' ? `:{${target}}` : ident(target);
      }
      const target = token.name === undefined ? undefined : names.get(token.name);
      if (target === undefined) return token.text;
      const qualified = list[at - 1]?.text === '.' && list[at - 2]?.name === 'public';
      const qualifier = list[at + 1]?.text === '.' && list[at - 1]?.text !== '.';
      return qualified || qualifier ? ident(target) : token.text;
    })
    .join('');
}

/** Two texts that mean the same to PostgreSQL's deparser are the same in this form. */
export function loosen(sql: string): string {
  // The deparser writes `x IN ('a', 'b')` over varchar in two ways, and settles for the second one when its own text is
  // read again. Nothing else may be taken for equal.
  let text = sql.replace(/::(character varying|text)(\[\])?/g, '');
  for (let before = ''; before !== text; ) {
    before = text;
    text = text.replace(/\(('(?:[^']|'')*')\)/g, '$1').replace(/\(\((ARRAY\[[^\]]*\])\)\)/g, '($1)');
  }
  return text;
}

/** True for a text that PostgreSQL writes in other words once it has read it again: `IN (…)` over varchar. */
export function isReworded(sql: string): boolean {
  return /\(\(ARRAY\[[^\]]*::character varying[^\]]*\]\)::text\[\]\)/.test(sql);
}

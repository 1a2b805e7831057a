import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Finding } from '../../activities/adopt/finding.ts';
import { ask, runCommandLine } from '../support/release.ts';
import type { OldSystem } from './old_system/index.ts';

const run = promisify(execFile);

/** The whole database as pg_dump writes it, rows too. */
export async function wholeDump({ superuserUrl }: OldSystem): Promise<string> {
  const { stdout } = await run('pg_dump', ['--no-password', superuserUrl], { maxBuffer: 256 * 1024 * 1024 });
  // The key of \restrict differs from dump to dump.
  return stdout.replace(/^\\(un)?restrict .*$/gm, '');
}

/**
 * Schema of what the website and its readers have: everything in public but staging and backups, one statement an entry, in the order
 * of the alphabet. Owners and rights are in it. Of a materialized view it has the columns and not the SELECT, which each release brings.
 */
export async function readersSchema({ superuserUrl }: OldSystem): Promise<string[]> {
  const { stdout } = await run(
    'pg_dump',
    ['--schema-only', '--no-password', '-n', 'public', '-T', 'staging_*', '-T', 'bk*', superuserUrl],
    { maxBuffer: 64 * 1024 * 1024 },
  );
  // A body of a function has semicolons of its own.
  const statements = stdout
    .replace(/ AS (\$\w*\$)[\s\S]*?\1/g, '')
    .replace(/^(--|\\).*$/gm, '')
    .split(/;\n/);
  const columns = await ask<{ text: string }>(
    superuserUrl,
    `select 'COLUMNS OF ' || relname || ' ' || string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' order by attnum) as text
     from pg_class join pg_attribute on attrelid = oid and attnum > 0
     where relnamespace = 'public'::regnamespace and relkind = 'm' and relname !~ '^(bk|staging_)' group by relname`,
  );
  return [...statements, ...columns.map(({ text }) => text)]
    .map((statement) => statement.trim().replace(/^(CREATE MATERIALIZED VIEW \S+) AS.*$/s, '$1'))
    .filter((statement) => statement !== '')
    .sort();
}

export interface Checked {
  code: number | null;
  stderr: string;
  stdout: string;
  findings: Finding[];
  ids: string[];
}

/** `pp-release adopt --check --json`, as a role. */
export async function check(url: string): Promise<Checked> {
  const { code, stdout, stderr } = await runCommandLine(['adopt', '--check', '--json'], { PP_DATABASE_URL: url });
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  return { code, stdout, stderr, findings, ids: [...new Set(findings.map(({ id }) => id))] };
}

/** Runs what adopt asks of a DBA, as the superuser, word by word. */
export async function runStatements(old: OldSystem, findings: readonly Finding[]): Promise<void> {
  for (const { acts, statements } of findings) {
    if (acts !== 'dba') continue;
    for (const statement of statements) await ask(old.superuserUrl, statement);
  }
}

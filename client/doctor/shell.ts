/** A word for a POSIX shell: as it is where that is safe, else in single quotes. */
export function word(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Statements on the live database as the release's role. */
export const sql = (...statements: string[]): string => psql('PP_DATABASE_URL', statements);
/** The same as a superuser. */
export const dbaSql = (...statements: string[]): string => psql('PP_DBA_URL', statements);
/** Statements on the portal's database as its owner. */
export const portalSql = (...statements: string[]): string => psql('PP_PORTAL_DATABASE_URL', statements);

function psql(variable: string, statements: string[]): string {
  return [`psql "$${variable}" -v ON_ERROR_STOP=1`, ...statements.map((one) => `-c ${word(one)}`)].join(' ');
}

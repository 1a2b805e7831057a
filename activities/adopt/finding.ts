/**
 * Who acts on a finding: a DBA before anything else, `pp-release adopt` with a yes, a person afterwards, or nobody, since it is to be
 * known only.
 */
export type Acts = 'dba' | 'adopt' | 'afterwards' | 'nobody';

/** Stable names, for scripts and for docs/adopt.md. */
export type FindingId =
  | 'lock-held'
  | 'rights-database'
  | 'rights-schema'
  | 'rights-owner'
  | 'rights-superuser-owned'
  | 'rights-table'
  | 'rights-extension'
  | 'rights-wrapper'
  | 'rights-server'
  | 'rights-portal-schema'
  | 'rights-portal-tables'
  | 'migrations'
  | 'backup'
  | 'backup-parts'
  | 'backup-keys'
  | 'backup-read'
  | 'backup-read-by-others'
  | 'statistics-views'
  | 'stamp'
  | 'stamp-unclear'
  | 'dead-run'
  | 'staging-left'
  | 'portal-link'
  | 'restart'
  | 'values'
  | 'search-and-caches'
  | 'other-role'
  | 'unseen';

/** Something of a database of the old system that a release of ours would meet. */
export interface Finding {
  id: FindingId;
  acts: Acts;
  /** What is so, why it matters, and what becomes of it: one sentence. */
  message: string;
  /** SQL: a DBA's to run, or what adopt runs. */
  statements: string[];
  /** The backup that is meant. */
  stamp?: string;
}

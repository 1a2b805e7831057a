/** Keys of PostgreSQL's advisory locks that are ours, of a database each; docs/database.md names them. */
export const ADVISORY_KEY = {
  /** The release lock (specification, "acquire_lock"); other tools look for it. */
  release: 42000001,
  /** Of whoever has made the twin of releases: a swap, a rollback, a rehearsal. */
  ledger: 42000002,
  /** Of whoever migrates: the migration tool itself would fail the second one. */
  installation: 42000003,
  /** Of the trial swap that doctor's probe makes: one at a time. */
  trial: 42000004,
} as const;

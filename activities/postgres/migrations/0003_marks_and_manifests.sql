-- Up Migration
-- An importer's completion mark, written in its own transaction: what a retry or a resume recognises.
create table pp_release.import_marks (
  release_id bigint not null,
  importer text not null,
  input_digest text not null,
  counts jsonb not null default '{}',
  seconds numeric not null,
  finished_at timestamptz not null default clock_timestamp(),
  primary key (release_id, importer)
);

-- Written once and never changed; the JSON file is an export of it.
create table pp_release.manifests (
  release_id bigint primary key,
  digest text not null,
  body jsonb not null,
  written_at timestamptz not null default clock_timestamp()
);

-- What staging is for: which release it holds and how far it has got. One row at the most.
create table pp_release.staging (
  singleton boolean primary key default true check (singleton),
  release_id bigint not null,
  built_at timestamptz,
  live_lookups jsonb,                   -- fingerprints of live's lookups when they were copied
  lightweight boolean not null default false
);

-- Rows set aside by an importer, with the reason.
create table pp_release.rejects (
  release_id bigint not null,
  importer text not null,
  reason text not null,
  row_key text,
  details jsonb not null default '{}'
);
create index on pp_release.rejects (release_id, importer);

-- Backup names can lose letters (63 bytes); this is where the names they had are kept.
create table pp_release.backup_names (
  stamp text not null,
  kind text not null,                   -- table, view, index, constraint, sequence …
  relation text not null,               -- live name of the relation that it belongs to
  live_name text not null,
  backup_name text not null,
  primary key (stamp, kind, relation, live_name)
);

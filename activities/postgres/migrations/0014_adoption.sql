-- Up Migration
-- Backups that the old system made and that pp-release adopt has taken over: they are listed and can be rolled back to, and
-- retention does not count them.
create table pp_release.adopted_backups (
  stamp text primary key,
  adopted_by text not null,
  adopted_at timestamptz not null default clock_timestamp()
);

-- What pp-release adopt has changed in a database of the old system, and who said yes to it.
create table pp_release.adoption (
  id bigint generated always as identity primary key,
  finding text not null,
  change text not null,
  adopted_by text not null,
  adopted_at timestamptz not null default clock_timestamp()
);

-- Up Migration
-- What staging has from live, and what live looked like when staging took it: fingerprints by table, with the columns that they
-- cover. The swap asks again, and takes what has changed since or refuses. (live_lookups knew the lookups only.)
alter table pp_release.staging add column live_values jsonb;

-- Fingerprints of staging tables that have taken later values of live since the manifest was written.
alter table pp_release.staging add column followed jsonb not null default '{}';

-- PostgreSQL's counters of rows written to live's tables when staging was built: what an importer makes is replaced by the release,
-- and a person who edited it meanwhile is told so.
alter table pp_release.staging add column live_writes jsonb;

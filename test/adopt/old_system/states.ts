import { APRIL, MARCH } from './index.ts';

/** States in which the old system leaves a database, as SQL for the website's role; A-numbers are those of the table in docs/adopt.md. */

/** A7: its pruning has dropped the statistics views with a backup. */
export const LOST_STATISTICS = 'drop view aichi11_target_dashboard_view, regional_statistics_view';

/** A8: its swap has left the statistics views on the backup; a view of a person reads both of its backups. */
export function onBackup(definition: string): string {
  return definition
    .replaceAll('country_statistics', `bk${APRIL}_country_statistics`)
    .replaceAll('pame_statistics', `bk${APRIL}_pame_statistics`);
}

/** A11: the downloads view of a backup has a stamp of its own, a minute later. */
export const STRAY_STAMP = '2604010613';
export const STRAY_DOWNLOADS = `alter view bk${MARCH}_portal_downloads_protected_areas rename to bk${STRAY_STAMP}_portal_downloads_protected_areas`;

/** A12: a rollback of its has left tables and views in staging. The downloads view over them comes by `oldDownloadsView('staging_')`. */
export const LEFT_STAGING = `
  create table staging_sources (like sources including all);
  create table staging_story_map_links (like story_map_links including all);
  create materialized view staging_portal_standard_polygons as select * from portal_standard_polygons;
  create materialized view staging_portal_standard_points as select * from portal_standard_points`;

/** A17: a run that died, and a dry run, which writes down no end. */
export const DEAD_RUNS = `
  insert into releases (label, state, created_at, updated_at)
  values ('Jun2026', 'importing', '2026-06-01 05:00', '2026-06-01 05:10'), ('Jun2026', 'validating', '2026-06-02 05:00', '2026-06-02 05:10')`;

/** Of other people: named like the old system's, and nothing of it. */
export const STRANGERS = `
  create table bk2601010101_sources as select 1 as id;
  create table staging_realms (note text)`;

-- The figures of Aichi target 11: the first line of the file, one row in all. The three global values are no columns of the usual file:
-- a job of the website writes them into live, and there they stay.

-- step: write the row
insert into pp_release.rejects (release_id, importer, reason, row_key)
select pp_release.release_id(), 'aichi11_target', 'only the first line of this file counts', row_key
from csv_aichi11_targets where line > (select min(line) from csv_aichi11_targets);

insert into staging_aichi11_targets (
  id, singleton_guard, coverage_terrestrial, coverage_marine, effectively_managed_terrestrial, effectively_managed_marine,
  representative_global, well_connected_global, importance_global, representative_global_value,
  well_connected_global_value, importance_global_value, created_at, updated_at
)
select coalesce(live.id, (select pp_release.highest_id('aichi11_targets')) + 1),
       0, c.coverage_terrestrial, c.coverage_marine, c.effectively_managed_terrestrial, c.effectively_managed_marine,
       c.representative_global, c.well_connected_global, c.importance_global,
       case when pp_release.has_csv_column('aichi11_targets', 'representative_global_value')
            then c.representative_global_value else live.representative_global_value end,
       case when pp_release.has_csv_column('aichi11_targets', 'well_connected_global_value')
            then c.well_connected_global_value else live.well_connected_global_value end,
       case when pp_release.has_csv_column('aichi11_targets', 'importance_global_value')
            then c.importance_global_value else live.importance_global_value end,
       pp_release.started_at(), pp_release.started_at()
from (select * from csv_aichi11_targets order by line limit 1) c
left join (select * from aichi11_targets order by id limit 1) live on true;

update staging_aichi11_targets s
set created_at = live.created_at,
    updated_at = case when to_jsonb(s) - '{created_at,updated_at}'::text[] = to_jsonb(live) - '{created_at,updated_at}'::text[]
                      then live.updated_at else s.updated_at end
from aichi11_targets live where live.id = s.id;

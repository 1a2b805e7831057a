-- Countries of the BIOPAMA programme. The mark is set, never taken away.

-- step: plan the marks
insert into pp_release.rejects (release_id, importer, reason, row_key, details)
select pp_release.release_id(), 'biopama_countries', 'unknown country code', row_key, jsonb_build_object('iso3', iso3)
from csv_biopama_countries_iso_codes c
where not exists (select from countries where iso_3 = c.iso3);

insert into pp_release.live_changes (release_id, importer, relation, row_id, column_name, before_value, after_value)
select pp_release.release_id(), 'biopama_countries', 'countries', country.id, 'is_biopama', 'false', 'true'
from csv_biopama_countries_iso_codes c
join countries country on country.iso_3 = c.iso3
where not country.is_biopama;

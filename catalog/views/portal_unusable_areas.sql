-- Areas of the portal that are no number of km² (NaN, infinite, beyond float8): the views show NULL. It is no view, but the
-- rows of pp_release.unusable_values, read in the same snapshot as the views; the importer tells those that are published.
-- The portal itself looks for them, so that few rows come over.
select w.site_id::int8, w.parcel_id, area.column_name, area.value::text
from portal_fdw.wdpas w
cross join lateral (values
  ('reported_area', w.reported_area), ('reported_marine_area', w.reported_marine_area), ('gis_area', w.gis_area),
  ('gis_marine_area', w.gis_marine_area), ('no_take_area', w.no_take_area)
) area (column_name, value)
where w.archived_at is null
  and (not (abs(w.reported_area) between 1e-300 and 1e300 or w.reported_area = 0)
    or not (abs(w.reported_marine_area) between 1e-300 and 1e300 or w.reported_marine_area = 0)
    or not (abs(w.gis_area) between 1e-300 and 1e300 or w.gis_area = 0)
    or not (abs(w.gis_marine_area) between 1e-300 and 1e300 or w.gis_marine_area = 0)
    or not (abs(w.no_take_area) between 1e-300 and 1e300 or w.no_take_area = 0))
  and not (abs(area.value) between 1e-300 and 1e300 or area.value = 0)

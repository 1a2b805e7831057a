-- What a release may see of the portal.
WITH eligible AS (
  SELECT w.id, w.site_id, w.parcel_id, w.source_id
  FROM wdpa.wdpas w JOIN wdpa.data_restriction_levels r ON r.id = w.data_restriction_level_id
  WHERE w.archived_at IS NULL AND r.code IN ('not restricted', 'commercial restriction'))
SELECT count(DISTINCT site_id)::integer AS sites, count(*)::integer AS parcels,
       count(*) FILTER (WHERE s.is_polygon = 0)::integer AS points,
       count(*) FILTER (WHERE s.is_polygon = 1)::integer AS polygons,
       count(DISTINCT source_id)::integer AS sources,
       (SELECT count(*)::integer FROM pame.pame p WHERE p.archived_at IS NULL
          AND EXISTS (SELECT FROM eligible e WHERE e.site_id = p.site_id AND e.parcel_id = p.parcel_id)) AS evaluations,
       (SELECT count(*)::integer FROM pame.greenlists g WHERE g.archived_at IS NULL
          AND EXISTS (SELECT FROM eligible e WHERE e.site_id = g.site_id AND e.parcel_id = g.parcel_id)) AS "greenList"
FROM eligible JOIN wdpa.spatial_data s ON s.wdpa_id = eligible.id;

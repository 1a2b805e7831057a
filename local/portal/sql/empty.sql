-- Drops what keys.sql makes and deletes every row of the portal.
DO $$
DECLARE statement text;
BEGIN
  FOR statement IN
    SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname)
    FROM pg_constraint WHERE contype = 'f' AND connamespace IN ('wdpa'::regnamespace, 'reference'::regnamespace, 'pame'::regnamespace)
    UNION ALL
    SELECT format('DROP INDEX %s', i.indexrelid::regclass)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    WHERE c.relnamespace IN ('wdpa'::regnamespace, 'reference'::regnamespace, 'pame'::regnamespace)
      AND c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)
  LOOP EXECUTE statement; END LOOP;
  FOR statement IN
    SELECT format('DELETE FROM %s', oid::regclass) FROM pg_class
    WHERE relkind = 'r' AND relnamespace IN ('wdpa'::regnamespace, 'reference'::regnamespace, 'pame'::regnamespace)
  LOOP EXECUTE statement; END LOOP;
  DELETE FROM demo.seeding;
END $$;

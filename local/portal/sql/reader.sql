-- The release reads the portal as portal_reader, which may look and do nothing else. Where the role is not there yet
-- (it is made by whoever made the server), its maker's default privileges do the same for later tables.
DO $$
DECLARE name text;
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'portal_reader') THEN
    FOREACH name IN ARRAY ARRAY['wdpa', 'reference', 'pame'] LOOP
      EXECUTE format('GRANT USAGE ON SCHEMA %I TO portal_reader', name);
      EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO portal_reader', name);
    END LOOP;
  END IF;
END $$;

-- Up Migration

-- Whether the importer's CSV file has this column. An optional one that it lacks says nothing: live's value stays.
create function pp_release.has_csv_column(input text, column_name text) returns boolean
language sql stable as $$
  select coalesce(input || '.' || column_name = any(string_to_array(current_setting('pp_release.csv_columns', true), ',')), false)
$$;

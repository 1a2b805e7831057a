-- Up Migration
-- Conversions that importers share. Functions of the catalog, so that a steward can call them by hand.

-- Slug of a page address: Latin letters lose their accents, "_" stays, anything else becomes one "-".
create or replace function catalog_slug(words text) returns text
language sql immutable parallel safe as $$
  select trim(both '-' from regexp_replace(
    lower(regexp_replace(
      normalize(replace(replace(replace(replace(translate($1, 'øØłŁđĐıðÐ', 'oOlLdDidD'), 'ß', 'ss'), 'æ', 'ae'), 'Æ', 'AE'), 'œ', 'oe'), nfd),
      '[\u0300-\u036f]', '', 'g')),
    '[^a-z0-9_]+', '-', 'g'))
$$;

-- A year as text becomes its 1 January; nothing, 0 and what is no number become NULL.
create or replace function catalog_year(year text) returns date
language sql immutable parallel safe as $$
  select case when trim($1) ~ '^[0-9]{1,5}$' and trim($1)::int > 0 then make_date(trim($1)::int, 1, 1) end
$$;

-- Expiry of a Green List certificate: 4 digits are a year (its 31 December), 8 digits a date, anything else is unknown.
create or replace function catalog_expiry(expiry integer) returns date
language sql immutable parallel safe as $$
  select case
    when $1 between 1000 and 9999 then make_date($1, 12, 31)
    when $1 between 10000101 and 99991231
     and ($1 / 100) % 100 between 1 and 12
     and $1 % 100 between 1 and extract(day from make_date($1 / 10000, ($1 / 100) % 100, 1) + interval '1 month - 1 day')
    then make_date($1 / 10000, ($1 / 100) % 100, $1 % 100)
  end
$$;

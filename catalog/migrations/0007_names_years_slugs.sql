-- Up Migration
-- Conversions that importers share, as the old system made them.

-- Slug of a page address: Latin letters lose their accents or are spelt out, "_" stays, anything else becomes one "-". The letters
-- that no accent explains are those of the old system's list (I18n's approximations). Most names have none.
create or replace function catalog_slug(words text) returns text
language plpgsql immutable parallel safe as $$
declare folded text := words;
begin
  if octet_length(words) <> length(words) then
    folded := translate(words, 'øØłŁđĐıðÐĦħĸĿŀŦŧ×ÆŒÞĲŊ', 'oOlLdDidDHhkLlTtxæœþĳŋ');
    folded := replace(replace(replace(replace(folded, 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th');
    folded := replace(replace(replace(folded, 'ĳ', 'ij'), 'ŋ', 'ng'), 'ŉ', '''n');
    folded := regexp_replace(normalize(folded, nfd), '[\u0300-\u036f]', '', 'g');
  end if;
  return trim(both '-' from regexp_replace(lower(folded), '[^a-z0-9_]+', '-', 'g'));
end $$;

-- A year as text becomes its 1 January: of a date or a span ('2022-05-01', '2019-2021', '2020.0') the four digits at its beginning.
-- Nothing, 0, and what says no year become NULL.
create or replace function catalog_year(year text) returns date
language sql immutable parallel safe as $$
  select case when said is not null and said::int > 0 then make_date(said::int, 1, 1) end
  from (select coalesce(substring(trim($1) from '^[0-9]{1,5}$'), substring(trim($1) from '^([0-9]{4})[^0-9]')) as said) digits
$$;

-- A text that has digits, and yet says no year: it is worth a soft error. 0, and 'Not Reported', say that there is none.
create function catalog_is_no_year(year text) returns boolean
language sql immutable parallel safe as $$
  select coalesce($1 ~ '[1-9]' and catalog_year($1) is null, false)
$$;

-- White space at the ends of a label, which the old system stripped from realms.
create function catalog_trim(label text) returns text
language sql immutable parallel safe as $$ select btrim($1, E' \t\r\n') $$;

-- Name by which a lookup row is found: NULL, an empty text and one of spaces are all no name.
create function catalog_name(label text) returns text
language sql immutable parallel safe as $$
  select case when trim($1) <> '' then $1 else '' end
$$;

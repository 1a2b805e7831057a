-- Up Migration
-- Exponents of up to four digits are read, so that 1e400 is called too large and not "not a number".
create or replace function pp_release.csv_number(cell text, grouped boolean) returns text
language plpgsql immutable parallel safe as $$
declare t constant text := pp_release.csv_text(cell);
begin
  return case
    when t ~ '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?$' then t
    when t ~ '^[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]+)?$' and (grouped or t ~ ',.*,' or strpos(t, '.') > 0) then replace(t, ',', '')
    when t ~ '^[+-]?[1-9][0-9]{0,2},[0-9]{3}$' then null
    when t ~ '^[+-]?[0-9]+,[0-9]+$' then replace(t, ',', '.')
  end;
end $$;

-- What a double precision cannot hold fails its cast, and the whole importer with it, without a word of the line. A number is
-- asked for its size as a numeric, which holds all that csv_number reads of up to a thousand characters: a block with an
-- exception handler would be a subtransaction for each cell.
create function pp_release.csv_size_fault(number text) returns text
language plpgsql immutable parallel safe as $$
begin
  if length(number) > 1000 or abs(number::numeric) > 1.7e308 then return 'a number too large'; end if;
  if number::numeric <> 0 and abs(number::numeric) < 1e-300 then return 'a number too small'; end if;
  return null;
end $$;

-- The cell's value as text that can be cast, or why it cannot be taken as `kind` (text, name, code, integer, number,
-- percentage); neither, where it says nothing.
create or replace function pp_release.csv_judge(kind text, cell text, grouped boolean, out value text, out fault text)
language plpgsql immutable parallel safe as $$
declare t constant text := pp_release.csv_text(cell);
begin
  if t is null or kind = 'text' then
    value := t;
  elsif kind = 'name' then
    value := lower(t);
  elsif kind = 'code' then
    if t ~ '^[A-Za-z]{3,4}$' then value := upper(t); else fault := 'not a country code'; end if;
  elsif kind = 'integer' then
    if t !~ '^[+-]?[0-9]{1,10}(\.0*)?$' then fault := 'not a whole number';
    elsif t::numeric not between -2147483648 and 2147483647 then fault := 'a number too large';
    else value := regexp_replace(t, '\..*$', '');
    end if;
  else
    value := pp_release.csv_number(case when kind = 'percentage' then regexp_replace(t, '\s*%$', '') else t end, grouped);
    if value is null then
      fault := case when t ~ '^[+-]?[1-9][0-9]{0,2},[0-9]{3}$' then 'not clear: a decimal comma, or thousands' else 'not a number' end;
      return;
    end if;
    if length(value) > 290 or value ~* 'e' then fault := pp_release.csv_size_fault(value); end if;
    if fault is null and kind = 'percentage' and value::float8 not between 0 and 100 then
      fault := 'a percentage outside 0 to 100';
    end if;
    if fault is not null then value := null; end if;
  end if;
end $$;

-- The release's limit of soft errors in percent, as an importer's transaction sets it.
create function pp_release.soft_error_limit() returns numeric
language sql stable as $$ select current_setting('pp_release.soft_error_limit')::numeric $$;

-- What makes an importer's work unfit as a whole. Unlike pp_release.hard_error it is told with the rejects, and they are kept.
alter table pp_release.rejects drop constraint rejects_severity_check;
alter table pp_release.rejects add constraint rejects_severity_check check (severity in ('soft', 'note', 'hard'));

-- The same rules as before, in PL/pgSQL: a SQL function with a FROM is never inlined, and starting it costs more than judging a
-- cell does; and each cell is judged once.

create or replace function pp_release.csv_text(cell text) returns text
language plpgsql immutable parallel safe as $$
declare t constant text := btrim(cell, E' \t\r\n\u00a0');
begin
  return case when lower(t) in ('', '-', 'na', 'n/a') then null else t end;
end $$;

create or replace function pp_release.csv_number(cell text, grouped boolean) returns text
language plpgsql immutable parallel safe as $$
declare t constant text := pp_release.csv_text(cell);
begin
  return case
    when t ~ '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?$' then t
    when t ~ '^[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]+)?$' and (grouped or t ~ ',.*,' or strpos(t, '.') > 0) then replace(t, ',', '')
    when t ~ '^[+-]?[1-9][0-9]{0,2},[0-9]{3}$' then null
    when t ~ '^[+-]?[0-9]+,[0-9]+$' then replace(t, ',', '.')
  end;
end $$;

-- The cell's value as text that can be cast, or why it cannot be taken as `kind` (text, code, integer, number, percentage);
-- neither, where it says nothing.
create function pp_release.csv_judge(kind text, cell text, grouped boolean, out value text, out fault text)
language plpgsql immutable parallel safe as $$
declare t constant text := pp_release.csv_text(cell);
begin
  if t is null or kind = 'text' then
    value := t;
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
    elsif kind = 'percentage' and value::float8 not between 0 and 100 then
      value := null;
      fault := 'a percentage outside 0 to 100';
    end if;
  end if;
end $$;

create or replace function pp_release.csv_fault(kind text, cell text, grouped boolean default false) returns text
language plpgsql immutable parallel safe as $$ begin return (pp_release.csv_judge(kind, cell, grouped)).fault; end $$;

create or replace function pp_release.csv_value(kind text, cell text, grouped boolean default false) returns text
language plpgsql immutable parallel safe as $$ begin return (pp_release.csv_judge(kind, cell, grouped)).value; end $$;

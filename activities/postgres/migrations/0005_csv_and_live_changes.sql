-- Up Migration
-- A note is written down with the soft errors but is none: it does not count against the limit of the share of soft errors.
alter table pp_release.rejects add column severity text not null default 'soft' check (severity in ('soft', 'note'));

-- The files that an importer has read: name, sha256, rows.
alter table pp_release.import_marks add column inputs jsonb not null default '[]';

-- What a cell says: nothing, if it is blank, `-`, `na` or `n/a`.
create function pp_release.csv_text(cell text) returns text
language sql immutable parallel safe as $$
  select case when lower(btrim(cell, E' \t\r\n\u00a0')) in ('', '-', 'na', 'n/a') then null
              else btrim(cell, E' \t\r\n\u00a0') end
$$;

-- A number as PostgreSQL reads it, from one with thousands commas or a decimal comma; NULL if it is none, or could be read
-- in two ways (1,234). `grouped` says that commas of this column are thousands where they can be.
create function pp_release.csv_number(cell text, grouped boolean) returns text
language sql immutable parallel safe as $$
  select case
    when t ~ '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?$' then t
    when t ~ '^[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]+)?$' and (grouped or t ~ ',.*,' or strpos(t, '.') > 0) then replace(t, ',', '')
    when t ~ '^[+-]?[1-9][0-9]{0,2},[0-9]{3}$' then null
    when t ~ '^[+-]?[0-9]+,[0-9]+$' then replace(t, ',', '.')
  end
  from (select pp_release.csv_text(cell)) as cleaned (t)
$$;

-- Why a cell cannot be taken as `kind` (text, code, integer, number, percentage); NULL if it can, or says nothing.
create function pp_release.csv_fault(kind text, cell text, grouped boolean default false) returns text
language sql immutable parallel safe as $$
  select case
    when t is null or kind = 'text' then null
    when kind = 'code' then case when t !~ '^[A-Za-z]{3,4}$' then 'not a country code' end
    when kind = 'integer' then
      case when t !~ '^[+-]?[0-9]{1,10}(\.0*)?$' then 'not a whole number'
           when t::numeric not between -2147483648 and 2147483647 then 'a number too large' end
    when n is null and t ~ '^[+-]?[1-9][0-9]{0,2},[0-9]{3}$' then 'not clear: a decimal comma, or thousands'
    when n is null then 'not a number'
    when kind = 'percentage' and n::float8 not between 0 and 100 then 'a percentage outside 0 to 100'
  end
  from (
    select t, pp_release.csv_number(case when kind = 'percentage' then regexp_replace(t, '\s*%$', '') else t end, grouped)
    from (select pp_release.csv_text(cell)) as cleaned (t)
  ) as read (t, n)
$$;

-- The cell's value as text that can be cast; NULL where csv_fault has something to say.
create function pp_release.csv_value(kind text, cell text, grouped boolean default false) returns text
language sql immutable parallel safe as $$
  select case
    when pp_release.csv_fault(kind, cell, grouped) is not null then null
    when kind = 'text' then pp_release.csv_text(cell)
    when kind = 'code' then upper(pp_release.csv_text(cell))
    when kind = 'integer' then regexp_replace(pp_release.csv_text(cell), '\..*$', '')
    when kind = 'percentage' then pp_release.csv_number(regexp_replace(pp_release.csv_text(cell), '\s*%$', ''), grouped)
    else pp_release.csv_number(cell, grouped)
  end
$$;

-- True in an importer's transaction when this file was read; an importer that can do without asks.
create function pp_release.has_csv(name text) returns boolean
language sql stable as $$ select name = any(string_to_array(current_setting('pp_release.csv', true), ',')) $$;

-- Stops an importer with a message for the operator.
create function pp_release.hard_error(message text) returns void
language plpgsql as $$ begin raise exception using errcode = 'PP003', message = message; end $$;

-- Changes of tables that a release writes in place (countries): planned by importers, made inside the swap, and taken back
-- by a rollback. Values as text; `before_value` and `after_value` tell whether somebody else has changed the cell since.
create table pp_release.live_changes (
  release_id bigint not null,
  importer text not null,
  relation text not null,
  row_id bigint not null,
  column_name text not null,
  before_value text,
  after_value text,
  applied_at timestamptz,
  undone_at timestamptz,
  primary key (release_id, relation, row_id, column_name)
);

-- When each release became live for the first time: the order in which their changes in place follow each other.
create table pp_release.generations (
  release_id bigint primary key,
  first_live_at timestamptz not null default clock_timestamp()
);

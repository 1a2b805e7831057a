-- Up Migration
-- The two tables of the old system keep their shape; what the orchestrator needs besides stands in nullable columns.
create table if not exists releases (
  id bigserial primary key,
  label character varying not null,
  state character varying not null default 'started',
  stats_json jsonb default '{}',
  manifest_url character varying,
  error_text text,
  is_current boolean not null default false,
  backup_timestamp timestamp without time zone,
  created_at timestamp without time zone not null default (now() at time zone 'utc'),
  updated_at timestamp without time zone not null default (now() at time zone 'utc')
);

alter table releases add column if not exists workflow_id text;
alter table releases add column if not exists run_id text;
alter table releases add column if not exists mode text;

-- At most one release is current; the old system has this index under a name of its own, so look before adding it.
do $$
begin
  if not exists (
    select from pg_index i
    where i.indrelid = 'releases'::regclass and i.indisunique and i.indpred is not null
      and pg_get_expr(i.indpred, i.indrelid) like '%is_current%'
  ) then
    create unique index index_releases_on_is_current on releases (is_current) where is_current;
  end if;
end $$;

create index if not exists index_releases_on_workflow_id on releases (workflow_id);

create table if not exists release_events (
  id bigserial primary key,
  release_id bigint not null references releases (id),
  phase character varying not null,
  payload_json jsonb default '{}',
  at timestamp without time zone not null
);
do $$
begin
  if not exists (select from pg_indexes where tablename = 'release_events' and indexdef like '%(release_id)%') then
    create index index_release_events_on_release_id on release_events (release_id);
  end if;
  if not exists (select from pg_indexes where tablename = 'release_events' and indexdef like '%(phase)%') then
    create index index_release_events_on_phase on release_events (phase);
  end if;
end $$;

-- A release may change columns that readers see only when that was asked for; the swap and the plan look it up here.
alter table pp_release.staging add column accepts_shape boolean not null default false;
comment on column pp_release.staging.accepts_shape is
  'True where start --accept-shape, or a rollback with it, has accepted that columns differ from live.';

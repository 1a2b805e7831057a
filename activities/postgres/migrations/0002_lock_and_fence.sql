-- Up Migration
-- release_id has no foreign key to releases anywhere in this schema: each swap replaces that table by a twin.

-- Who holds the release lock. One row at the most; the advisory lock 42000001 is held besides, for other tools' sake,
-- but a session dies with its server and a row does not.
create table pp_release.lock_owner (
  singleton boolean primary key default true check (singleton),
  release_id bigint,
  workflow_id text not null,
  run_id text not null,
  run_token bigint not null,            -- scheduled time (ms) of the newest attempt that claimed anything for this run
  purpose text not null,                -- what a refused rival is told: 'release Apr2026', 'rollback to 2604010600'
  since timestamptz not null default clock_timestamp(),
  keeper_pid integer,                   -- session that holds the advisory lock …
  keeper_backend_start timestamptz      -- … and its start, because pids are used again
);

-- The newest attempt of each step. An attempt whose token is not here may change nothing.
create table pp_release.fence (
  release_id bigint not null,
  step text not null,
  token bigint not null,                -- scheduled time (ms) of the attempt: differs for every retry and reset
  claimed_at timestamptz not null default clock_timestamp(),
  primary key (release_id, step)
);

-- Every transaction that changes anything calls this first. A later claim of the step (an UPDATE) waits until the
-- transaction ends, and so does a takeover of the lock (a DELETE); a keeper that renews itself does not.
create function pp_release.assert_fence(p_release bigint, p_run text, p_step text, p_token bigint) returns void
language plpgsql as $$
begin
  perform from pp_release.lock_owner where release_id = p_release and run_id = p_run for key share;
  if not found then
    raise exception 'release % (run %) no longer holds the release lock', p_release, p_run
      using errcode = 'PP001', hint = 'Another run has taken over; this attempt changes nothing.';
  end if;
  perform from pp_release.fence where release_id = p_release and step = p_step and token = p_token for share;
  if not found then
    raise exception 'a later attempt of step % of release % has taken over', p_step, p_release
      using errcode = 'PP001', hint = 'This attempt changes nothing.';
  end if;
end $$;

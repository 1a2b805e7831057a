-- Scheduled time (ms) of the newest attempt that has become the keeper; run_token may be that of a step of a newer run.
alter table pp_release.lock_owner add column keeper_token bigint not null default 0;

-- Runs that have given the lock back. A late attempt of theirs to take it (a worker that was frozen with the task in hand, or
-- with one that its poll got) finds no owner, and must not become one.
create table pp_release.lock_given_back (
  run_id text primary key,
  at timestamptz not null default clock_timestamp()
);

-- What follows the COMMIT of a swap or rollback outside its lock. Written inside the same transaction, so that it is known
-- to whoever comes next, also when the answer of COMMIT is lost or the workflow is terminated.
create table pp_release.follow_ups (
  id bigint generated always as identity primary key,
  statement text not null,
  reason text not null
);

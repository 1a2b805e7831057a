import type { StatusReport } from '../../client/status.ts';
import type { WaitingFor } from '../../contracts/index.ts';
import { eventually } from './eventually.ts';
import type { ReleaseHarness } from './release.ts';

export async function statusOf(harness: ReleaseHarness): Promise<StatusReport> {
  const { stdout } = await harness.pp(['status', '--json']);
  return JSON.parse(stdout) as StatusReport;
}

/** Answers what the release that holds the lock waits for, once it does and has said so in the database. */
export function waitsFor(
  harness: ReleaseHarness,
  kind: WaitingFor['kind'],
  condition: (waitingFor: WaitingFor) => boolean = () => true,
): Promise<WaitingFor> {
  return eventually(`the release waits for ${kind}`, async () => {
    const [row] = await harness.live<{ workflow_id: string; told: boolean }>(
      `select workflow_id, (select phase from release_events e where e.release_id = o.release_id order by id desc limit 1)
         = $1 as told from pp_release.lock_owner o where release_id is not null`,
      [`waiting_for_${kind}`],
    );
    if (!row?.told) return undefined;
    const { waitingFor } = await harness.temporal.workflow
      .getHandle(row.workflow_id)
      .query<{ waitingFor?: WaitingFor }>('status');
    return waitingFor?.kind === kind && condition(waitingFor) ? waitingFor : undefined;
  });
}

/** What the newest event of a name says. */
export async function eventOf(harness: ReleaseHarness, releaseId: number, name: string): Promise<object> {
  const [row] = await harness.live<{ payload_json: object }>(
    'select payload_json from release_events where release_id = $1 and phase = $2 order by id desc limit 1',
    [releaseId, name],
  );
  if (!row) throw new Error(`release ${releaseId} has no event ${name}`);
  return row.payload_json;
}

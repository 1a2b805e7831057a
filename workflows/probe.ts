import type { ProbeResult } from '../contracts/index.ts';
import { quick } from './proxies.ts';

/** A round trip through Temporal, a worker, the live database and the portal; it takes no lock and is no release. */
export async function portalProbe(): Promise<ProbeResult> {
  return quick.probe();
}

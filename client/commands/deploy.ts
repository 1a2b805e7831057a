import { setTimeout as delay } from 'node:timers/promises';
import { type Client, isGrpcServiceError } from '@temporalio/client';
import { readEnvironment, temporalAddress } from '../config.ts';
import { type DeploymentFlags, deploymentVersion } from '../deployment.ts';
import { CommandError, EXIT } from '../errors.ts';
import { operator } from '../operator.ts';
import type { Output } from '../output.ts';
import { withTemporal } from '../temporal.ts';

/** gRPC's NOT_FOUND and FAILED_PRECONDITION: what Temporal answers for a version that it has not seen poll. */
const UNKNOWN_VERSION: readonly number[] = [5, 9];
/** A worker that polls is known to the deployment a little later. */
const REGISTER_LIMIT_MS = 10_000;

/** New releases go to the workers of this version; those that run stay with the version that they were started on. */
export async function deploy(flags: DeploymentFlags, output: Output): Promise<void> {
  const version = deploymentVersion(flags);
  if (!version) throw new CommandError(EXIT.usage, 'say which version: --deployment NAME --build-id ID');
  const { deploymentName, buildId } = version;
  await withTemporal(temporalAddress(readEnvironment()), async (client) => {
    const previous = await setCurrent(client, deploymentName, buildId);
    const from = previous ? `, no longer to build ${previous}` : '';
    const text = `new releases of ${deploymentName} go to build ${buildId}${from}; what runs stays with its build, so keep a worker of that one until it has ended`;
    output.result({ deployment: deploymentName, buildId, previousBuildId: previous ?? null }, text);
  });
}

async function setCurrent(client: Client, deploymentName: string, buildId: string): Promise<string | undefined> {
  const { namespace } = client.options;
  const request = { namespace, deploymentName, buildId, identity: operator() };
  const deadline = Date.now() + REGISTER_LIMIT_MS;
  for (;;) {
    try {
      const answer = await client.workflowService.setWorkerDeploymentCurrentVersion(request);
      return answer.previousDeploymentVersion?.buildId || undefined;
    } catch (error) {
      if (!isGrpcServiceError(error) || !UNKNOWN_VERSION.includes(error.code)) throw error;
      if (Date.now() > deadline) throw unknownVersion(deploymentName, buildId, error);
    }
    await delay(200);
  }
}

function unknownVersion(deploymentName: string, buildId: string, cause: Error & { details: string }): CommandError {
  const message = `nothing was changed, since Temporal refuses build ${buildId} of ${deploymentName}: ${cause.details}; start its worker first, with pp-release worker --deployment ${deploymentName} --build-id ${buildId}`;
  return new CommandError(EXIT.refused, message, { deployment: deploymentName, buildId }, { cause });
}

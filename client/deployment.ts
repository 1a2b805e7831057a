import type { WorkerDeploymentVersion } from '@temporalio/common';
import { CommandError, EXIT } from './errors.ts';

export interface DeploymentFlags {
  deployment?: string;
  buildId?: string;
}

/**
 * The version of a worker; nothing when neither flag is given.
 *
 * @throws CommandError with exit code 2 when one of them is missing
 */
export function deploymentVersion({ deployment, buildId }: DeploymentFlags): WorkerDeploymentVersion | undefined {
  if (deployment === undefined && buildId === undefined) return undefined;
  if (deployment && buildId) return { deploymentName: deployment, buildId };
  const missing = deployment ? '--build-id' : '--deployment';
  const why = 'a version is the name of the deployment and the id of the build';
  throw new CommandError(
    EXIT.usage,
    `${missing} is missing: ${why}; give --deployment NAME and --build-id ID, or neither`,
  );
}

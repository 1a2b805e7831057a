import { writeFile } from 'node:fs/promises';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { WORKFLOWS_PATH } from './bundle.ts';

/** Run as a process by bundle.ts: `bundle_workflows.ts OUTPUT`. */
const [output] = process.argv.slice(2);
if (!output) throw new Error('name the file to write');
const { code } = await bundleWorkflowCode({ workflowsPath: WORKFLOWS_PATH, logger: new DefaultLogger('WARN') });
await writeFile(output, code);

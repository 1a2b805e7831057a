/** `node --import tsx local/screenshot.ts [WORKFLOW_ID] [FILE]`: the picture of a finished release for the README. */
import { join } from 'node:path';
import { openBrowser } from './browser.ts';
import { ROOT, STACK_DIR } from './paths.ts';
import { reportError, StackError } from './stack/errors.ts';
import { readState } from './stack/state.ts';

/** Wide enough for the header's facts to stand in one line each, high enough for the 13 phases. */
const VIEWPORT = { width: 1280, height: 2400 };
/** Where the page itself begins, beside the menu and below the bar of namespaces. */
const LEFT = 64;
const TOP = 50;

const progress = (line: string) => console.error(`[screenshot] ${line}`);

async function screenshot(workflowId: string | undefined, file: string): Promise<void> {
  const env = readState(STACK_DIR)?.env;
  if (env === undefined) {
    throw new StackError('The stack is not up.', `Nothing runs in ${STACK_DIR}.`, 'Run "npm run demo" first.');
  }
  const list = `${env.PP_TEMPORAL_UI_URL}/namespaces/${env.TEMPORAL_NAMESPACE}/workflows`;
  const browser = await openBrowser(progress);
  try {
    const page = await browser.newPage({ viewport: VIEWPORT, locale: 'en-GB' });
    await page.goto(workflowId === undefined ? list : `${list}/${encodeURIComponent(workflowId)}`);
    // Without an id: the newest one, which stands first in the list.
    if (workflowId === undefined) await page.locator('table a[href*="/workflows/"]').first().click();
    await page.getByRole('heading', { name: 'Event History', exact: true }).waitFor();
    // Oldest first, as the phases run.
    await page.getByRole('button', { name: 'Descending' }).click();
    await page.getByRole('button', { name: 'Minimized' }).click();
    await page.getByText('resetCheckpoints').first().waitFor();
    await page.mouse.move(0, 0);
    // The picture ends with the timeline: the table of events below says the same in more words.
    const table = await page.getByText('Event ID').first().boundingBox();
    const bottom = (table?.y ?? VIEWPORT.height) - 50;
    await page.screenshot({
      path: file,
      clip: { x: LEFT, y: TOP, width: VIEWPORT.width - LEFT, height: bottom - TOP },
    });
    progress(file);
  } finally {
    await browser.close();
  }
}

try {
  const [workflowId, file = join(ROOT, 'docs/images/web-ui.png')] = process.argv.slice(2);
  await screenshot(workflowId, file);
} catch (error) {
  reportError(error);
  process.exitCode = 1;
}

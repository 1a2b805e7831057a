import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { openBrowser } from '../../local/browser.ts';
import { runCommand } from '../../local/stack/command.ts';
import { obtainTemporal } from '../../local/stack/temporal/obtain.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';

const progress = (line: string) => console.error(`[web] ${line}`);
/** Chromium's package is about 100 MB, where it is not there yet. */
const SET_UP_LIMIT_MS = 600_000;

describe('a release that the plain Temporal CLI starts', () => {
  let harness: ReleaseHarness;
  let browser: Browser;
  let page: Page;
  let started: { workflowId: string; runId: string; type: string };
  let result: { releaseId: number; label: string; state: string };
  let list: string;

  beforeAll(async () => {
    // First of all, so that a missing browser is told of at once.
    browser = await openBrowser(progress);
    const temporal = await obtainTemporal(progress);
    harness = await createHarness({ sites: 100 });
    const { TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE } = harness.env as Record<string, string>;
    const where = ['--address', `${TEMPORAL_ADDRESS}`, '--namespace', `${TEMPORAL_NAMESPACE}`];
    const start = await runCommand(temporal, [
      ...['workflow', 'start', '--type', 'portalRelease', '--task-queue', 'pp-release'],
      ...['--input', '{"label":"Feb2027"}', ...where, '--output', 'json'],
    ]);
    expect(start.code, start.output).toBe(0);
    started = JSON.parse(start.stdout);
    // The CLI waits for the end of the run, as `workflow start` itself does not.
    const ended = await runCommand(temporal, [
      ...['workflow', 'result', '--workflow-id', started.workflowId, ...where, '--output', 'json'],
    ]);
    expect(ended.code, ended.output).toBe(0);
    result = JSON.parse(ended.stdout).result;
    list = `${inject('stackEnv').PP_TEMPORAL_UI_URL}/namespaces/${TEMPORAL_NAMESPACE}/workflows`;
    page = await browser.newPage({ viewport: { width: 1600, height: 1200 } });
  }, SET_UP_LIMIT_MS);

  afterAll(async () => {
    await browser?.close();
    await harness?.close();
  });

  test('runs to its end and is live', async () => {
    expect(started.type).toBe('portalRelease');
    expect(result).toMatchObject({ label: 'Feb2027', state: 'succeeded' });
    const rows = await harness.live('select label, state, is_current, workflow_id from releases');
    expect(rows).toEqual([{ label: 'Feb2027', state: 'succeeded', is_current: true, workflow_id: started.workflowId }]);
  });

  test('is in the list of the Web UI, by its id, its type and its state', async () => {
    await page.goto(list);
    const row = page.getByRole('row').filter({ hasText: started.workflowId });
    await row.waitFor();
    expect(await row.textContent()).toMatch(/Completed[\s\S]*portalRelease/);
  });

  test('has a page in the Web UI, with its type, its state, its input and its phases', async () => {
    await page.goto(`${list}/${started.workflowId}/${started.runId}/history`);
    await page.getByRole('heading', { name: started.workflowId }).waitFor();
    const main = page.getByRole('main');
    await main.getByText('acquireLock').first().waitFor();
    const text = await main.textContent();
    for (const words of ['Completed', 'portalRelease', 'pp-release', '"label": "Feb2027"', '"state": "succeeded"']) {
      expect(text).toContain(words);
    }
    for (const activity of ['createStagingMaterializedViews', 'runImporter', 'attemptSwap', 'releaseLock']) {
      expect(text).toContain(activity);
    }
  });
});

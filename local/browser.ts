import { type Browser, chromium } from 'playwright-core';
import { obtainChromium } from './chromium.ts';
import type { Progress } from './stack/progress.ts';

/** A headless Chromium, which is installed first where it is missing; the caller closes it. */
export async function openBrowser(progress: Progress): Promise<Browser> {
  return chromium.launch({
    executablePath: await obtainChromium(progress),
    // As root Chromium has no sandbox; the pages are those of our own Temporal server.
    args: ['--headless', '--no-sandbox', '--disable-dev-shm-usage'],
  });
}

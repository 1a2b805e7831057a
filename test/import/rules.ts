import { afterAll, beforeAll, it } from 'vitest';
import { openPortalRows, type PortalRows } from '../support/portal_rows.ts';
import { Published } from '../support/published.ts';

/** A test's own site number; the nine above it are its own too. */
type Arrange = (portal: PortalRows, site: number) => Promise<unknown>;
type Assert = (published: Published, site: number, portal: PortalRows) => Promise<void>;

/**
 * Tests that share one portal and one release of it, since each takes only a few rows: `rule` says which rows its test
 * needs, all are inserted, the release is staged once, and then each test looks at its own.
 */
export function rulesOverOneRelease(label = 'Jan2027'): (title: string, arrange: Arrange, assert: Assert) => void {
  const arranged: { arrange: Arrange; site: number }[] = [];
  let portal: PortalRows;
  let published: Published;
  beforeAll(async () => {
    portal = await openPortalRows();
    for (const { arrange, site } of arranged) await arrange(portal, site);
    // Most of these rows are odd.
    await portal.rooms.stage(label, { softErrorLimitPercent: 100 });
    published = new Published(portal.rooms);
  });
  afterAll(() => portal?.close());
  return (title, arrange, assert) => {
    const site = 1000 + 10 * arranged.length;
    arranged.push({ arrange, site });
    it(title, () => assert(published, site, portal));
  };
}

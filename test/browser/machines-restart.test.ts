// The inspector over a restart of the agent: the page stays open, says that nobody answers, and goes on at the next record.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser } from './support/chromium.ts';
import { launchYacht, type Yacht } from './support/yacht.ts';

let browser: Browser;
let yacht: Yacht;

beforeAll(async () => {
  [browser, yacht] = await Promise.all([openBrowser(), launchYacht({ log: { records: 500 } })]);
});
afterAll(async () => {
  await browser.close();
  await yacht.close();
});

describe('the inspector over a restart', () => {
  it('loses no record and shows none twice, without a reload', async () => {
    const watched = await yacht.open(browser, {
      route: '/machines/connection/main',
      expected: /Failed to load resource|ERR_CONNECTION/,
    });
    const { page } = watched;
    await page.waitForSelector('main.machines[data-selected="ready"]');
    await page.evaluate(`window.stillThere = true`);
    await yacht.agent.kill();
    await page.waitForSelector('main.machines[data-connection="lost"]');
    await page.getByText('The daemon does not answer').waitFor();
    await yacht.start();
    await page.waitForSelector('main.machines[data-connection="open"]');
    const id = await yacht.add('after the restart.pdf');
    await page.getByText('after the restart.pdf').first().waitFor();
    expect(await page.evaluate(`window.stillThere`)).toBe(true);

    const { items } = (await yacht.api.get('/v1/log?last=30&limit=30')) as unknown as {
      items: { seq: number; actor: string; state: string }[];
    };
    expect(items.some(({ actor }) => actor === `upload/${id}`)).toBe(true);
    for (const { seq, state } of items.slice(-12)) {
      await page.evaluate(`location.hash = '#/machines/connection/main@${seq}'`);
      await page.waitForSelector(`main.machines[data-cursor="${seq}"]`);
      const row = page.locator('.record-row.here');
      await row.getByText(`#${seq}`, { exact: true }).waitFor();
      expect(await row.count()).toBe(1);
      expect(await row.locator('.record-state').textContent()).toBe(`→ ${state}`);
    }
    watched.assertClean();
    await watched.close();
  });
});

// The page over the death of its daemon, and under a great many documents.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../end-to-end/support/until.ts';
import { openBrowser } from './support/chromium.ts';
import { launchYacht, type Yacht } from './support/yacht.ts';

let browser: Browser;
let yacht: Yacht;
beforeAll(async () => {
  [browser, yacht] = await Promise.all([openBrowser(), launchYacht()]);
});
afterAll(async () => {
  await browser.close();
  await yacht.close();
});

const names = (page: Page) => page.locator('.row-name').allTextContents();

it('loses no row and doubles none when the daemon is killed and started again under an open page', async () => {
  for (let i = 0; i < 20; i++) await yacht.add(`before-${i}.pdf`);
  const watched = await yacht.open(browser, { expected: /Failed to load resource|ERR_/ });
  const { page } = watched;
  await until('all rows', async () => (await names(page)).length === 20);
  await page.evaluate('window.notReloaded = true');

  for (let round = 1; round <= 3; round++) {
    await yacht.agent.kill();
    await page.getByText(/Last seen \d\d:\d\d:\d\d, trying again/).waitFor();
    const pause = page.getByRole('button', { name: 'Pause before-0.pdf' });
    expect(await pause.getAttribute('aria-disabled')).toBe('true');
    expect(await pause.getAttribute('title')).toContain('does not answer');
    expect(await names(page)).toHaveLength(19 + round);

    await yacht.start();
    await yacht.add(`after-${round}.pdf`);
    await until('the new row', async () => (await names(page)).includes(`after-${round}.pdf`));
    const shown = await names(page);
    expect(new Set(shown).size).toBe(shown.length);
    expect(shown).toHaveLength(20 + round);
    await until('controls work', async () => (await pause.getAttribute('aria-disabled')) === null);
  }
  expect(await page.evaluate('window.notReloaded')).toBe(true);
  watched.assertClean();
  await watched.close();
});

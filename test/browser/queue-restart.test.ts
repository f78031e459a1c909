// The page over the death of its daemon, and under a great many documents.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../end-to-end/support/until.ts';
import { axeViolations } from './support/axe.ts';
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

it('puts a critical condition before everything else, says why nothing can be added, and stays usable', async () => {
  const full = await launchYacht({ settings: ['spool.free_min=1TB'] });
  try {
    const watched = await full.open(browser, { context: { viewport: { width: 700, height: 800 } } });
    const { page } = watched;
    const banner = page.locator('.banner[data-level="critical"]');
    await banner.getByText('The disk is full').waitFor();
    expect(await page.evaluate('document.querySelector(".banner").getBoundingClientRect().width')).toBe(700);
    expect(await page.evaluate('document.querySelector("#page").firstElementChild.className')).toBe('banner');
    const add = page.getByRole('button', { name: 'Add files' });
    expect(await add.getAttribute('aria-disabled')).toBe('true');
    expect(await add.getAttribute('title')).toContain('disk is full');
    expect(await axeViolations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Night' }).click();
    expect(await axeViolations(page)).toEqual([]);
    watched.assertClean();
    await watched.close();
  } finally {
    await full.close();
  }
});

it('shows the beginning of a very long line at once, and the rest when somebody asks', async () => {
  const long = await launchYacht({ log: { records: 4_000, alongside: 1_200 } });
  try {
    const watched = await long.open(browser);
    const { page } = watched;
    const group = page.locator('[data-group="line"]');
    await group.locator('.row').first().waitFor();
    // Files of that log that are not on this disk leave the line as soon as somebody has looked for them.
    const queue = await until('every file to be looked for', async () => {
      const now = (await long.api.get('/v1/status')) as { queue: { states: Record<string, number> } };
      return (now.queue.states.settling ?? 0) === 0 && now.queue;
    });
    const line = ['sighted', 'settling', 'sending', 'confirming', 'waiting', 'paused'];
    const total = line.reduce((sum, state) => sum + (queue.states[state] ?? 0), 0);
    await until('the page to know', async () =>
      (await group.locator('h2').textContent())?.includes(`(${total.toLocaleString('en')})`),
    );
    // How many wait for a person stands in the tab's title.
    await until(
      'the title to say it',
      async () => (await page.title()) === `(${queue.states.parked}) tender`,
    );
    let shown = 0;
    while (shown < total) {
      await until('more rows', async () => (await group.locator('.row').count()) > shown);
      shown = await group.locator('.row').count();
      if (shown < total) await group.getByRole('button', { name: /^Show/ }).click();
    }
    const ids = (await group
      .locator('.row')
      .evaluateAll((rows) =>
        rows.map((row) => (row as unknown as { dataset: { id: string } }).dataset.id),
      )) as string[];
    const aboard: string[] = [];
    for (let next: string | null = ''; next !== null && aboard.length < 10_000; ) {
      const page = (await long.api.get(`/v1/uploads?limit=1000${next ? `&after=${next}` : ''}`)) as {
        items: { id: string; state: string }[];
        next: string | null;
        more: boolean;
      };
      aboard.push(...page.items.filter(({ state }) => line.includes(state)).map(({ id }) => id));
      next = page.more ? page.next : null;
    }
    expect(ids).toEqual(aboard);
    watched.assertClean();
    await watched.close();
  } finally {
    await long.close();
  }
});

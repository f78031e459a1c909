// The inspector in a real browser, against a real agent with a log of some thousand records.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../../machines/json.ts';
import type { Cell } from '../../machines/kernel.ts';
import { axeViolations } from './support/axe.ts';
import { openBrowser } from './support/chromium.ts';
import { launchYacht, type Palette, type Yacht } from './support/yacht.ts';

const palettes: readonly Palette[] = ['day', 'dusk', 'night'];
const records = 4_000;
/** Moments compared between browser and daemon; the model itself is compared at a thousand in test/inspector/machines. */
const comparedMoments = 25;
const hostile = '<img src=x onerror="document.title=1"> & <b>"quotes".pdf';

let browser: Browser;
let yacht: Yacht;
let held: string;

beforeAll(async () => {
  [browser, yacht] = await Promise.all([
    openBrowser(),
    launchYacht({ log: { records, alongside: 60, seed: 3 } }),
  ]);
  held = await yacht.add(hostile);
});
afterAll(async () => {
  await browser.close();
  await yacht.close();
});

const main = 'main.machines';
const selected = (page: Page, state = 'ready') => page.waitForSelector(`${main}[data-selected="${state}"]`);
const cursor = (page: Page) => page.locator(main).getAttribute('data-cursor');
const sidewaysPixels = (page: Page) =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

async function openMachines(place: string, options: Parameters<Yacht['open']>[1] = {}) {
  const watched = await yacht.open(browser, { ...options, route: `/machines${place}` });
  await selected(watched.page);
  return watched;
}

const isFlat = (value: Json) =>
  typeof value !== 'object' || value === null || Object.keys(value).length === 0;
const wordsOf = (value: Json) => {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? '[ ]' : '{ }';
  return JSON.stringify(value);
};

describe('the inspector', () => {
  it('shows of the connection what the line does now, and of nothing else', async () => {
    const watched = await openMachines('/connection/main');
    const { page } = watched;
    await page.getByRole('button', { name: /^The line now/ }).waitFor();
    await page.getByText('No line is open.').waitFor();
    await page.getByText('What the rate finder did last').waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await page.keyboard.press('Home');
    await page.waitForSelector(`${main}[data-cursor]:not([data-cursor="live"])`);
    expect(await page.getByRole('button', { name: /^The line now/ }).count()).toBe(0);
    await watched.close();
  });

  it.each(palettes)(
    'breaks no rule of accessibility, live, in the past and in a sandbox, by %s',
    async (palette) => {
      const watched = await openMachines(`/upload/${held}`, { palette });
      const { page } = watched;
      expect(await axeViolations(page)).toEqual([]);
      await page.getByRole('button', { name: 'What if: pause' }).click();
      await page.getByText('Nothing was sent').waitFor();
      expect(await axeViolations(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await page.keyboard.press('Home');
      await page.keyboard.press('End');
      await page.getByRole('button', { name: 'Full', exact: true }).click();
      await page.keyboard.press('s');
      await page.getByText('Nothing here reaches the yacht').waitFor();
      expect(await axeViolations(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await page.keyboard.press('?');
      await page.getByRole('dialog').waitFor();
      expect(await axeViolations(page)).toEqual([]);
      watched.assertClean();
      await watched.close();
    },
  );

  it('needs no sideways scrolling at 320 px nor at 200 % zoom, and every part can be reached', async () => {
    for (const viewport of [
      { width: 320, height: 640 },
      { width: 640, height: 400 },
    ]) {
      const watched = await openMachines('/connection/main', { context: { viewport } });
      for (const tab of ['Actors', 'Chart', 'Details', 'Log']) {
        await watched.page.getByRole('tab', { name: tab }).click();
        expect(await sidewaysPixels(watched.page), `${tab} at ${viewport.width}`).toBe(0);
      }
      expect(await axeViolations(watched.page)).toEqual([]);
      watched.assertClean();
      await watched.close();
    }
  });

  it('shows at any record the cell that the daemon folds for it', async () => {
    const watched = await openMachines('/connection/main');
    const { page } = watched;
    const last = Number(await page.locator('.scrubber').getAttribute('max'));
    await page.getByRole('button', { name: 'Full', exact: true }).click();
    for (let round = 0; round < comparedMoments; round++) {
      const seq = 5 + Math.floor((round / comparedMoments) * (last - 10));
      const { items } = (await yacht.api.get(`/v1/log?after=${seq - 1}&limit=1`)) as unknown as {
        items: { actor: string; n: number; state: string }[];
      };
      const { actor, n, state } = items[0]!;
      if (actor.startsWith('host/')) continue;
      await page.evaluate(`location.hash = '#/machines/${actor}@${seq}'`);
      await page.waitForSelector(`${main}[data-cursor="${seq}"][data-selected="ready"]`);
      await page.waitForSelector(`${main}[data-actor="${actor}"][data-n="${n}"]`);
      const { cell } = (await yacht.api.get(`/v1/actors/${actor}?n=${n}`)) as unknown as { cell: Cell };
      expect(cell.value).toBe(state);
      expect(await page.locator('.strip .state').textContent()).toBe(cell.value);
      const context = page.locator('.part', { has: page.getByRole('heading', { name: 'Context' }) });
      const shown = await context
        .locator('.part-body > .json > .json-flat > dt, .part-body > .json > .json-flat > dd > code')
        .allTextContents();
      const flat = Object.entries(cell.context).filter(([, value]) => isFlat(value));
      expect(shown).toEqual(flat.flatMap(([key, value]) => [key, wordsOf(value)]));
    }
    watched.assertClean();
    await watched.close();
  });

  it('is used with the keyboard alone: find an actor, travel, come back', async () => {
    const watched = await openMachines('');
    const { page } = watched;
    expect(await cursor(page)).toBe('live');
    await page.keyboard.press('/');
    await page.locator('#machines-find:focus').waitFor();
    await page.keyboard.type('breaker');
    await page.getByRole('treeitem', { name: 'breaker/line' }).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'breaker/line' }).waitFor();
    await page.keyboard.press('Shift+ArrowLeft');
    const first = Number(await cursor(page));
    await page.keyboard.press('Shift+ArrowLeft');
    await page.waitForSelector(`${main}:not([data-cursor="${first}"])`);
    expect(Number(await cursor(page))).toBeLessThan(first);
    await page.getByText('Read-only').waitFor();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Escape');
    expect(await cursor(page)).toBe('live');
    watched.assertClean();
    await watched.close();
  });

  it('writes actor and record into the address, and opens there again', async () => {
    const watched = await openMachines('/breaker/line');
    const { page } = watched;
    await page.keyboard.press('Shift+ArrowLeft');
    const seq = await cursor(page);
    await page.waitForURL(new RegExp(`#/machines/breaker/line@${seq}$`));
    await page.reload();
    await selected(page);
    expect(await cursor(page)).toBe(seq);
    await page.getByRole('heading', { level: 1, name: 'breaker/line' }).waitFor();
    watched.assertClean();
    await watched.close();
  });

  it('shows names from the log as text, whatever they say', async () => {
    const watched = await openMachines(`/upload/${held}`);
    await watched.page.getByRole('heading', { level: 1, name: hostile }).waitFor();
    expect(await watched.page.locator('main.machines img, main.machines b').count()).toBe(0);
    watched.assertClean();
    await watched.close();
  });
});

describe('what if', () => {
  const head = async () =>
    Number(((await yacht.api.get('/v1/timeline?after=0&limit=1')) as { head: number }).head);

  it('a dry run and a sandbox leave the log as it is', async () => {
    const watched = await openMachines(`/upload/${held}`);
    const { page } = watched;
    const before = await page.locator('.position strong').textContent();
    await page.getByRole('button', { name: 'What if: pause' }).click();
    await page.getByText('→ paused').first().waitFor();
    await page.getByRole('button', { name: 'Go on in a sandbox' }).click();
    await page.getByText('1 step').waitFor();
    expect(await page.locator('.strip .state').textContent()).toBe('paused');
    await page.getByRole('button', { name: '+1 h' }).click();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText('0 steps').waitFor();
    // Another actor is looked at: the sandbox was not its own.
    await page.evaluate(`location.hash = '#/machines/breaker/line'`);
    await page.getByText('Nothing here reaches the yacht').waitFor({ state: 'detached' });
    expect(await page.locator('.strip .state').textContent()).not.toBe('paused');
    const { cell } = (await yacht.api.get(`/v1/actors/upload/${held}`)) as unknown as { cell: Cell };
    expect(cell.value).not.toBe('paused');
    expect(await page.locator('.position strong').textContent()).toBe(before);
    watched.assertClean();
    await watched.close();
  });

  it('nothing is sent from the past, and the button says why', async () => {
    const watched = await openMachines(`/upload/${held}`);
    const { page } = watched;
    await page.keyboard.press('End');
    await page.getByRole('button', { name: 'What if: pause' }).click();
    const button = page.getByRole('button', { name: 'Send for real' });
    expect(await button.getAttribute('aria-disabled')).toBe('true');
    await page.getByText('You look at the past').waitFor();
    const before = await head();
    await button.click({ force: true });
    expect(await head()).toBe(before);
    watched.assertClean();
    await watched.close();
  });

  it('sending for real takes a second step and a reason, and is recorded with both', async () => {
    const watched = await openMachines(`/upload/${held}`);
    const { page } = watched;
    await page.getByRole('button', { name: 'What if: pause' }).click();
    await page.getByRole('button', { name: 'Send for real' }).click();
    const send = page.getByRole('button', { name: 'Send it now' });
    await send.waitFor();
    expect(await send.isDisabled()).toBe(true);
    await page.getByLabel('Reason', { exact: true }).fill('a test of the inspector');
    await send.click();
    await page.getByText('is recorded as').waitFor();
    await page.locator('.strip .state', { hasText: 'paused' }).waitFor();
    const { items } = (await yacht.api.get(`/v1/log?actor=upload/${held}&last=1`)) as unknown as {
      items: { src: string; event: { type: string; reason?: string; by?: string } }[];
    };
    expect(items[0]).toMatchObject({
      src: 'cmd',
      event: { type: 'pause', reason: 'a test of the inspector' },
    });
    watched.assertClean();
    await watched.close();
  });
});

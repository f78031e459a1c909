// The chart in a real browser, under the page's own content security policy.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { axeViolations } from '../../browser/support/axe.ts';
import { openBrowser, type WatchedPage, watchedPage } from '../../browser/support/chromium.ts';
import { descriptions } from './machines.ts';

/** Most for lighting another state, words and names included: the median, as two cores serve many tests at once. */
const repaintMaxMs = 4;

interface Props {
  readonly active: string | null;
  readonly entered?: string;
  readonly last?: { readonly from: string; readonly to: string; readonly event: string };
  readonly ghost?: string;
  readonly fold?: boolean;
}
/** What page.tsx puts on the page for these tests. */
interface Probe {
  show(kind: string, palette: string, props: Props): void;
  readonly picked: readonly string[];
  readonly heard: readonly string[];
  overflowing(): string[];
  repaint(rounds: number): Promise<{ readonly changed: string[]; readonly workMs: number[] }>;
  isAllInSight(): boolean;
  place(): string;
  lit(name: string): string[];
  /** Waits for so many frames to be painted. */
  frames(count: number): Promise<void>;
}
type Global = { readonly probe: Probe };

const types: { readonly [ending: string]: string } = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
};
let folder: string;
let server: Server;
let origin: string;
let browser: Browser;
let watched: WatchedPage;
let page: Page;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tender-chart-'));
  await build({
    configFile: false,
    root: import.meta.dirname,
    base: './',
    logLevel: 'error',
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      outDir: folder,
      emptyOutDir: true,
      modulePreload: { polyfill: false },
      rollupOptions: { input: join(import.meta.dirname, 'page.html') },
    },
  });
  server = createServer((request, response) => {
    const path = join(folder, new URL(request.url ?? '/', 'http://x').pathname);
    response.setHeader(
      'content-security-policy',
      "default-src 'self'; img-src data:; frame-ancestors 'none'",
    );
    response.setHeader('content-type', types[extname(path)] ?? 'application/octet-stream');
    response.end(readFileSync(path));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  watched = await watchedPage(browser, { origin, context: { viewport: { width: 1000, height: 800 } } });
  page = watched.page;
  await page.goto(`${origin}/page.html`);
});
afterEach(async () => {
  watched.assertClean();
  await watched.close();
});

async function show(kind: string, props: Props, palette = 'day'): Promise<void> {
  await page.evaluate(([a, b, c]) => (globalThis as unknown as Global).probe.show(a, b, c), [
    kind,
    palette,
    props,
  ] as const);
  await page.locator('.chart-world[transform]').waitFor({ state: 'attached' });
}
const place = () => page.evaluate(() => (globalThis as unknown as Global).probe.place());
const scale = async () => Number(/scale\((.+)\)/.exec(await place())?.[1]);
const lit = (name: string) =>
  page.evaluate((wanted) => (globalThis as unknown as Global).probe.lit(wanted), name);
const picked = () => page.evaluate(() => (globalThis as unknown as Global).probe.picked);
const heard = () => page.evaluate(() => (globalThis as unknown as Global).probe.heard);

describe.each(descriptions)('$kind', ({ kind, groups, states }) => {
  it('fits every word into its box, in every picture', async () => {
    const clipped: string[] = [];
    const first = groups.map((group) => group.states[0]).filter((id) => id !== undefined);
    for (const fold of [true, false])
      for (const active of fold ? first : [states[0]?.id ?? '']) {
        await page.reload();
        await show(kind, { active, fold });
        for (const turn of ['as it comes', 'turned']) {
          const words = await page.evaluate(() => (globalThis as unknown as Global).probe.overflowing());
          clipped.push(...words.map((each) => `${active}, ${turn}: ${each}`));
          await page.getByRole('button', { name: /^(Down|Across)$/ }).click();
        }
      }
    expect(clipped).toEqual([]);
  });
});

it('lights where the actor is, where it came from, how, and where a dry run would lead', async () => {
  const last = { from: 'sending', to: 'waiting', event: 'send.failed' };
  await show('upload', { active: 'waiting', entered: 'sending', last, ghost: 'paused' });
  expect(await lit('active')).toEqual(['aside', 'aside', 'waiting']);
  expect(await lit('entered')).toEqual(['on its way']);
  expect(await lit('ghost')).toEqual(['paused']);
  expect(await page.locator('.chart-label.taken .lit text').allTextContents()).toEqual(['send.failed']);
});

it('lights the whole way of a record that led through a state left at once', async () => {
  const last = { from: 'confirming', to: 'indexed', event: 'upload.stored' };
  await show('upload', { active: 'indexed', entered: 'confirming', last, fold: false });
  expect(await page.locator('.chart-label.taken .lit text').allTextContents()).toEqual([
    'upload.stored',
    'at once [alreadyIndexed]',
  ]);
});

it('moves classes and names only when the state changes inside the picture, within its time', async () => {
  await show('upload', { active: 'sending', fold: false });
  const { changed, workMs } = await page.evaluate(() => (globalThis as unknown as Global).probe.repaint(40));
  // `transform`: the active state is kept in sight.
  expect(changed).toEqual(expect.arrayContaining(['class']));
  const allowed = ['aria-current', 'aria-label', 'class', 'tabindex', 'transform'];
  expect(changed.filter((each) => !allowed.includes(each))).toEqual([]);
  expect(workMs[20]).toBeLessThanOrEqual(repaintMaxMs);
});

it('opens the group of the active state and folds the others, until it is told not to', async () => {
  await show('upload', { active: 'paused' });
  expect(await page.locator('.chart-folded .chart-title').allTextContents()).toEqual(['on its way', 'done']);
  await page.locator('.chart-view').focus();
  await page.keyboard.press('z');
  expect(await page.locator('.chart-folded').count()).toBe(0);
  expect(await page.locator('.chart-state').count()).toBe(10);
});

it('leaves no light behind when another picture is shown, and shows that from its own place', async () => {
  await show('upload', { active: 'sending', entered: 'waiting', ghost: 'paused' });
  await page.locator('.chart-view').focus();
  await page.keyboard.press('+');
  await page.keyboard.press('z');
  expect(await lit('active')).toEqual(['on its way', 'on its way', 'sending']);
  await show('upload', { active: 'parked', entered: 'sending' });
  await page.keyboard.press('z');
  expect(await lit('active')).toEqual(['aside', 'aside', 'parked']);
  expect(await lit('entered')).toEqual(['on its way']);
  expect(await lit('ghost')).toEqual([]);
  await show('upload', { active: 'sending' });
  expect(await lit('active')).toEqual(['on its way', 'on its way', 'sending']);
  expect(await lit('entered')).toEqual([]);
});

it('zooms, fits, turns and pans by keys, and keeps those keys to itself', async () => {
  await show('upload', { active: 'paused' });
  await page.locator('.chart-view').focus();
  const [before, at] = [await scale(), await place()];
  await page.keyboard.press('+');
  expect(await scale()).toBeCloseTo(before * 1.25, 3);
  await page.keyboard.press('ArrowLeft');
  expect(await place()).not.toBe(at);
  await page.keyboard.press('0');
  expect(await page.evaluate(() => (globalThis as unknown as Global).probe.isAllInSight())).toBe(true);
  await page.keyboard.press('d');
  await page.keyboard.press('f');
  expect(await heard()).toEqual([]);
  await page.keyboard.press('Escape');
  expect(await heard()).toEqual(['Escape']);
});

it('moves with the mouse and zooms about the pointer', async () => {
  await show('breaker', { active: 'open' });
  const at = await place();
  await page.mouse.move(300, 300);
  await page.mouse.down();
  await page.mouse.move(360, 330, { steps: 4 });
  await page.mouse.up();
  expect(await place()).not.toBe(at);
  const before = await scale();
  await page.mouse.wheel(0, -200);
  await expect.poll(async () => await scale()).toBeGreaterThan(before);
});

it('stays where the reader put it when its window changes its size', async () => {
  await show('breaker', { active: 'open' });
  const opened = await place();
  await page.setViewportSize({ width: 800, height: 700 });
  await expect.poll(place).not.toBe(opened);
  await page.locator('.chart-view').focus();
  await page.keyboard.press('ArrowLeft');
  const put = await place();
  await page.setViewportSize({ width: 820, height: 720 });
  await page.evaluate(() => (globalThis as unknown as Global).probe.frames(3));
  expect(await place()).toBe(put);
});

it('moves under one finger, zooms under two, and a tap picks', async () => {
  await watched.close();
  const context = { viewport: { width: 700, height: 700 }, hasTouch: true, isMobile: true };
  watched = await watchedPage(browser, { origin, context });
  page = watched.page;
  await page.goto(`${origin}/page.html`);
  await show('breaker', { active: 'open' });
  const device = await page.context().newCDPSession(page);
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', fingers: readonly (readonly number[])[]) =>
    device.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: fingers.map(([x = 0, y = 0], id) => ({ x, y, id })),
    });
  const [before, at] = [await scale(), await place()];
  await touch('touchStart', [[300, 400]]);
  for (const x of [320, 340, 360]) await touch('touchMove', [[x, 400]]);
  await touch('touchEnd', []);
  expect(await place()).not.toBe(at);
  expect(await scale()).toBe(before);
  const apart = (by: number) => [
    [300 - by, 400],
    [400 + by, 400],
  ];
  await touch('touchStart', apart(0));
  for (const by of [20, 35, 50]) await touch('touchMove', apart(by));
  await touch('touchEnd', []);
  // Twice as far apart is twice as large, less what the first pixels of a touch are held back.
  expect((await scale()) / before).toBeGreaterThan(1.5);
  expect((await scale()) / before).toBeLessThan(2.5);
  await page.getByRole('button', { name: 'Fit' }).tap();
  await page.getByRole('button', { name: /^closed/ }).tap();
  expect(await picked()).toEqual(['closed']);
});

it('picks a state by click and by keyboard, and a drag picks nothing', async () => {
  await show('breaker', { active: 'closed' });
  const open = page.getByRole('button', { name: /^open/ });
  await open.click();
  expect(await picked()).toEqual(['open']);
  const box = await open.boundingBox();
  if (!box) throw new Error('the state is not on the page');
  await page.mouse.move(box.x + 20, box.y + 10);
  await page.mouse.down();
  await page.mouse.move(box.x + 80, box.y + 60, { steps: 4 });
  await page.mouse.up();
  expect(await picked()).toEqual(['open']);
  await page.getByRole('button', { name: /^closed/ }).focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  expect((await picked()).slice(1)).toEqual(['open']);
});

it('has one state in the tab order: the active one until another was focused', async () => {
  await show('connection', { active: 'degraded' });
  const inOrder = () =>
    page
      .locator('.chart-button[tabindex="0"]')
      .evaluateAll((all) => all.map((each) => each.getAttribute('data-state')));
  expect(await inOrder()).toEqual(['degraded']);
  await page.getByRole('button', { name: 'online' }).focus();
  expect(await inOrder()).toEqual(['online']);
});

it('says in words what it shows', async () => {
  const last = { from: 'online', to: 'degraded', event: 'link.degraded' };
  await show('connection', { active: 'degraded', entered: 'online', last, ghost: 'offline' });
  const twin = await page.locator('.chart-twin').textContent();
  expect(twin).toContain('Active state: degraded. Last transition: online to degraded by link.degraded.');
  expect(twin).toContain('link.recovered: to online');
  expect(twin).toContain('line.lost if isThisLine: to offline');
  expect(
    await page
      .getByRole('listitem')
      .filter({ hasText: /^degraded \(active\)/ })
      .count(),
  ).toBe(1);
  expect(await page.getByRole('button', { name: 'degraded, active' }).getAttribute('aria-current')).toBe(
    'true',
  );
});

it.each(['day', 'dusk', 'night'])('breaks no rule of accessibility at %s', async (palette) => {
  const last = { from: 'sending', to: 'waiting', event: 'send.failed' };
  await show('upload', { active: 'waiting', entered: 'sending', last, ghost: 'paused' }, palette);
  expect(await axeViolations(page)).toEqual([]);
  await page.getByRole('button', { name: 'In words' }).click();
  expect(await axeViolations(page)).toEqual([]);
});

it('stands on its words alone where no picture of the machine is shipped', async () => {
  await page.evaluate(() =>
    (globalThis as unknown as Global).probe.show('breaker', 'day', { active: 'open', layout: null } as Props),
  );
  await expect.poll(() => page.locator('.chart-twin').isVisible()).toBe(true);
  expect(await page.locator('svg').count()).toBe(0);
});

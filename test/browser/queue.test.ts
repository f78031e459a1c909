// The crew's page in a real browser, against a real agent with a real log.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../end-to-end/support/until.ts';
import { axeViolations } from './support/axe.ts';
import { openBrowser } from './support/chromium.ts';
import { launchYacht, type Palette, type Yacht } from './support/yacht.ts';

const palettes: readonly Palette[] = ['day', 'dusk', 'night'];

let browser: Browser;
let yacht: Yacht;
let charter: string;

beforeAll(async () => {
  [browser, yacht] = await Promise.all([openBrowser(), launchYacht()]);
  charter = await yacht.add('Charter agreement.pdf', Buffer.alloc(340_000, 1), 1);
  await yacht.add('Engine room survey.zip', Buffer.alloc(1_900_000, 2), 5);
  const scans = await yacht.add('Passport scans.pdf', Buffer.alloc(62_000, 3), 5);
  await yacht.api.post(`/v1/uploads/${scans}/pause`, { for: '1h' });
  const old = await yacht.add('Given up.pdf');
  await yacht.api.post(`/v1/uploads/${old}/cancel`, {});
});
afterAll(async () => {
  await browser.close();
  await yacht.close();
});

const namesShown = (page: Page) => page.locator('[data-group="line"] .row-name').allTextContents();
const sidewaysPixels = (page: Page) =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
const row = (page: Page, name: string) => page.locator('.row', { hasText: name });

async function openQueue(options: Parameters<Yacht['open']>[1] = {}) {
  const watched = await yacht.open(browser, options);
  await watched.page.waitForSelector('.row');
  return watched;
}

describe('the crew’s page', () => {
  it.each(palettes)('breaks no rule of accessibility, whatever is open, by %s', async (palette) => {
    const watched = await openQueue({ palette });
    const { page } = watched;
    expect(await page.locator('html').getAttribute('data-palette')).toBe(palette);
    expect(await axeViolations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Why? Charter' }).click();
    await page.getByText('What you can do').first().waitFor();
    await page.locator('.links summary').click();
    await page.locator('.banner').getByRole('button').click();
    await page.getByRole('button', { name: 'Pause all…' }).click();
    expect(await axeViolations(page)).toEqual([]);
    await page.getByRole('button', { name: 'More for Charter' }).click();
    expect(await axeViolations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Cancel…' }).click();
    expect(await axeViolations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    watched.assertClean();
    await watched.close();
  });

  it.each([320, 640])(
    'scrolls nowhere sideways at %i pixels, which is a phone or 200 % zoom',
    async (width) => {
      const watched = await openQueue({ context: { viewport: { width, height: 700 } } });
      const { page } = watched;
      expect(await sidewaysPixels(page)).toBe(0);
      for (const name of ['Why? Charter', 'More for Charter'])
        await page.getByRole('button', { name }).click();
      await page.getByRole('button', { name: 'Pause all…' }).click();
      await page.locator('.links summary').click();
      expect(await sidewaysPixels(page)).toBe(0);
      expect(await axeViolations(page)).toEqual([]);
      watched.assertClean();
      await watched.close();
    },
  );

  it('has its palette before the first paint, and keeps it', async () => {
    const watched = await openQueue();
    const { page } = watched;
    await page.addInitScript(`
      new PerformanceObserver((list) => {
        window.atFirstPaint ??= document.documentElement.dataset.palette + ' ' +
          getComputedStyle(document.documentElement).backgroundColor;
      }).observe({ type: 'paint', buffered: true });`);
    await page.getByRole('button', { name: 'Night' }).click();
    await page.reload();
    await page.waitForSelector('.row');
    await page.waitForFunction('window.atFirstPaint');
    expect(await page.evaluate('window.atFirstPaint')).toBe('night rgb(0, 0, 0)');
    watched.assertClean();
    await watched.close();
  });

  it('can be worked with the keyboard alone', async () => {
    const watched = await openQueue();
    const { page } = watched;
    await tabTo(page, 'Pause Charter');
    await page.keyboard.press('Enter');
    await tabTo(page, 'Resume Charter');
    await page.keyboard.press('Enter');
    await tabTo(page, 'More for Charter');
    await page.keyboard.press('Space');
    await tabTo(page, 'Low');
    await page.keyboard.press('Enter');
    await until('the last place', async () => (await namesShown(page)).at(-1) === 'Charter agreement.pdf');
    // The row has moved with the button that was pressed: the focus went along.
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Low');
    await tabTo(page, 'Critical');
    await page.keyboard.press('Enter');
    await until('the first place', async () => (await namesShown(page))[0] === 'Charter agreement.pdf');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Critical');
    await tabTo(page, 'Cancel…');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await until('the dialog is gone', async () => (await page.getByRole('dialog').count()) === 0);
    expect((await yacht.api.get(`/v1/uploads/${charter}`)).state).not.toBe('cancelled');
    watched.assertClean();
    await watched.close();
  });

  it('puts a row where it is dragged to, by the smallest change of priority', async () => {
    const watched = await openQueue();
    const { page } = watched;
    const grip = row(page, 'Passport scans').locator('.row-grip');
    await grip.hover();
    // Hovering may scroll: where the target is counts from then on.
    const target = await row(page, 'Charter agreement').boundingBox();
    expect(target!.y).toBeGreaterThan(0);
    await page.mouse.down();
    await page.mouse.move(200, target!.y + 40);
    await page.mouse.move(200, target!.y + 4);
    await page.mouse.up();
    // As near as it gets: the charter is critical and older.
    await until('its new place', async () => (await namesShown(page))[1] === 'Passport scans.pdf');
    const { items } = (await yacht.api.get('/v1/uploads')) as { items: { name: string; priority: number }[] };
    expect(items.find(({ name }) => name.includes('Passport'))?.priority).toBe(4);
    watched.assertClean();
    await watched.close();
  });

  it('finds by name, shows by state, and says so when there is nothing', async () => {
    const watched = await openQueue();
    const { page } = watched;
    await page.getByRole('searchbox').fill('scans passport');
    await until('one row', async () => (await page.locator('.row').count()) === 1);
    await page.getByRole('searchbox').fill('no such document');
    await page.getByText('Nothing here has that in its name.').waitFor();
    await page.getByRole('searchbox').fill('');
    await page.getByRole('button', { name: /^Waiting/ }).click();
    await until('the paused one', async () => (await namesShown(page)).join() === 'Passport scans.pdf');
    await page.getByRole('button', { name: /^Done/ }).click();
    await until(
      'the cancelled one',
      async () => (await page.locator('[data-group="cancelled"] .row').count()) === 1,
    );
    watched.assertClean();
    await watched.close();
  });

  it('brings files aboard, several at once, though there is no link, and says when they are safe', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tender-choose-'));
    const files = ['noon report.txt', 'снимок 🛥.bin', 'empty.txt'].map((name) => join(folder, name));
    await writeFile(files[0]!, 'all well');
    await writeFile(files[1]!, Buffer.alloc(3_000_000, 5));
    await writeFile(files[2]!, '');
    const watched = await openQueue();
    const { page } = watched;
    await page.locator('input[type=file]').setInputFiles(files);
    await page.getByText('3 documents are safe aboard.').first().waitFor();
    for (const name of ['noon report.txt', 'снимок 🛥.bin', 'empty.txt']) await row(page, name).waitFor();
    const { items } = (await yacht.api.get('/v1/uploads')) as {
      items: { name: string; sizeBytes: number }[];
    };
    expect(items.find(({ name }) => name.endsWith('снимок 🛥.bin'))?.sizeBytes).toBe(3_000_000);
    watched.assertClean();
    await watched.close();
    await rm(folder, { recursive: true });
  });

  it('takes files that are dropped anywhere', async () => {
    const watched = await openQueue();
    const { page } = watched;
    await page.evaluate(`{
      const files = new DataTransfer();
      files.items.add(new File(['dropped bytes'], 'dropped.txt'));
      for (const type of ['dragenter', 'dragover', 'drop'])
        document.querySelector('h1').dispatchEvent(
          new DragEvent(type, { dataTransfer: files, bubbles: true, cancelable: true }));
    }`);
    await row(page, 'dropped.txt').waitFor();
    watched.assertClean();
    await watched.close();
  });

  it('resumes what somebody else has paused, and the log says who did it', async () => {
    const id = await yacht.add('paused elsewhere.pdf');
    await yacht.api.post(`/v1/uploads/${id}/pause`, { by: 'bridge tablet' });
    const watched = await openQueue();
    const { page } = watched;
    await row(page, 'paused elsewhere').getByText('Paused by bridge tablet').waitFor();
    await page.getByRole('button', { name: 'Resume paused elsewhere.pdf' }).click();
    await page.getByRole('button', { name: 'Pause paused elsewhere.pdf' }).waitFor();
    const { items } = (await yacht.api.get(`/v1/log?actor=upload/${id}&type=resume`)) as {
      items: { event: object }[];
    };
    expect(items.map(({ event }) => event)).toEqual([
      { type: 'resume', by: 'bridge tablet', reason: 'Resumed by engineer@page.' },
    ]);
    watched.assertClean();
    await watched.close();
  });

  it('shows text from elsewhere as text, whatever it looks like', async () => {
    const names = [
      '<img src=x onerror=alert(1)>',
      '"><script>alert(2)<\\u002fscript>',
      "';alert(3);'",
      'javascript:alert(4)',
      '{{constructor.constructor("alert(5)")()}}',
      '&lt;svg onload=alert(6)&gt;',
    ].map((name) => `xss ${name}.pdf`);
    for (const name of names) {
      const id = await yacht.add(name.replaceAll('/', ''));
      await yacht.api.post(`/v1/uploads/${id}/pause`, { by: '<b onmouseover=alert(7)>crew</b>' });
    }
    const watched = await openQueue();
    const { page } = watched;
    let alerts = 0;
    page.on('dialog', (dialog) => {
      alerts++;
      void dialog.dismiss();
    });
    await page.getByRole('searchbox').fill('xss');
    await until('the rows', async () => (await page.locator('.row').count()) === names.length);
    expect((await namesShown(page)).sort()).toEqual(names.map((name) => name.replaceAll('/', '')).sort());
    for (const name of ['Why?', 'More for', 'Cancel…'])
      await page.getByRole('button', { name }).last().click();
    expect(await page.locator('.row img, .row script, .row svg[onload], .row b').count()).toBe(0);
    expect(alerts).toBe(0);
    watched.assertClean();
    await watched.close();
  });

  it('lets a viewer look and disables everything else, with the reason', async () => {
    const link = String((await yacht.api.post('/v1/ui/link', { role: 'viewer' })).url);
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(link);
    await page.waitForSelector('.row');
    for (const name of ['Pause Charter', 'Add files', 'Resume all']) {
      const button = page.getByRole('button', { name });
      expect(await button.getAttribute('aria-disabled')).toBe('true');
      expect(await button.getAttribute('title')).toContain('sign in as crew');
    }
    await page.getByRole('button', { name: 'Pause Charter' }).click({ force: true });
    expect((await yacht.api.get(`/v1/uploads/${charter}`)).state).toBe('sending');
    await context.close();
  });

  it('shows a stranger a login and nothing else', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${yacht.origin}/`);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await page.locator('.row').count()).toBe(0);
    expect(await page.content()).not.toContain('Charter');
    expect(await axeViolations(page)).toEqual([]);
    await context.close();
  });
});

describe('the login', () => {
  it('takes the password of a role, goes on where its session lives, and ends with a click', async () => {
    await yacht.api.post('/v1/ui/password', { role: 'crew', password: 'a salty password' });
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${yacht.origin}/`);
    await page.getByLabel('Password').fill('a wrong password');
    await page.keyboard.press('Enter');
    await page.getByText('This password is not right.').waitFor();
    await page.getByLabel('Password').fill('a salty password');
    await page.getByLabel('What you call this device').fill('bridge tablet');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForSelector('.row');
    expect(new URL(page.url()).pathname).toMatch(/^\/s\/[\w-]{22}\/$/);
    await page.getByRole('button', { name: 'Pause Engine room survey' }).click();
    await row(page, 'Engine room survey').getByText('Paused by crew@bridge tablet').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await page.locator('.row').count()).toBe(0);
    await context.close();
  });
});

/** Presses Tab until the control of that name has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  const focused = `(() => { const at = document.activeElement;
    return (at.getAttribute('aria-label') ?? at.textContent ?? '').trim(); })()`;
  for (const key of ['Tab', 'Shift+Tab'])
    for (let presses = 0; presses < 80; presses++) {
      if (String(await page.evaluate(focused)).startsWith(name)) return;
      await page.keyboard.press(key);
    }
  throw new Error(`The keyboard never came to "${name}".`);
}

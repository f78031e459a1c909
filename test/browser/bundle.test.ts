// A bundle opened from a file in a real browser: no network, its own policy kept, the past can be walked, an event tried, a
// sandbox run, and nothing can be sent.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pageTemplate } from '../../agent/cli/saved/page-template.ts';
import { bundleOf, type Made, withStoppedLog } from '../bundle/support/made.ts';
import { writeExample } from '../example/main.ts';
import { saveVoyage } from '../simulation/save-voyage.ts';
import { fillLog } from '../support/full-log.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { axeViolations } from './support/axe.ts';
import { openBrowser, watchedPage } from './support/chromium.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

async function redactedBundle(): Promise<{ url: string; made: Made; path: string }> {
  const log = await temporaryDirectory();
  await fillLog(log, { records: 400, seed: 11, alongside: 20 });
  const template = await pageTemplate();
  const made = await withStoppedLog(log, (source) =>
    bundleOf(source, { from: 150, notes: ['A note.'] }, template),
  );
  const path = join(await temporaryDirectory(), 'out.html');
  await writeFile(path, made.html);
  return { url: pathToFileURL(path).href, made, path };
}

async function opened(url: string) {
  const watched = await watchedPage(browser, {
    origin: 'file:',
    context: { viewport: { width: 1400, height: 900 } },
  });
  await watched.page.goto(url);
  await watched.page.locator('.saved-about').waitFor();
  await watched.page.locator('main.machines').waitFor();
  return watched;
}

it('opens from a file with no network, says what it is worth, and asks for nothing but itself', async () => {
  const { url } = await redactedBundle();
  const watched = await opened(url);
  const asked: string[] = [];
  watched.page.on('request', (request) => asked.push(request.url()));
  const about = await watched.page.locator('.saved-about').textContent();
  expect(about).toContain('records 150 to');
  expect(about).toContain('replays to the same states with this page’s machines: yes');
  expect(about).toContain('chain of the original log: holds');
  await watched.page.locator('.saved-about').click();
  expect(await watched.page.locator('.saved-parts').textContent()).toContain('A note.');
  expect(asked).toEqual([]);
  watched.assertClean();
  await watched.close();
});

it('every moment it shows is the one the redacted log folds to, and there is no way to send', async () => {
  const { url, made } = await redactedBundle();
  const records = made.text
    .split('\n')
    .filter((line) => line.startsWith('{"record"'))
    .map((line) => JSON.parse(line).record as { seq: number; actor: string; state: string });
  const watched = await opened(url);
  const uploads = records.filter(({ actor }) => actor.startsWith('upload/'));
  for (const { actor, seq, state } of [
    uploads[0]!,
    uploads[Math.floor(uploads.length / 2)]!,
    uploads.at(-1)!,
  ]) {
    await watched.page.evaluate((hash) => {
      (globalThis as unknown as { location: { hash: string } }).location.hash = hash;
    }, `#/machines/${actor}@${seq}`);
    await watched.page.locator(`main.machines[data-cursor="${seq}"]`).waitFor();
    const strip = watched.page.locator('main.machines h1').locator('..');
    await strip.getByText(state, { exact: true }).first().waitFor();
    // Cells from before the slice are there: nothing is shown as unknown.
    expect(await watched.page.getByText('no longer kept').count()).toBe(0);
  }
  expect(await watched.page.getByText(/read-only/).count()).toBeGreaterThan(0);
  await watched.page.evaluate(() => {
    (globalThis as unknown as { location: { hash: string } }).location.hash = '#/machines/connection/main';
  });
  await watched.page
    .getByRole('button', { name: /^what if: /i })
    .first()
    .click();
  const real = watched.page.getByRole('button', { name: /send for real/i });
  expect(await real.getAttribute('aria-disabled')).toBe('true');
  await real.click({ force: true });
  expect(await watched.page.getByRole('button', { name: /send it now/i }).count()).toBe(0);
  watched.assertClean();
  await watched.close();
});

it.each(['day', 'dusk', 'night'] as const)('breaks no rule of accessibility by %s', async (palette) => {
  const { url } = await redactedBundle();
  const watched = await opened(url);
  await watched.page.getByRole('button', { name: new RegExp(`^${palette}$`, 'i') }).click();
  await watched.page.locator('.saved-about').click();
  const mine = (await axeViolations(watched.page)).filter((line) => line.includes('saved'));
  expect(mine).toEqual([]);
  watched.assertClean();
  await watched.close();
});

it('a page of the simulator opens the same way, with its broken rule told', async () => {
  const path = join(await temporaryDirectory(), 'voyage.html');
  const world = await saveVoyage(1, { plant: 'receipt-before-commit' }, path);
  const watched = await opened(pathToFileURL(path).href);
  await watched.page.locator('.saved-about').click();
  const text = await watched.page.locator('.saved').textContent();
  if (world.report.violation) expect(text).toContain(world.report.violation.rule);
  expect(text).toContain('Nothing was replaced.');
  watched.assertClean();
  await watched.close();
});

it('names made to be obeyed are shown as letters, in the list, the log, the notes and the status', async () => {
  const evil = [
    '<script>document.title="owned"</script>.pdf',
    '<img src=x onerror="document.title=\'owned\'">.jpg',
    '"><svg onload=document.title="owned">',
    "javascript:document.title='owned'",
    '</script><script>document.title="owned"</script>',
    '{{constructor.constructor("document.title=1")()}}',
    '<a href="https://example.invalid">x</a>',
    '</textarea><iframe src="https://example.invalid">',
  ];
  const log = await temporaryDirectory();
  await fillLog(log, { records: 200, seed: 12, alongside: 20, names: evil });
  const template = await pageTemplate();
  const config = evil.map((text) => ({ key: text, value: text, origin: text, accepts: '', why: '' }));
  const made = await withStoppedLog(log, (source) =>
    bundleOf(source, { reveal: 'everything', notes: evil, status: { evil }, config }, template),
  );
  const path = join(await temporaryDirectory(), 'evil.html');
  await writeFile(path, made.html);
  const watched = await opened(pathToFileURL(path).href);
  await watched.page.locator('.saved-about').click();
  expect(await watched.page.locator('.saved-parts').textContent()).toContain(evil[0]!);
  await watched.page.locator('.saved-about').click();
  for (let step = 0; step < 30; step++) await watched.page.keyboard.press('ArrowLeft');
  await watched.page.locator('main.machines').getByText('onerror=').first().waitFor();
  expect(await watched.page.title()).not.toContain('owned');
  expect(await watched.page.locator('iframe, img, svg[onload]').count()).toBe(0);
  watched.assertClean();
  await watched.close();
});

it('the steps of docs/inspector.md lead where it says', async () => {
  const path = join(await temporaryDirectory(), 'example.html');
  await writeExample(path);
  const watched = await opened(pathToFileURL(path).href);
  const { page } = watched;
  const machines = page.locator('main.machines');
  await page.getByText('Hull survey').first().click();
  await machines.getByText('The cloud failed while taking it; 3 failed tries so far.').waitFor();
  await page.getByRole('button', { name: 'This actor', exact: true }).click();
  await page.getByRole('button', { name: 'Errors', exact: true }).click();
  await page.getByText('#22', { exact: true }).click();
  await page.locator('main.machines[data-cursor="22"]').waitFor();
  await page.getByText('#30', { exact: true }).first().click();
  await page.getByText('#25', { exact: false }).first().waitFor();
  await page.keyboard.press('End');
  await page.getByRole('button', { name: 'What if: retry' }).click();
  await machines.getByText('Nothing was sent.').first().waitFor();
  await page.getByRole('button', { name: /^Sandbox/ }).click();
  await machines.getByText('nothing here is real').waitFor();
  await page.getByRole('button', { name: /^Next timer/ }).click();
  const strip = machines.locator('h1').locator('..');
  await strip.getByText('sending', { exact: true }).first().waitFor();
  await page.getByRole('button', { name: 'End sandbox' }).click();
  await strip.getByText('waiting', { exact: true }).first().waitFor();
  watched.assertClean();
  await watched.close();
});

it('a bundle that was cut off or changed says so instead of showing something else', async () => {
  const { made, path } = await redactedBundle();
  const at = made.html.indexOf('id="tender-bundle">') + 4_000;
  await writeFile(path, made.html.slice(0, at) + made.html.slice(made.html.indexOf('</script>', at)));
  const watched = await watchedPage(browser, { origin: 'file:' });
  await watched.page.goto(pathToFileURL(path).href);
  await watched.page.getByText('This bundle cannot be shown').waitFor();
  expect(await watched.page.getByRole('alert').textContent()).toContain('damaged or was cut off');
  watched.assertClean();
  await watched.close();
});

// Words that were made to be obeyed: as names of documents, folders and parties, as codes and sentences of errors, as reasons. On
// every view they are letters and nothing else: no script runs, no element comes of them, no request leaves.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, type WatchedPage } from './support/chromium.ts';
import { launchYacht, type Yacht } from './support/yacht.ts';

/** Sets a mark that the test looks for, in every way a browser has to be talked into running something. */
const mark = 'globalThis.obeyed=1';
const corpus: readonly string[] = [
  `<script>${mark}</script>`,
  `<SCRIPT SRC=//evil.example/x.js></SCRIPT>`,
  `<img src=x onerror="${mark}">`,
  `<img src=x onerror=${mark}//`,
  `<svg onload=${mark}>`,
  `<svg><script>${mark}</script></svg>`,
  `<svg><animate onbegin=${mark} attributeName=x dur=1s>`,
  `<body onload=${mark}>`,
  `<iframe src="javascript:${mark}"></iframe>`,
  `<iframe srcdoc="<script>parent.obeyed=1</script>">`,
  `<object data="javascript:${mark}">`,
  `<embed src="javascript:${mark}">`,
  `<a href="javascript:${mark}">click</a>`,
  `<math><mtext><img src onerror=${mark}></mtext></math>`,
  `<details open ontoggle=${mark}>`,
  `<input autofocus onfocus=${mark}>`,
  `<select autofocus onfocus=${mark}>`,
  `<textarea autofocus onfocus=${mark}>`,
  `<video src=x onerror=${mark}>`,
  `<audio src=x onerror=${mark}>`,
  `<video><source onerror="${mark}"></video>`,
  `<marquee onstart=${mark}>`,
  `<form action="javascript:${mark}"><button>x</button></form>`,
  `<meta http-equiv="refresh" content="0;url=javascript:${mark}">`,
  `<base href="//evil.example/">`,
  `<link rel=stylesheet href=//evil.example/x.css>`,
  `<style>@import "//evil.example/x.css";</style>`,
  `<style>*{background:url(//evil.example/b)}</style>`,
  `<div style="background:url(//evil.example/c)">`,
  `<template><script>${mark}</script></template>`,
  `<noscript><img src=x onerror=${mark}></noscript>`,
  `<title><img src=x onerror=${mark}></title>`,
  `<textarea></textarea><script>${mark}</script>`,
  `</title><script>${mark}</script>`,
  `</script><script>${mark}</script>`,
  `--><script>${mark}</script>`,
  `]]><script>${mark}</script>`,
  `"><script>${mark}</script>`,
  `'><script>${mark}</script>`,
  `\`><script>${mark}</script>`,
  `" onmouseover="${mark}" x="`,
  `' onfocus='${mark}' autofocus '`,
  `javascript:${mark}`,
  `JaVaScRiPt:${mark}`,
  `data:text/html,<script>${mark}</script>`,
  `vbscript:${mark}`,
  `\${${mark}}`,
  `{{constructor.constructor('${mark}')()}}`,
  `<%= ${mark} %>`,
  `#{${mark}}`,
  `&lt;script&gt;${mark}&lt;/script&gt;`,
  `&#60;script&#62;${mark}&#60;/script&#62;`,
  `%3Cscript%3E${mark}%3C/script%3E`,
  `\\u003cscript\\u003e${mark}\\u003c/script\\u003e`,
  `<scr<script>ipt>${mark}</scr</script>ipt>`,
  `<scr\u0000ipt>${mark}</scr\u0000ipt>`,
  `<img/src/onerror=${mark}>`,
  `<img\tsrc=x\tonerror=${mark}>`,
  `<img src=x:x onerror\u00a0=${mark}>`,
  `\u202e<tpircs>${mark}<tpircs/>`,
  `<x onclick=${mark}>click</x>`,
  `__proto__`,
  `constructor`,
  `toString`,
  `[object Object]`,
  `<a id=document name=location>`,
  `<form id=globalThis><input name=obeyed>`,
  `<portal src="javascript:${mark}">`,
  `<slot onslotchange=${mark}>`,
  `{"$$typeof":"x","type":"script","props":{"dangerouslySetInnerHTML":{"__html":"<img src onerror=${mark}>"}}}`,
  `<b>bold?</b><i>italic?</i>`,
  `=HYPERLINK("//evil.example","x")`,
];

/** File names hold no slash and no zero. */
const names = corpus.map((word) => `${word.replaceAll('/', '\u2215').replaceAll('\u0000', '')}.pdf`);
const records = 1_500;

let browser: Browser;
let yacht: Yacht;

beforeAll(async () => {
  const words = corpus.map((word) => word.replaceAll('\u0000', ''));
  [browser, yacht] = await Promise.all([
    openBrowser(),
    launchYacht({ log: { records, alongside: 90, seed: 5, names, words } }),
  ]);
  for (const name of names.slice(0, 20)) await yacht.add(name);
});
afterAll(async () => {
  await browser.close();
  await yacht.close();
});

/** Elements and attributes that our own page never has. */
const strangers = `(() => {
  const found = [...document.querySelectorAll('iframe, object, embed, base, marquee, portal, audio, video, math, form[action], img, body script, [srcdoc]')].map((one) => one.outerHTML.slice(0, 120));
  for (const one of document.querySelectorAll('*'))
    for (const attribute of one.attributes)
      if (/^on/i.test(attribute.name) || /^\\s*(javascript|data|vbscript):/i.test(attribute.value) && /^(href|src|action)$/i.test(attribute.name))
        found.push(one.outerHTML.slice(0, 120));
  return found;
})()`;

async function expectLetters({ page, assertClean }: WatchedPage): Promise<void> {
  expect(await page.evaluate('globalThis.obeyed')).toBeUndefined();
  expect(await page.evaluate(strangers)).toEqual([]);
  assertClean();
}

async function opened(route: string): Promise<WatchedPage> {
  const watched = await yacht.open(browser, { route });
  watched.page.on('dialog', (dialog) => {
    throw new Error(`a dialog: ${dialog.message()}`);
  });
  return watched;
}

const every = async (page: Page, selector: string, most: number, act: (at: number) => Promise<void>) => {
  const count = Math.min(most, await page.locator(selector).count());
  expect(count).toBeGreaterThan(0);
  for (let at = 0; at < count; at++) await act(at);
};

describe('words made to be obeyed', () => {
  it('are more than sixty, and stand in the log as they were said', async () => {
    expect(corpus.length).toBeGreaterThanOrEqual(60);
    const { items } = (await yacht.api.get('/v1/uploads?limit=1000')) as { items: { name: string }[] };
    const shown = new Set(items.map(({ name }) => name.slice(name.indexOf('/') + 1)));
    expect(names.filter((name) => shown.has(name)).length).toBeGreaterThanOrEqual(60);
  });

  it('would be caught if one of them became an element', async () => {
    const watched = await opened('/');
    await watched.page.evaluate(
      `document.body.insertAdjacentHTML('beforeend', ${JSON.stringify(corpus[2])})`,
    );
    expect(await watched.page.evaluate(strangers)).not.toEqual([]);
    await watched.close();
  });

  it('are letters in the queue: rows, reasons, searches, dialogs', async () => {
    const watched = await opened('/');
    const { page } = watched;
    await page.waitForSelector('[data-id]');
    for (const name of ['Why?', 'Receipt', 'Open details']) {
      const buttons = page.getByRole('button', { name: new RegExp(name.replace('?', '\\?')) });
      const count = Math.min(6, await buttons.count());
      for (let at = 0; at < count; at++)
        await buttons
          .nth(at)
          .click({ timeout: 2_000 })
          .catch(() => undefined);
    }
    for (const word of corpus.slice(0, 12)) await page.fill('input[type=search]', word);
    await page.fill('input[type=search]', '');
    await expectLetters(watched);
    await watched.close();
  });

  it('are letters in the inspector: actors, records, contexts, reasons, what if', async () => {
    const watched = await opened('/machines');
    const { page } = watched;
    await page.waitForSelector('#actor-rows [role=treeitem]');
    const { items } = (await yacht.api.get('/v1/actors?kind=upload&limit=60')) as {
      items: { actor: string }[];
    };
    for (const { actor } of items.filter((_, at) => at % 4 === 0)) {
      await page.evaluate((hash) => {
        (globalThis as unknown as { location: { hash: string } }).location.hash = hash;
      }, `#/machines/${actor}`);
      await page.waitForSelector('main.machines[data-selected="ready"]');
      await page.getByRole('button', { name: 'Full', exact: true }).click();
    }
    await every(
      page,
      '.record-rows [role=option], #record-rows [role=option], [role=listbox] [role=option]',
      12,
      async (at) => {
        await page
          .locator('[role=listbox] [role=option]')
          .nth(at)
          .click({ timeout: 2_000 })
          .catch(() => undefined);
      },
    );
    await page.fill('#actor-rows ~ input, input[type=search]', '<script>');
    await expectLetters(watched);
    await watched.close();
  });

  it('are letters where an address brings them', async () => {
    for (const word of corpus.slice(0, 8)) {
      const watched = await opened(`/machines/${word}`);
      await watched.page.waitForSelector('main');
      await expectLetters(watched);
      await watched.close();
    }
  });
});

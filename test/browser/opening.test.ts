// The page's door in a real browser: what a link and a login open, and what a browser does when pages of others try.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { connectApi } from '../../agent/cli/client.ts';
import { yacht } from '../cli/aboard.ts';
import { openBrowser, watchedPage } from './support/chromium.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

async function ship(ui = '') {
  const one = await yacht(`[ui]\nlisten = "127.0.0.1:0"\n${ui}`);
  await one.start();
  const api = connectApi(one.socket, new AbortController().signal);
  const link = async () => String((await api.post('/v1/ui/link')).url);
  return { one, api, link, origin: one.page! };
}

/** A web server of somebody else on this machine; keeps what browsers send it. */
async function stranger(html = '') {
  const seen: IncomingMessage[] = [];
  const server: Server = createServer((request, response) => {
    seen.push(request);
    response.setHeader('content-type', 'text/html');
    response.end(html);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as { port: number };
  return { seen, port, origin: `http://127.0.0.1:${port}` };
}

async function page(origin: string, expected?: RegExp) {
  const watched = await watchedPage(browser, { origin, ...(expected ? { expected } : {}) });
  onTestFinished(() => watched.close());
  return watched;
}

describe('a link in a browser', () => {
  test('opens the page; the bare address leads back to it later, the link does not open again', async () => {
    const { link, origin } = await ship();
    const watched = await page(origin);
    const url = await link();
    await watched.page.goto(url);
    await watched.page.getByRole('banner').waitFor();
    expect(watched.page.url()).toMatch(/\/s\/[\w-]{22}\/(#\/)?$/);
    const place = new URL(watched.page.url()).pathname;
    await watched.page.goto(origin);
    await watched.page.waitForURL(`**${place}*`);
    await watched.page.getByRole('banner').waitFor();
    watched.assertClean();
    expect((await watched.page.goto(url))?.status()).toBe(410);
  });

  test('its cookie can be read by no script', async () => {
    const { link, origin } = await ship();
    const watched = await page(origin);
    await watched.page.goto(await link());
    expect(
      await watched.page.evaluate(
        () => (globalThis as unknown as { document: { cookie: string } }).document.cookie,
      ),
    ).toBe('');
    const [cookie] = await watched.page.context().cookies(watched.page.url());
    expect(cookie).toMatchObject({ name: 'tender', httpOnly: true, sameSite: 'Strict' });
    expect(cookie!.path).toMatch(/^\/s\/[\w-]{22}\/$/);
  });

  test('its cookie goes to no other port of this machine, although browsers take ports for one site', async () => {
    const { link, origin } = await ship();
    const other = await stranger();
    const watched = await page('http://127.0.0.1');
    await watched.page.goto(await link());
    await watched.page.getByRole('banner').waitFor();
    for (const path of ['/', '/v1/status', '/s/', '/s/AAAAAAAAAAAAAAAAAAAAAA/']) {
      await watched.page.goto(other.origin + path);
      // From its own page, so that not even SameSite=Strict stands in its way.
      await watched.page.evaluate((address) => fetch(address, { credentials: 'include' }), `${path}again`);
    }
    expect(other.seen.length).toBeGreaterThanOrEqual(8);
    expect(other.seen.map(({ headers }) => headers.cookie ?? 'none').filter((one) => one !== 'none')).toEqual(
      [],
    );
    // And still goes to us.
    await watched.page.goto(origin);
    await watched.page.getByRole('banner').waitFor();
  });
});

describe('pages of others in the same browser', () => {
  test('change nothing, frame nothing, read nothing', async () => {
    const { one, api, link, origin } = await ship();
    const watched = await page('http://127.0.0.1', /./);
    await watched.page.goto(await link());
    await watched.page.getByRole('banner').waitFor();
    await one.tender('link', 'stop');
    const place = new URL(watched.page.url()).pathname;
    const own = async () =>
      ((await api.get('/v1/log?limit=1000')).items as { actor: string }[]).filter(
        ({ actor }) => actor !== 'host/log',
      ).length;
    const before = await own();
    // It even knows the path of the session, which nothing tells it: so our cookie goes along, ports being one site.
    const target = `${origin}${place}v1/connection/start`;
    const other = await stranger(`<!doctype html>
      <form id="plain" method="post" action="${target}" enctype="text/plain" target="inside"><input name='{"by":"x","a' value='":1}'></form>
      <iframe name="inside"></iframe><iframe id="framed" src="${origin}${place}"></iframe>
      <img src="${origin}${place}v1/status"><script src="${origin}${place}v1/status"></script>`);
    await watched.page.goto(other.origin);
    const tried = await watched.page.evaluate(async (address) => {
      const ends: string[] = [];
      const attempts: RequestInit[] = [
        { method: 'POST', mode: 'no-cors', credentials: 'include', body: '{}' },
        {
          method: 'POST',
          credentials: 'include',
          headers: { 'content-type': 'application/json' },
          body: '{}',
        },
        { method: 'GET', credentials: 'include' },
        { method: 'DELETE', credentials: 'include' },
      ];
      for (const attempt of attempts)
        ends.push(
          await fetch(address, attempt).then(
            ({ type }) => type,
            () => 'refused',
          ),
        );
      (globalThis as unknown as { document: { forms: { submit(): void }[] } }).document.forms[0]!.submit();
      return ends;
    }, target);
    expect(tried).toEqual(Array(4).fill('refused'));
    const socket = await watched.page.evaluate(
      (address) =>
        new Promise((resolve) => {
          const line = new WebSocket(address);
          line.onopen = () => resolve('open');
          line.onerror = () => resolve('refused');
        }),
      target.replace('http', 'ws'),
    );
    expect(socket).toBe('refused');
    const frame = watched.page.frames().find((one) => one.url().startsWith(origin + place));
    expect(await frame?.title().catch(() => '')).not.toBe('tender');
    expect(await own()).toBe(before);
    expect(((await api.get('/v1/ui/sessions')).sessions as unknown[]).length).toBe(1);
  });
});

describe('a login in a browser', () => {
  test('moves the page to its session; a wrong word says so; logging out brings the login back', async () => {
    const { api, origin } = await ship();
    await api.post('/v1/ui/password', { role: 'crew', password: 'mooring lines' });
    const watched = await page(origin, /401/);
    await watched.page.goto(`${origin}/login`);
    const field = watched.page.locator('#password');
    await field.fill('wrong word');
    await field.press('Enter');
    await watched.page.getByText('This password is not right.').waitFor();
    await field.fill('mooring lines');
    await field.press('Enter');
    await watched.page.waitForURL('**/s/*/**');
    await watched.page.getByRole('banner').waitFor();
    await expect.poll(async () => ((await api.get('/v1/ui/sessions')).sessions as unknown[]).length).toBe(1);
    await api.post('/v1/ui/sessions/all/revoke');
    await watched.page.reload();
    await watched.page.locator('#password').waitFor();
    watched.assertClean();
  });
});

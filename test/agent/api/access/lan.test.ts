// The page as the yacht's network meets it: a real agent, listening beyond loopback once a password is set. A second address
// of this machine stands for the network.
import { once } from 'node:events';
import { get as httpGet } from 'node:http';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { connectApi } from '../../../../agent/cli/client.ts';
import { yacht } from '../../../cli/aboard.ts';
import { openPage, pageClient, read } from '../../../support/page-client.ts';

async function ship(ui = 'listen = "0.0.0.0:0"') {
  const one = await yacht(`[ui]\n${ui}\n`);
  await one.start();
  const api = connectApi(one.socket, new AbortController().signal);
  return { one, api, port: Number(new URL(one.page ?? 'http://x:1').port) };
}

/** An address of this machine that is not loopback; undefined where there is none. */
const outside = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === 'IPv4' && !one.internal)?.address;

const password = 'mooring lines';

async function login(origin: string, word: string, label?: string) {
  const response = await fetch(`${origin}/v1/session`, {
    method: 'POST',
    headers: { origin, 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
    body: JSON.stringify({ password: word, ...(label === undefined ? {} : { label }) }),
  });
  const cookie = (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const answer = await read(response);
  return { ...answer, page: pageClient(origin, origin + String(answer.json?.path), cookie) };
}

describe('the yacht’s network', () => {
  test.skipIf(!outside)(
    'is kept out until a password is set, then let in by it, and kept out again',
    async () => {
      const { api, port } = await ship();
      const origin = `http://${outside}:${port}`;
      await expect(fetch(origin)).rejects.toThrow();
      expect((await api.get('/v1/status')).page).toMatchObject({ state: 'loopback only' });

      await api.post('/v1/ui/password', { role: 'crew', password });
      expect((await api.get('/v1/status')).page).toMatchObject({ state: 'listening' });
      expect((await fetch(`${origin}/`)).headers.get('content-security-policy')).toContain(
        "default-src 'self'",
      );
      const toLogin = await fetch(`${origin}/login`, { redirect: 'manual' });
      expect([toLogin.status, toLogin.headers.get('location')]).toEqual([303, './#/login']);
      expect((await fetch(`${origin}/v1/status`)).status).toBe(401);
      expect((await login(origin, 'wrong word')).status).toBe(401);

      const { page, json } = await login(origin, password, 'bridge tablet');
      expect(json).toMatchObject({ role: 'crew', by: 'crew@bridge tablet', lan: true });
      expect((await page.get('v1/status')).status).toBe(200);
      expect((await page.get('v1/log')).status).toBe(403);
      expect((await page.get('v1/session')).json).toMatchObject({ role: 'crew', lan: true });

      expect(await api.post('/v1/ui/password', { role: 'crew', password: null })).toMatchObject({ ended: 1 });
      await expect(fetch(origin)).rejects.toThrow();
    },
  );

  test('a new password ends the sessions that came by the old one, and no others', async () => {
    const { one, api } = await ship('listen = "127.0.0.1:0"');
    const byLink = await openPage(api, 'crew');
    await api.post('/v1/ui/password', { role: 'crew', password });
    const { page } = await login(one.page!, password);
    expect((await page.get('v1/session')).status).toBe(200);
    expect(await api.post('/v1/ui/password', { role: 'crew', password: 'other lines' })).toMatchObject({
      ended: 1,
    });
    expect((await page.get('v1/session')).status).toBe(401);
    expect((await byLink.get('v1/session')).status).toBe(200);
  });

  test('passwords and sessions go on after a restart', async () => {
    const { one, api } = await ship('listen = "127.0.0.1:0"');
    await api.post('/v1/ui/password', { role: 'viewer', password });
    await one.stop();
    await one.start();
    const { json } = await login(one.page!, password);
    expect(json).toMatchObject({ role: 'viewer' });
  });

  test('a name of the list is ours, another is not', async () => {
    const { port } = await ship('listen = "127.0.0.1:0"\nallowed_hosts = ["tender.local"]');
    // fetch does not let anybody choose the Host.
    const ask = (host: string) =>
      new Promise<number>((resolve, reject) => {
        const options = { host: '127.0.0.1', port, path: '/', headers: { host }, agent: false };
        httpGet(options, (answer) => resolve(answer.resume().statusCode ?? 0)).on('error', reject);
      });
    expect(await ask(`tender.local:${port}`)).not.toBe(403);
    expect(await ask(`evil.local:${port}`)).toBe(403);
  });
});

describe('a port that somebody else has', () => {
  test('keeps no document from being carried: status says it, and tender ui says what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const { one, api } = await ship(`listen = "127.0.0.1:${port}"`);
    expect(one.page).toBeUndefined();
    expect((await api.get('/v1/status')).page).toMatchObject({ state: 'waiting', url: null });
    await expect(api.post('/v1/ui/link')).rejects.toMatchObject({ code: 'TENDER_PAGE_OFF' });
    await one.file('a.txt', 'a');
    expect((await one.tender('add', 'a.txt')).code).toBe(0);
    other.close();
    await once(other, 'close');
    // It is tried again a second after the first time.
    await expect
      .poll(async () => (await api.get('/v1/status')).page, { timeout: 5_000 })
      .toMatchObject({
        state: 'listening',
      });
  });
});

describe('streams', () => {
  test('end with their session, and nobody holds more than six', async () => {
    const { api } = await ship('listen = "127.0.0.1:0"');
    const page = await openPage(api);
    const [{ id }] = (await api.get('/v1/ui/sessions')).sessions as [{ id: string }];
    const other = await openPage(api);
    const streams = await Promise.all(Array.from({ length: 6 }, () => page.fetch('v1/events?after=0')));
    expect(streams.map(({ status }) => status)).toEqual(Array(6).fill(200));
    const seventh = await page.get('v1/events?after=0');
    expect([seventh.status, seventh.json?.code]).toEqual([429, 'TENDER_TOO_MANY_STREAMS']);
    const others = await other.fetch('v1/events?after=0');
    expect(others.status).toBe(200);

    await api.post(`/v1/ui/sessions/${id}/revoke`);
    // Each comes to its end by itself.
    for (const stream of streams) await stream.text();
    await api.post('/v1/connection/stop', { by: 'the one who goes on' });
    const reader = others.body!.pipeThrough(new TextDecoderStream()).getReader();
    for (let heard = ''; !heard.includes('the one who goes on'); ) heard += (await reader.read()).value;
    await reader.cancel();
    // Their places are free again.
    const again = await other.fetch('v1/events?after=0');
    expect(again.status).toBe(200);
    await again.body!.cancel();
  });
});

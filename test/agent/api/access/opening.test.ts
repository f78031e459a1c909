import { describe, expect, test } from 'vitest';
import { connectApi } from '../../../../agent/cli/client.ts';
import { yacht } from '../../../cli/aboard.ts';
import { followLink, openPage } from '../../../support/page-client.ts';

async function ship(ui = '') {
  const one = await yacht(`[ui]\nlisten = "127.0.0.1:0"\n${ui}`);
  await one.start();
  return { one, api: connectApi(one.socket, new AbortController().signal) };
}

describe('opening the page', () => {
  test('a link opens a session once, and never again', async () => {
    const { api } = await ship();
    const { url } = await api.post('/v1/ui/link');
    const page = await followLink(String(url));
    expect(await page.get('v1/session')).toMatchObject({
      status: 200,
      json: { role: 'engineer', by: 'engineer@page', lan: false },
    });
    await expect(followLink(String(url))).rejects.toThrow('410');
  });

  test('a session of an earlier run of the agent goes on', async () => {
    const { one, api } = await ship();
    const page = await openPage(api, 'crew');
    await one.stop();
    await one.start();
    const again = await fetch(`${page.base.replace(page.origin, one.page!)}v1/session`, {
      headers: { cookie: page.cookie },
    });
    expect(await again.json()).toMatchObject({ role: 'crew' });
  });

  test('one who logged out is a stranger again', async () => {
    const { api } = await ship();
    const page = await openPage(api);
    expect((await page.delete('v1/session')).json).toEqual({ ended: true });
    expect((await page.get('v1/session')).status).toBe(401);
  });

  test('who acts is told by the session, whatever the body says', async () => {
    const { api } = await ship();
    const page = await openPage(api, 'crew');
    const answer = await page.post('v1/connection/stop', { by: 'the captain' });
    expect(answer.status).toBe(200);
    const { items } = await api.get('/v1/log?actor=connection/main');
    expect(JSON.stringify(items)).toContain('"by":"crew@page"');
    expect(JSON.stringify(items)).not.toContain('captain');
  });

  test('an event that an engineer sends bears the name of the session, too', async () => {
    const { api } = await ship();
    const page = await openPage(api);
    const actor = 'v1/actors/connection/main';
    for (const event of [{ type: 'stop', by: 'the captain' }, { type: 'start' }]) {
      const { json } = await page.post(`${actor}/dry-run`, { event, by: 'the owner' });
      const body = { event, by: 'the owner', reason: 'a test', dryRunId: json?.dryRunId };
      expect(await page.post(`${actor}/send`, body)).toMatchObject({ status: 200 });
    }
    const { items } = await api.get('/v1/log?actor=connection/main&last=10');
    const sent = (items as { event: { by?: string; reason?: string } }[]).filter(({ event }) => event.reason);
    expect(sent.map(({ event }) => event.by)).toEqual(['engineer@page', 'engineer@page']);
    expect(JSON.stringify(items)).not.toMatch(/captain|owner/);
  });

  test('a viewer changes nothing', async () => {
    const { api } = await ship();
    const page = await openPage(api, 'viewer');
    expect(await page.post('v1/connection/stop')).toMatchObject({
      status: 403,
      json: { code: 'TENDER_ROLE_TOO_LOW' },
    });
    expect((await page.get('v1/status')).status).toBe(200);
  });
});

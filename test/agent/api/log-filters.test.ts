import { describe, expect, onTestFinished, test } from 'vitest';
import { scannedMaxRecords } from '../../../agent/host/read-records.ts';
import type { JsonObject } from '../../../machines/json.ts';
import { collect, hostOn } from '../../host/support.ts';
import { fillLog } from '../../support/full-log.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { type PastApi, pastApi } from './past-api.ts';

async function opened(records: number) {
  const directory = await temporaryDirectory();
  await fillLog(directory, { records, alongside: 20 });
  const { host } = hostOn(directory);
  host.setPermits('line', 0);
  await host.open();
  onTestFinished(() => host.close());
  const all = await collect(host.history({ limit: 1_000_000 }));
  return { host, api: pastApi(host), all };
}

/** All pages of a query, onwards or backwards; each page must bring the cursor on. */
async function pages(api: PastApi, query: string, backwards = false): Promise<number[]> {
  const seqs: number[] = [];
  let cursor = backwards ? '&before=1000000' : '';
  for (let last = -1; ; ) {
    const { status, body } = await api.get(`/v1/log?${query}${cursor}`);
    expect([status, body.title]).toEqual([200, undefined]);
    const page = (body.items as JsonObject[]).map(({ seq }) => Number(seq));
    if (backwards) seqs.unshift(...page);
    else seqs.push(...page);
    if (body.more !== true) return seqs;
    expect(body.next).not.toBe(last);
    last = Number(body.next);
    cursor = backwards ? `&before=${last}` : `&after=${last}`;
  }
}

describe('pages of the log', () => {
  test('filtered by type, source, state and actor hold exactly what fits, onwards and backwards', async () => {
    const { api, all } = await opened(1_000);
    const filters: [string, (record: (typeof all)[number]) => boolean][] = [
      ['type=pause', ({ event }) => event.type === 'pause'],
      [
        'type=pause,resume&src=cmd',
        ({ event, src }) => (event.type === 'pause' || event.type === 'resume') && src === 'cmd',
      ],
      ['state=waiting', ({ state }) => state === 'waiting'],
      ['src=fx,tm', ({ src }) => src === 'fx' || src === 'tm'],
      ['actor=connection/main&src=fx', ({ actor, src }) => actor === 'connection/main' && src === 'fx'],
      ['actor=host/log', ({ actor }) => actor === 'host/log'],
      ['type=nothing.like.it', () => false],
      ['', () => true],
    ];
    for (const [query, fits] of filters) {
      const wanted = all.filter(fits).map(({ seq }) => seq);
      for (const limit of [1_000, 23]) {
        expect([query, await pages(api, `${query}&limit=${limit}`)]).toEqual([query, wanted]);
        expect([query, await pages(api, `${query}&limit=${limit}`, true)]).toEqual([query, wanted]);
      }
    }
  });

  test('between two bounds is read onwards, both bounds left out', async () => {
    const { api } = await opened(300);
    const { body } = await api.get('/v1/log?after=10&before=14');
    expect((body.items as JsonObject[]).map(({ seq }) => seq)).toEqual([11, 12, 13]);
    expect(body).toMatchObject({ more: false, next: 13 });
    expect((await api.get('/v1/log?after=10&before=11')).body).toMatchObject({ items: [], next: 10 });
  });

  test('says that there is more only when there is', async () => {
    const { api, all } = await opened(300);
    const exactly = await api.get(`/v1/log?limit=${all.length}`);
    expect([(exactly.body.items as JsonObject[]).length, exactly.body.more]).toEqual([all.length, false]);
    const less = await api.get(`/v1/log?limit=${all.length - 1}`);
    expect(less.body.more).toBe(true);
  });

  test('a rare record in a long log is found with a bounded look per request', async () => {
    const { host, api } = await opened(scannedMaxRecords + 100);
    await host.send('breaker/line', { type: 'forceOpen', by: 'captain', reason: 'rare' });
    const first = await api.get('/v1/log?type=forceOpen');
    expect(first.body).toMatchObject({ items: [], more: true, next: scannedMaxRecords });
    expect((await pages(api, 'type=forceOpen')).length).toBe(1);
  });

  test('refuses what it cannot mean', async () => {
    const { api } = await opened(50);
    for (const query of ['src=human', 'type=', 'type=a%20b', 'state=%22', 'before=-1', 'kind=upload'])
      expect([query, (await api.get(`/v1/log?${query}`)).status]).toEqual([query, 400]);
  });
});

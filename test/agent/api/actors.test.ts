import { describe, expect, onTestFinished, test } from 'vitest';
import type { Host } from '../../../agent/host/contract.ts';
import type { JsonObject } from '../../../machines/json.ts';
import { foldRecord } from '../../../machines/replay.ts';
import { dropping, fillPast, passing } from '../../host/past.ts';
import { collect, hostOn, spooled, uploadId } from '../../host/support.ts';
import { FakeRandom } from '../../support/fake-random.ts';
import { fillLog } from '../../support/full-log.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { type PastApi, pastApi } from './past-api.ts';

async function opened(directory?: string): Promise<Host> {
  const { host } = hostOn(directory ?? (await temporaryDirectory()));
  host.setPermits('line', 0);
  await host.open();
  onTestFinished(() => host.close());
  return host;
}

async function found(api: PastApi, query: string): Promise<JsonObject[]> {
  const items: JsonObject[] = [];
  let after = '';
  for (;;) {
    const { status, body } = await api.get(`/v1/actors?${query}${after}`);
    expect(status).toBe(200);
    items.push(...(body.items as JsonObject[]));
    if (body.more !== true) return items;
    after = `&after=${encodeURIComponent(String(body.next))}`;
  }
}

const names = (items: readonly JsonObject[]) => items.map(({ label }) => label);

describe('the list of actors', () => {
  test('is found by a piece of the id or of the document’s name, in any case and script', async () => {
    const host = await opened();
    await host.create('connection/main', {});
    const given: (string | { b64: string })[] = [
      'Crew list.pdf',
      'crew "old".pdf',
      'Ｆähre.pdf',
      'Übergabe.pdf',
      { b64: Buffer.from([0x63, 0x72, 0x65, 0x77, 0xff]).toString('base64') },
      'invoice.pdf',
    ];
    for (const [index, name] of given.entries())
      await host.create(uploadId(index + 1), spooled(index + 1, { name: name as string }));
    const api = pastApi(host);
    expect(names(await found(api, 'q=crew'))).toEqual(['Crew list.pdf', 'crew "old".pdf', 'crew\ufffd']);
    expect(names(await found(api, `q=${encodeURIComponent('"OLD"')}`))).toEqual(['crew "old".pdf']);
    expect(names(await found(api, `q=${encodeURIComponent('übergabe')}`))).toEqual(['Übergabe.pdf']);
    expect(await found(api, 'q=MAIN')).toMatchObject([
      { actor: 'connection/main', kind: 'connection', state: 'stopped', n: 1, label: 'connection/main' },
    ]);
    expect(names(await found(api, `q=${uploadId(6).slice(-4)}`))).toEqual(['invoice.pdf']);
    expect(await found(api, 'q=nobody')).toEqual([]);
  });

  test('is the same whatever the size of its pages, whether rows or cells in memory answer', async () => {
    const directory = await temporaryDirectory();
    await fillLog(directory, { records: 800, alongside: 30 });
    const host = await opened(directory);
    const api = pastApi(host);
    const all = await found(api, 'limit=1000');
    expect(all.map(({ actor }) => actor)).toEqual([...new Set(all.map(({ actor }) => actor))].sort());
    for (const query of ['limit=1', 'limit=17']) expect(await found(api, query)).toEqual(all);
    for (const state of ['sending', 'indexed', 'parked', 'paused', 'cancelled', 'stored'])
      expect(await found(api, `state=${state}&limit=5`)).toEqual(all.filter((each) => each.state === state));
    expect(await found(api, 'kind=upload')).toEqual(all.filter(({ kind }) => kind === 'upload'));
    for (const { actor, n, state } of all)
      expect([actor, (await host.read(String(actor)))?.n, state]).toEqual([
        actor,
        n,
        (await host.read(String(actor)))?.value,
      ]);
  });

  test('refuses what it does not know', async () => {
    const api = pastApi(await opened());
    for (const query of ['limit=1001', 'state=SENDING', 'name=x', `q=${'x'.repeat(201)}`])
      expect((await api.get(`/v1/actors?${query}`)).status).toBe(400);
  });
});

describe('an actor', () => {
  test('at any of its records is what replay says it was: 1,000 of them, also after old ones were dropped', async () => {
    const directory = await temporaryDirectory();
    const past = await fillPast(directory, 1_600);
    const kit = await dropping(directory, { sweepRecords: 500 });
    const api = pastApi(kit.host);
    const random = new FakeRandom(7, 'places');
    const own = past.records.filter(({ actor }) => actor !== 'host/log');
    for (let tries = 0; tries < 1_000; tries++) {
      if (tries === 500) {
        await kit.sweep();
        await passing(kit, kit.host.audit());
      }
      const { actor, n, at, seq, state } = own[random.between(0, own.length - 1)]!;
      const { status, body } = await api.get(`/v1/actors/${actor}?n=${n}`);
      const base = await kit.host.base(actor);
      const kept = seq >= kit.host.status().oldestSeq;
      const last = past.cells.get(actor)!.length - 1;
      if (!kept && base?.n !== n && n !== last) {
        expect([status, body.code]).toEqual([404, 'TENDER_NO_SUCH_RECORD']);
        continue;
      }
      // An actor that ended and has no records any more has its receipt.
      const gone = !kept && base === undefined;
      expect(body).toMatchObject({
        actor,
        n,
        why: { state },
        oldestN: gone ? last + 1 : (base?.n ?? 0) + 1,
      });
      expect(body.cell).toEqual(past.cells.get(actor)![n]);
      if (kept) expect(body.at).toBe(at);
    }
    expect(kit.host.status().oldestSeq).toBeGreaterThan(1);
    await passing(kit, kit.host.close());
  });

  test('with a long history is folded from where somebody looked before', async () => {
    const host = await opened();
    await host.create('breaker/line', {});
    for (let n = 0; n < 1_300; n++)
      await host.send('breaker/line', { type: n % 2 === 0 ? 'forceOpen' : 'forceClose', by: 'test' });
    const records = await collect(host.history({ actor: 'breaker/line', limit: 10_000 }));
    let cell: Parameters<typeof foldRecord>[0];
    const cells = records.map((record) => {
      cell = foldRecord(cell, record);
      return cell;
    });
    let read = 0;
    const counting = {
      ...host,
      history: (range: Parameters<Host['history']>[0]) => {
        const found = host.history(range);
        return (async function* () {
          for await (const record of found) {
            read++;
            yield record;
          }
        })();
      },
    };
    const api = pastApi(counting);
    for (const n of [1_299, 1, 700, 513, 1_030, 1_025]) {
      const before = read;
      expect((await api.get(`/v1/actors/breaker/line?n=${n}`)).body.cell).toEqual(cells[n - 1]);
      if (n !== 1_299) expect(read - before).toBeLessThanOrEqual(512);
    }
  });

  test('says its present state, why, and where its history begins', async () => {
    const host = await opened();
    await host.create(uploadId(1), spooled(1));
    await host.send(uploadId(1), { type: 'pause', by: 'captain' });
    const { body } = await pastApi(host).get(`/v1/actors/${uploadId(1)}`);
    expect(body).toMatchObject({
      actor: uploadId(1),
      kind: 'upload',
      n: 2,
      lastN: 2,
      oldestN: 1,
      finished: false,
      quarantined: null,
      label: 'added/1.pdf',
      why: { state: 'paused', sentence: expect.stringContaining('captain') },
    });
    expect(body.cell).toEqual(await host.read(uploadId(1)));
  });

  test('that is not there, or was not yet, is told clearly', async () => {
    const host = await opened();
    await host.create('breaker/line', {});
    const api = pastApi(host);
    const wrong = [
      ['upload/01J00000000000000000000000', 404, 'TENDER_NO_SUCH_ACTOR'],
      ['upload/01J00000000000000000000000?n=3', 404, 'TENDER_NO_SUCH_ACTOR'],
      ['host/log', 404, 'TENDER_NO_SUCH_ACTOR'],
      ['host/log?n=1', 404, 'TENDER_NO_SUCH_ACTOR'],
      ['toaster/main', 404, 'TENDER_NO_SUCH_ACTOR'],
      ['breaker/line?n=2', 404, 'TENDER_NO_SUCH_RECORD'],
      ['breaker/line?n=0', 400, 'TENDER_COMMAND_INVALID'],
      ['breaker/line?n=x', 400, 'TENDER_COMMAND_INVALID'],
      ['breaker/l%20ne', 400, 'TENDER_COMMAND_INVALID'],
    ] as const;
    for (const [address, status, code] of wrong) {
      const answer = await api.get(`/v1/actors/${address}`);
      expect([address, answer.status, answer.body.code]).toEqual([address, status, code]);
    }
  });
});

test('the machines of this build are told as data', async () => {
  const { body } = await pastApi(await opened()).get('/v1/machines');
  expect(body.build).toBe('1.2.3');
  expect((body.machines as JsonObject[]).map(({ kind }) => kind)).toEqual([
    'upload',
    'connection',
    'breaker',
  ]);
});

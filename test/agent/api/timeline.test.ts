import { describe, expect, onTestFinished, test } from 'vitest';
import type { Rec } from '../../../agent/host/contract.ts';
import { outlineOf } from '../../../agent/host/outline.ts';
import { encodeBody, link } from '../../../agent/host/record.ts';
import type { JsonObject } from '../../../machines/json.ts';
import { dropping, fillPast, passing } from '../../host/past.ts';
import { collect, hostOn } from '../../host/support.ts';
import { fillLog } from '../../support/full-log.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { type PastApi, pastApi } from './past-api.ts';

interface Row {
  readonly seq: number;
  readonly actor: string;
  readonly n: number;
  readonly type: string;
  readonly state: string;
  readonly src: string;
  readonly at: number;
}

interface Page {
  readonly first: number;
  readonly rows: readonly number[];
  readonly actors: readonly string[];
  readonly types: readonly string[];
  readonly states: readonly string[];
}

const sources = ['cmd', 'fx', 'tm', 'sys'];

/** What a page of the inspector makes of an answer. */
function unpack(answer: JsonObject): Row[] {
  const body = answer as unknown as Page;
  const rows: Row[] = [];
  let at = 0;
  for (let i = 0; i < body.rows.length; i += 6) {
    const [a, n, t, s, src, step] = body.rows.slice(i, i + 6) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    at += step;
    const seq = body.first + i / 6;
    rows.push({
      seq,
      actor: body.actors[a]!,
      n,
      type: body.types[t]!,
      state: body.states[s]!,
      src: sources[src]!,
      at,
    });
  }
  return rows;
}

const rowOf = ({ seq, actor, n, event, state, src, at }: Rec): Row => ({
  seq,
  actor,
  n,
  type: event.type,
  state,
  src,
  at,
});

async function all(api: PastApi, limit: number, after = 0): Promise<Row[]> {
  const rows: Row[] = [];
  for (let cursor = after; ; ) {
    const { status, body } = await api.get(`/v1/timeline?after=${cursor}&limit=${limit}`);
    expect(status).toBe(200);
    rows.push(...unpack(body));
    cursor = Number(body.next);
    if (!body.more) return rows;
  }
}

describe('the timeline', () => {
  async function opened() {
    const directory = await temporaryDirectory();
    await fillLog(directory, { records: 1_200, alongside: 20 });
    const { host } = hostOn(directory);
    host.setPermits('line', 0);
    await host.open();
    onTestFinished(() => host.close());
    return host;
  }

  test('has exactly one row for each record, with pages of any size, and says what the records say', async () => {
    const host = await opened();
    const api = pastApi(host);
    const records = (await collect(host.history({ limit: 1_000_000 }))).map(rowOf);
    expect(records.length).toBe(host.status().lastSeq);
    for (const limit of [1_000, 7, 5_000]) {
      const rows = await all(api, limit);
      expect(rows.slice(0, records.length)).toEqual(records);
      expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, index) => index + 1));
    }
  });

  test('goes on at any point, and knows its ends', async () => {
    const host = await opened();
    const api = pastApi(host);
    const head = host.status().lastSeq;
    for (const after of [0, 1, 599, head - 1]) {
      const rows = await all(api, 500, after);
      expect([rows[0]?.seq, rows.at(-1)!.seq >= head]).toEqual([after + 1, true]);
    }
    const { body } = await api.get(`/v1/timeline?after=${head + 1_000}`);
    expect(body).toMatchObject({ rows: [], more: false, next: head + 1_000, oldest: 1 });
  });

  test('a page takes no more than 5,000 rows, and no parameter it does not know', async () => {
    const api = pastApi(await opened());
    expect((await api.get('/v1/timeline?limit=5001')).body.code).toBe('TENDER_COMMAND_INVALID');
    expect((await api.get('/v1/timeline?from=3')).body.code).toBe('TENDER_COMMAND_INVALID');
  });

  test('begins with the oldest record that is kept, and says so', async () => {
    const own = await temporaryDirectory();
    await fillPast(own, 900);
    const kit = await dropping(own, { sweepRecords: 300 });
    await kit.sweep();
    await passing(kit, kit.host.audit());
    const oldest = kit.host.status().oldestSeq;
    const api = pastApi(kit.host);
    for (const after of [0, 100, oldest - 1, oldest + 5]) {
      const { body } = await api.get(`/v1/timeline?after=${after}&limit=10`);
      expect(body).toMatchObject({ oldest, first: Math.max(oldest, after + 1) });
      expect(unpack(body).length).toBe(10);
    }
    await passing(kit, kit.host.close());
  });
});

describe('a record at a glance', () => {
  const record = {
    actor: 'upload/01J0',
    kind: 'upload@3',
    n: 7,
    at: 1_000,
    wall: 2_000,
    src: 'fx',
    boot: 3,
    state: 'half-open',
    digest: 12,
  } as const;
  const row = (more: object) => {
    const body = encodeBody({ ...record, event: { type: 'document.sent' }, ...more }, 42);
    return link('before', body) + body;
  };

  test('says what the whole record says, however its texts are spelled', () => {
    const events = [
      { type: 'document.sent', fx: '1.0' },
      { reason: '","o":"forged","d":1,"e":{"type":"forged"', type: 'breaker.tripped' },
      { type: 'strange "type"', more: 1 },
      { type: 'é' },
    ];
    for (const event of events)
      for (const actor of ['upload/01J0', 'upload/"quoted","k":"', 'upload/é'])
        expect(outlineOf(row({ event, actor }))).toEqual({
          seq: 42,
          n: 7,
          at: 1_000,
          src: 'fx',
          state: 'half-open',
          actor,
          type: event.type,
        });
  });

  test('is refused where there is no record', () => {
    expect(outlineOf('')).toBeUndefined();
    expect(outlineOf('x'.repeat(300))).toBeUndefined();
    expect(outlineOf(row({}).slice(0, 80))).toBeUndefined();
  });
});

// Which actors the bridge watches, and that it neither misses nor repeats a record, whatever the daemon does.
import { describe, expect, it } from 'vitest';
import type { ApiClient, StreamEvent } from '../../../agent/cli/client.ts';
import { follow, type Watcher, watchedMax } from '../../../inspector/bridge/follow.ts';
import type { Cell } from '../../../machines/kernel.ts';
import { createdEvent, foldRecord, type LogRecord } from '../../../machines/replay.ts';
import { randomHistory } from '../../machines/history.ts';
import { FakeRandom } from '../../support/fake-random.ts';

/** A daemon with a log; `streams` are what it sends to one who listens, one list per time it is asked. */
function daemon(records: readonly LogRecord[], streams: readonly (readonly (StreamEvent | Error)[])[]) {
  const asked: string[] = [];
  const stop = new AbortController();
  const cells = new Map<string, Cell>();
  for (const record of records) cells.set(record.actor, foldRecord(cells.get(record.actor), record));
  const api = {
    async get(path: string) {
      asked.push(path);
      if (path.startsWith('/v1/timeline')) return { head: records.length };
      const url = new URL(path, 'http://x');
      if (url.pathname === '/v1/actors') {
        const { kind, state } = Object.fromEntries(url.searchParams) as { kind: string; state: string };
        const items = [...cells]
          .filter(([actor, cell]) => actor.startsWith(`${kind}/`) && cell.value === state)
          .map(([actor], at) => ({ actor, since: at }));
        return { items };
      }
      const cell = cells.get(url.pathname.replace('/v1/actors/', ''));
      if (!cell) throw new Error('There is no such actor.');
      return { cell };
    },
    async *events(path: string) {
      asked.push(path);
      const stream = streams[asked.filter((each) => each.startsWith('/v1/events')).length - 1];
      if (!stream) return stop.abort();
      for (const item of stream) {
        if (item instanceof Error) throw item;
        yield item;
      }
    },
  } as unknown as ApiClient;
  return { api, asked, stop, cells };
}

function listener() {
  const told: string[] = [];
  const watcher: Watcher = {
    appear: (actor, cell) => told.push(`appear ${actor} ${cell.n}`),
    took: (actor, record) => told.push(`took ${actor} ${record.n}`),
    vanish: (actor) => told.push(`vanish ${actor}`),
    note: (text) => told.push(`note ${text}`),
  };
  return { watcher, told };
}

const sent = (record: LogRecord, seq: number): StreamEvent => ({
  id: `${seq}`,
  event: 'record',
  data: { ...record, seq } as unknown as StreamEvent['data'],
});

async function run(
  records: readonly LogRecord[],
  streams: readonly (readonly (StreamEvent | Error)[])[],
  wanted: readonly string[] = [],
) {
  const { api, asked, stop } = daemon(records, streams);
  const { watcher, told } = listener();
  await follow({ api, watcher, wanted, signal: stop.signal, pause: async () => {} });
  return { told, asked };
}

const life = randomHistory('connection', new FakeRandom(11), 12, 'connection/main');

describe('following', () => {
  it('begins with the cell as it is and tells each later record once, also one that comes twice', async () => {
    const stream = [2, 3, 4, 3, 4, 5].map((at) => sent(life[at]!, at + 1));
    const { told, asked } = await run(life.slice(0, 4), [stream]);
    expect(told).toEqual(['appear connection/main 4', 'took connection/main 5', 'took connection/main 6']);
    expect(asked.filter((path) => path.startsWith('/v1/events'))[0]).toBe('/v1/events?after=4');
  });

  it('goes on where it was when the daemon comes back', async () => {
    const gone = new Error('The agent went away.');
    const { told, asked } = await run(life.slice(0, 2), [[sent(life[2]!, 3), gone], [sent(life[3]!, 4)]]);
    expect(told).toEqual([
      'appear connection/main 2',
      'took connection/main 3',
      'note The agent went away. Trying again.',
      'note The agent is back.',
      'took connection/main 4',
    ]);
    expect(asked.filter((path) => path.startsWith('/v1/events'))[1]).toBe('/v1/events?after=3');
  });

  it('asks for an actor anew when a record of it is missing', async () => {
    const { told } = await run(life.slice(0, 3), [[sent(life[6]!, 7)]]);
    expect(told).toEqual(['appear connection/main 3', 'vanish connection/main', 'appear connection/main 3']);
  });

  it('reads everything anew when the log is another one', async () => {
    const { told } = await run(life.slice(0, 3), [[{ event: 'reset', data: {} }], []]);
    expect(told).toEqual([
      'appear connection/main 3',
      'note The log is not the one it was: reading it anew.',
      'vanish connection/main',
      'appear connection/main 3',
    ]);
  });

  it('watches what is born later, and only what is wanted', async () => {
    const breaker = randomHistory('breaker', new FakeRandom(1), 3, 'breaker/line');
    const stream = [sent(breaker[0]!, 4), sent({ ...life[0]!, actor: 'connection/second' }, 5)];
    expect((await run(life.slice(0, 3), [stream])).told.slice(1)).toEqual([
      'appear breaker/line 1',
      'appear connection/second 1',
    ]);
    expect((await run(life.slice(0, 3), [stream], ['breaker'])).told).toEqual(['appear breaker/line 1']);
    expect((await run(life.slice(0, 3), [stream], ['connection/main'])).told).toEqual([
      'appear connection/main 3',
    ]);
  });

  it(`watches ${watchedMax} at most; one whose work is over makes room`, async () => {
    const born = (id: number): LogRecord => {
      const record = { ...randomHistory('upload', new FakeRandom(2), 1)[0]! };
      return { ...record, actor: `upload/${String(id).padStart(26, '0')}` };
    };
    const many = Array.from({ length: watchedMax }, (_, id) => born(id));
    const [first] = many;
    const cell = foldRecord(undefined, first!);
    const extra = born(watchedMax);
    expect((await run(many, [[sent(extra, watchedMax + 1)]])).told).toHaveLength(watchedMax);
    // The first one is cancelled, and what it had running has ended.
    const cancelled = lifeThatEnds(first!.actor);
    const stream = [...cancelled.slice(1), extra].map((record, at) => sent(record, watchedMax + at + 1));
    const { told } = await run([cancelled[0]!, ...many.slice(1)], [stream]);
    expect(told.slice(-2)).toEqual([`vanish ${first!.actor}`, `appear ${extra.actor} 1`]);
    expect(cell.n).toBe(1);
  });
});

/** The life of an upload that is over, from its birth. */
function lifeThatEnds(actor: string): LogRecord[] {
  for (let seed = 1; seed < 400; seed++) {
    const records = randomHistory('upload', new FakeRandom(seed), 60, actor);
    const last = records.at(-1);
    if (!last || records[0]?.event.type !== createdEvent({}).type) continue;
    let cell: Cell | undefined;
    for (const record of records) {
      cell = foldRecord(cell, record);
      const over = ['indexed', 'cancelled'].includes(cell.value);
      if (over && Object.keys(cell.fx).length === 0 && Object.keys(cell.tm).length === 0)
        return records.slice(0, cell.n);
    }
  }
  throw new Error('no walk ended');
}

import { describe, expect, onTestFinished, test } from 'vitest';
import { createLevelStorage } from '../../../agent/adapters/level-storage.ts';
import { nodeClock } from '../../../agent/adapters/node-clock.ts';
import { nodeRandom } from '../../../agent/adapters/node-random.ts';
import { eventStream } from '../../../agent/api/event-stream.ts';
import type { Host } from '../../../agent/host/contract.ts';
import { createHost } from '../../../agent/host/host.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const breaker = 'breaker/line';

/** A real log with a breaker in it: forcing it open and closed makes as many records as a test wants. */
async function openHost(): Promise<Host> {
  const storage = createLevelStorage(await temporaryDirectory());
  const host = createHost({ storage, clock: nodeClock(), random: nodeRandom(), log: () => {} });
  await host.open();
  onTestFinished(() => host.close());
  await host.create(breaker, {});
  return host;
}

async function flip(host: Host, times: number): Promise<void> {
  for (let i = 0; i < times; i++)
    await host.send(
      breaker,
      i % 2 === 0 ? { type: 'forceOpen', by: 'test' } : { type: 'forceClose', by: 'test' },
    );
}

function stream(host: Host, options: Partial<Parameters<typeof eventStream>[1]> = {}, clock = nodeClock()) {
  const gone = new AbortController();
  onTestFinished(() => gone.abort());
  const events = eventStream(
    { host, clock, running: () => [breaker] },
    { after: 0, progress: false, signal: gone.signal, ...options },
  )[Symbol.asyncIterator]();
  const next = async () => (await events.next()).value as string | undefined;
  return { gone, events, next, received: [] as string[] };
}

const eventsIn = (piece: string | undefined) => (piece ?? '').split('\n\n').filter((event) => event !== '');
const idOf = (event: string | undefined) => Number(/^id: (\d+)$/m.exec(event ?? '')?.[1]);

async function ids(from: ReturnType<typeof stream>, count: number): Promise<number[]> {
  const found: number[] = [];
  while (found.length < count) {
    // Records that came together are one piece of text.
    if (from.received.length === 0) from.received.push(...eventsIn(await from.next()));
    const event = from.received.shift();
    if (event?.startsWith('id:')) found.push(idOf(event));
  }
  return found;
}

describe('the event stream', () => {
  test('tells every record of the log once, oldest first, then follows', async () => {
    const host = await openHost();
    await flip(host, 4);
    const watching = stream(host);
    const head = host.status().lastSeq;
    expect(await ids(watching, head)).toEqual(Array.from({ length: head }, (_, i) => i + 1));
    const pending = ids(watching, 2);
    await flip(host, 2);
    expect(await pending).toEqual([head + 1, head + 2]);
  });

  test('a client that comes back at any point with the last id gets exactly the rest', async () => {
    const host = await openHost();
    await flip(host, 20);
    const head = host.status().lastSeq;
    for (let cut = 0; cut <= head; cut += 3) {
      const first = stream(host);
      const before = await ids(first, cut);
      first.gone.abort();
      const second = stream(host, { after: before.at(-1) ?? 0 });
      const after = await ids(second, head - cut);
      second.gone.abort();
      expect([...before, ...after]).toEqual(Array.from({ length: head }, (_, i) => i + 1));
    }
  });

  test('of one actor only, its ids are its own numbers', async () => {
    const host = await openHost();
    await host.create('breaker/other', {});
    await flip(host, 3);
    expect(await ids(stream(host, { actor: breaker }), 4)).toEqual([1, 2, 3, 4]);
    expect(await ids(stream(host, { actor: breaker, after: 2 }), 2)).toEqual([3, 4]);
  });

  test('records that arrive while a page is read are neither lost nor doubled', async () => {
    const host = await openHost();
    const watching = stream(host);
    const [seen] = await Promise.all([ids(watching, host.status().lastSeq + 200), flip(host, 200)]);
    expect(seen).toEqual(seen.map((_, i) => i + 1));
  });

  test('a thousand records at once go out in a few pieces, the first after a rest at once', async () => {
    const host = await openHost();
    const clock = new FakeClock();
    const watching = stream(host, { after: host.status().lastSeq }, clock);
    await watching.next();
    const first = watching.next();
    await flip(host, 1);
    expect(eventsIn(await first).length).toBe(1);
    // It rests now, and time stands still: whatever comes meanwhile goes together.
    const second = watching.next();
    await expect.poll(() => clock.pending).toBe(1);
    await flip(host, 1_000);
    await clock.advance(25);
    let count = eventsIn(await second).length;
    let pieces = 1;
    for (; count < 1_000; pieces++) count += eventsIn(await watching.next()).length;
    expect(count).toBe(1_000);
    expect(pieces).toBeLessThan(20);
  });

  test('a client that does not read costs nothing but its place', async () => {
    const host = await openHost();
    let reads = 0;
    const counting = {
      ...host,
      history: (range: Parameters<Host['history']>[0]) => {
        reads++;
        return host.history(range);
      },
    };
    const watching = stream(counting, { after: host.status().lastSeq });
    await watching.next();
    await flip(host, 2_000);
    expect(reads).toBe(0);
    const head = host.status().lastSeq;
    expect((await ids(watching, 2_000)).at(-1)).toBe(head);
  });

  test('goes on exactly where it was after the agent was started anew', async () => {
    const directory = await temporaryDirectory();
    const open = async () => {
      const storage = createLevelStorage(directory);
      const host = createHost({ storage, clock: nodeClock(), random: nodeRandom(), log: () => {} });
      await host.open();
      return host;
    };
    const before = await open();
    await before.create(breaker, {});
    await flip(before, 10);
    const seen = await ids(stream(before), 8);
    await before.close();
    const after = await open();
    onTestFinished(() => after.close());
    const rest = await ids(stream(after, { after: seen.at(-1)! }), after.status().lastSeq - 8);
    expect([...seen, ...rest]).toEqual(Array.from({ length: after.status().lastSeq }, (_, i) => i + 1));
  });

  test('a cursor of another log, or from before what is kept, is answered with a reset and then followed', async () => {
    const host = await openHost();
    const head = host.status().lastSeq;
    const ahead = stream(host, { after: head + 500 });
    await ahead.next();
    expect(await ahead.next()).toBe(`event: reset\ndata: {"reason":"ahead","after":${head},"oldest":1}\n\n`);
    await flip(host, 1);
    expect(await ids(ahead, 1)).toEqual([head + 1]);

    const trimmed = { ...host, status: () => ({ ...host.status(), oldestSeq: 3 }) };
    const behind = stream(trimmed, { after: 1 });
    await behind.next();
    expect(await behind.next()).toBe('event: reset\ndata: {"reason":"trimmed","after":2,"oldest":3}\n\n');
    expect(await ids(behind, 1)).toEqual([3]);
  });

  test('an idle stream says that it is alive, and ends when the client goes', async () => {
    const host = await openHost();
    const clock = new FakeClock();
    const watching = stream(host, { after: host.status().lastSeq }, clock);
    expect(await watching.next()).toBe('retry: 1000\n\n');
    const alive = watching.next();
    // The page is read from disk: wait until the stream has gone to sleep before time moves.
    await expect.poll(() => clock.pending).toBe(1);
    await clock.advance(15_000);
    expect(await alive).toBe(': alive\n\n');
    const end = watching.events.next();
    watching.gone.abort();
    expect((await end).done).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test('figures of running effects ride along when asked for, each once, and carry no id', async () => {
    const host = await openHost();
    host.progress(breaker, { bytesSent: 5 });
    const clock = new FakeClock();
    const watching = stream(host, { after: host.status().lastSeq, progress: true }, clock);
    await watching.next();
    const event = await watching.next();
    expect(event).toBe(`event: progress\ndata: {"actor":"${breaker}","progress":{"bytesSent":5}}\n\n`);
    const after = watching.next();
    await expect.poll(() => clock.pending).toBe(1);
    host.progress(breaker, { bytesSent: 6 });
    await clock.advance(500);
    expect(await after).toContain('"bytesSent":6');
  });
});

import { describe, expect, onTestFinished, test } from 'vitest';
import { BoardIds } from '../../agent/daemon/board-ids.ts';
import { Ranked } from '../../agent/daemon/ranked.ts';
import type { Host } from '../../agent/host/contract.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { addUpload, type QueueAboard, queueAboard, smooth, uploadId } from './support/queue-aboard.ts';

function dice(seed: number) {
  let state = seed;
  return (sides: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

describe('numbers for ids', () => {
  test('hold what a map holds through thousands of arrivals and departures', () => {
    const roll = dice(7);
    const ids = new BoardIds();
    const model = new Map<string, number>();
    for (let step = 0; step < 20_000; step++) {
      const id = uploadId(roll(6_000));
      if (model.has(id) && roll(2) === 0) {
        ids.remove(id);
        model.delete(id);
      } else if (!model.has(id)) model.set(id, ids.add(id));
    }
    expect(new Set(model.values()).size).toBe(model.size);
    for (const [id, number] of model) {
      expect(ids.find(id)).toBe(number);
      expect(ids.id(number)).toBe(id);
    }
    for (let i = 6_000; i < 6_100; i++) expect(ids.find(uploadId(i))).toBe(-1);
    const [a, b] = [...model].sort(([x], [y]) => (x < y ? -1 : 1));
    expect(ids.compare(a![1], b![1])).toBeLessThan(0);
  });
});

describe('a ranked list', () => {
  test('knows every place and the weight before it, as a sorted array does', () => {
    const roll = dice(11);
    const ranked = new Ranked(
      (a, b) => a - b,
      (item) => item % 97,
    );
    let model: number[] = [];
    for (let step = 0; step < 6_000; step++) {
      const item = roll(5_000);
      if (model.includes(item)) {
        ranked.remove(item);
        model = model.filter((other) => other !== item);
      } else {
        ranked.add(item);
        model.push(item);
      }
    }
    model.sort((a, b) => a - b);
    expect([...ranked.walk()]).toEqual(model);
    expect(ranked.size).toBe(model.length);
    let weight = 0;
    for (const [count, item] of model.entries()) {
      expect(ranked.before(item)).toEqual({ count, weight });
      weight += item % 97;
    }
    expect(ranked.weight()).toBe(weight);
    expect([...ranked.walk((item) => item > 2_500)]).toEqual(model.filter((item) => item > 2_500));
  });
});

/** What the rows themselves say. */
async function truth(host: Host) {
  const states: Record<string, number> = {};
  const way: { id: string; state: string; priority: number; addedMs: number }[] = [];
  for await (const { actor, cell } of host.list({ kind: 'upload', limit: 100_000 })) {
    states[cell.value] = (states[cell.value] ?? 0) + 1;
    const { priority, addedMs } = cell.context as { priority: number; addedMs: number };
    if (!['stored', 'indexed', 'cancelled'].includes(cell.value))
      way.push({ id: actor.slice(7), state: cell.value, priority, addedMs });
  }
  way.sort((a, b) => a.priority - b.priority || a.addedMs - b.addedMs || (a.id < b.id ? -1 : 1));
  return { states, way };
}

async function quiet(aboard: QueueAboard): Promise<void> {
  for (let head = -1; head !== aboard.changes.head; ) {
    head = aboard.changes.head;
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
}

async function stir(aboard: QueueAboard, roll: (sides: number) => number, added: number): Promise<void> {
  const actor = `upload/${uploadId(1 + roll(Math.max(1, added)))}`;
  const what = roll(5);
  const by = 'anna';
  if (what === 0) await aboard.host.send(actor, { type: 'pause', by });
  else if (what === 1) await aboard.host.send(actor, { type: 'resume', by });
  else if (what === 2) await aboard.host.send(actor, { type: 'prioritise', by, priority: 1 + roll(10) });
  else if (what === 3 && roll(3) === 0) await aboard.host.send(actor, { type: 'cancel', by });
  else if (what === 4)
    await aboard.host.send(
      actor,
      { type: 'document.indexed', documentId: 'doc-1', version: 1, passages: 3 },
      { src: 'sys' },
    );
}

describe('the board', () => {
  test.each([1, 2, 3])(
    'says what the rows say, whatever happens before, while and after it is filled (%i)',
    async (seed) => {
      const roll = dice(seed);
      const directory = await temporaryDirectory();
      let added = 0;
      for (let life = 0; life < 3; life++) {
        const aboard = await queueAboard(directory, { handlers: life === 1 ? {} : smooth });
        onTestFinished(() => aboard.close().catch(() => undefined));
        if (life === 1) aboard.host.setPermits('line', 0);
        const filling = roll(2) === 0 ? aboard.board.settled() : undefined;
        for (let i = 0; i < 150; i++) {
          await addUpload(aboard.host, ++added, { priority: 1 + roll(10) });
          await stir(aboard, roll, added);
        }
        await filling;
        await aboard.board.settled();
        await quiet(aboard);
        const { states, way } = await truth(aboard.host);
        expect(aboard.board.states()).toEqual(states);
        expect(
          [...aboard.board.onTheirWay()].map(({ id, state, priority, addedMs }) => ({
            id,
            state,
            priority,
            addedMs,
          })),
        ).toEqual(way);
        await aboard.close();
      }
    },
    20_000,
  );

  test('the place in the line is what the host itself would say holds an upload', async () => {
    const aboard = await queueAboard(await temporaryDirectory(), {
      handlers: {
        sendDocument: ({ signal }) =>
          new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      },
    });
    onTestFinished(() => aboard.close());
    aboard.host.setPermits('line', 2);
    for (let i = 1; i <= 40; i++)
      await addUpload(aboard.host, i, { priority: 2 + (i % 3), sizeBytes: 1_000 * i });
    await expect.poll(() => aboard.running.size).toBe(2);
    await aboard.board.settled();
    const order: number[] = [];
    let ahead = 0;
    for (const { id } of aboard.board.onTheirWay()) {
      const place = aboard.board.place(id)!;
      order.push(place.order);
      expect(place.bytesAhead).toBe(ahead);
      ahead += 1_000 * Number(id);
      const actor = `upload/${id}`;
      expect(await aboard.host.hold(actor, place.waitingAhead)).toEqual(await aboard.host.hold(actor));
    }
    expect(order).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(aboard.board.bytesInLine()).toBe(ahead);
  });
});

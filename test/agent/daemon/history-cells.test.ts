import { expect, test } from 'vitest';
import { nodeClock } from '../../../agent/adapters/node-clock.ts';
import { createCells } from '../../../agent/daemon/history-cells.ts';
import type { Host, Rec } from '../../../agent/host/contract.ts';
import { stamped } from '../../../agent/host/slot.ts';
import { type Cell, digest, init, step } from '../../../machines/kernel.ts';
import { createdEvent } from '../../../machines/replay.ts';

const actor = 'breaker/line';

/** A breaker's life: record n is `records[n - 1]`, and led to `cells[n - 1]`. */
function life(count: number): { readonly records: Rec[]; readonly cells: Cell[] } {
  const records: Rec[] = [];
  const cells: Cell[] = [];
  for (let n = 1; n <= count; n++) {
    const at = n * 1_000;
    const event =
      n === 1 ? createdEvent({}) : { type: n % 2 === 0 ? 'forceOpen' : 'forceClose', by: 'captain' };
    const cell =
      n === 1 ? init('breaker', {}, { at }).cell : step('breaker', cells[n - 2]!, event, { at })!.cell;
    cells.push(cell);
    const more = { wall: at, src: 'cmd', boot: 1, hash: '' } as const;
    records.push({
      seq: n,
      actor,
      kind: stamped('breaker'),
      n,
      at,
      event,
      state: cell.value,
      digest: digest(cell),
      ...more,
    });
  }
  return { records, cells };
}

/** A log whose first records can be dropped at any moment, as the retention does it. */
function log({ records, cells }: ReturnType<typeof life>) {
  let dropped = 0;
  let asked = 0;
  const state = { onAsked: (_time: number) => {}, drop: (upTo: number) => (dropped = upTo) };
  const host: Pick<Host, 'history' | 'base' | 'look'> = {
    async *history({ after = 0, before = Number.POSITIVE_INFINITY, limit }) {
      state.onAsked(++asked);
      const kept = records.filter(({ n }) => n > dropped && n > after && n < before);
      yield* kept.slice(0, limit);
    },
    base: async () => (dropped === 0 ? undefined : { n: dropped, cell: cells[dropped - 1]! }),
    look: async () => undefined,
  };
  return { host, state };
}

test('a fold that the retention overtakes begins again from the new base', async () => {
  const past = life(1_000);
  const { host, state } = log(past);
  state.onAsked = (time) => {
    if (time === 2) state.drop(700);
  };
  const cells = createCells({ host, clock: nodeClock() });
  expect((await cells.at(actor, 950)).cell).toEqual(past.cells[949]);
});

test('what the retention drops while it is folded towards is no longer kept, not broken', async () => {
  const past = life(1_000);
  const { host, state } = log(past);
  state.onAsked = (time) => {
    if (time === 2) state.drop(990);
  };
  const cells = createCells({ host, clock: nodeClock() });
  await expect(cells.at(actor, 950)).rejects.toMatchObject({ code: 'TENDER_NO_SUCH_RECORD' });
  expect((await cells.at(actor, 990)).cell).toEqual(past.cells[989]);
});

test('others have a turn between slices, and a question nobody waits for any more ends', async () => {
  const { host } = log(life(2_000));
  const real = nodeClock();
  let turns = 0;
  const gone = new AbortController();
  const clock = {
    ...real,
    after: (ms: number, run: () => void) => {
      turns++;
      if (turns === 3) gone.abort();
      return real.after(ms, run);
    },
  };
  const cells = createCells({ host, clock });
  await expect(cells.at(actor, 2_000, gone.signal)).rejects.toMatchObject({ code: 'TENDER_AGENT_STOPPING' });
  expect(turns).toBe(3);
  // The next question does not suffer from it.
  expect((await cells.at(actor, 10)).cell.n).toBe(10);
});

test('a record that does not fold is named, and no cell is made up', async () => {
  const past = life(20);
  past.records[9] = { ...past.records[9]!, digest: 7 };
  const cells = createCells({ host: log(past).host, clock: nodeClock() });
  expect((await cells.at(actor, 9)).cell).toEqual(past.cells[8]);
  await expect(cells.at(actor, 15)).rejects.toMatchObject({
    code: 'TENDER_HISTORY_BROKEN',
    message: expect.stringContaining('record 10'),
  });
});

// The page's model over a real host's log: what it shows at any record is what the daemon was at that record.
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLevelStorage } from '../../../agent/adapters/level-storage.ts';
import type { Host, Rec } from '../../../agent/host/contract.ts';
import { createHost } from '../../../agent/host/host.ts';
import { createInspection, type Inspection } from '../../../inspector/machines/inspection.ts';
import type { HistorySource } from '../../../inspector/machines/source.ts';
import { createActorsAt } from '../../../inspector/machines/states-of.ts';
import type { Cell } from '../../../machines/kernel.ts';
import { foldRecord } from '../../../machines/replay.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeRandom } from '../../support/fake-random.ts';
import { fillLog } from '../../support/full-log.ts';
import { type HeldClock, heldClock } from './support/held-clock.ts';
import { type HostSource, hostSource } from './support/host-source.ts';

const records = 9_000;
const positions = 1_000;
/** Turns of the event loop a test waits for an answer of the disk. */
const turnsMax = 500_000;

let directory: string;
let host: Host;
let log: Rec[];
let clock: FakeClock;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tender-inspection-'));
  await fillLog(directory, { records, seed: 7, alongside: 60 });
  const random = new FakeRandom(1, 'inspection');
  clock = new FakeClock(Date.UTC(2026, 10, 20));
  host = createHost({
    storage: createLevelStorage(directory),
    clock,
    random: { bytes: (count: number) => random.bytes(count), unit: () => random.unit() },
    log: () => undefined,
  });
  await host.open();
  log = [];
  for await (const record of host.history({ after: 0, limit: 1_000_000 })) log.push(record);
}, 60_000);

afterAll(async () => {
  await host.close();
  rmSync(directory, { recursive: true, force: true });
});

async function opened(rowsMax?: number): Promise<{ page: Inspection; held: HeldClock; source: HostSource }> {
  const random = new FakeRandom(2, 'source');
  const source = hostSource({
    host,
    clock,
    random: { bytes: (count: number) => random.bytes(count), unit: () => random.unit() },
    ...(rowsMax === undefined ? {} : { rowsMax }),
  });
  const held = heldClock();
  const page = createInspection({ source, clock: held });
  await page.start();
  // Older pages come by themselves.
  for (let turns = 0; page.columns.first > 1 && turns < turnsMax; turns++) await turn();
  held.paint();
  return { page, held, source };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** The selected moment, when its window has come. */
async function settled(page: Inspection): Promise<Cell> {
  for (let turns = 0; turns < turnsMax; turns++) {
    const selected = page.selected.value;
    if (selected.is === 'ready') return selected.moment.cell;
    if (selected.is === 'failed') throw new Error(selected.message);
    await turn();
  }
  throw new Error('the moment never came');
}

describe('time travel on the page', () => {
  it(`equals recovery's fold at ${positions} random records, for the record's actor and one other`, async () => {
    const { page } = await opened();
    const random = new FakeRandom(11, 'positions');
    const wanted = new Set(Array.from({ length: positions }, () => random.between(1, log.length)));
    const cells = new Map<string, Cell>();
    const actors: string[] = [];
    for (const record of log) {
      if (!record.kind.startsWith('host')) {
        cells.set(record.actor, foldRecord(cells.get(record.actor), record));
        if (record.n === 1) actors.push(record.actor);
      }
      if (!wanted.has(record.seq) || actors.length === 0) continue;
      page.goTo(record.seq);
      for (const actor of [record.actor, random.pick(actors)]) {
        const cell = cells.get(actor);
        if (!cell) continue;
        page.select(actor);
        expect(await settled(page), `${actor} at #${record.seq}`).toEqual(cell);
      }
    }
    page.close();
  });

  it('knows the state of every actor at any record, and of none that is not born yet', async () => {
    const { page } = await opened();
    const random = new FakeRandom(12, 'states');
    const actorsAt = createActorsAt(page.columns, page.known);
    for (let round = 0; round < 60; round++) {
      const seq = random.between(1, log.length);
      page.goTo(seq);
      const expected = new Map<string, string>();
      for (const record of log.slice(0, seq)) expected.set(record.actor, record.state);
      const shown = new Map<string, string>();
      for (const { actor, state } of actorsAt(page.lastSeqs.value.of, seq))
        if (state !== null) shown.set(actor, state);
      expect(shown, `at #${seq}`).toEqual(expected);
    }
    page.close();
  });

  it('comes together from pages of any size', async () => {
    const { page } = await opened(777);
    expect([page.columns.first, page.columns.last]).toEqual([log[0]!.seq, log.at(-1)!.seq]);
    for (const record of [log[0]!, log[4_095]!, log[4_096]!, log.at(-1)!])
      expect(page.columns.row(record.seq)).toMatchObject({ n: record.n, at: record.at });
    page.close();
  });

  it('asks for an actor’s records once, however often the cursor moves among them', async () => {
    const { page, source } = await opened();
    const actor = 'connection/main';
    page.select(actor);
    const own = log.filter((record) => record.actor === actor).slice(0, 200);
    for (const record of [...own, ...own.reverse()]) {
      page.goTo(record.seq);
      expect((await settled(page)).n).toBe(record.n);
    }
    expect(source.asked.records).toBeLessThanOrEqual(2);
    page.close();
  });

  it('steps record by record, with Shift only through the selected actor, and past the end to live', async () => {
    const { page } = await opened();
    const own = log.filter((record) => record.actor === 'breaker/line').map((record) => record.seq);
    page.select('breaker/line');
    page.goTo(own[3]!);
    page.step(1, true);
    expect(page.seq.value).toBe(own[4]);
    page.step(-1, true);
    page.step(-1, true);
    expect(page.seq.value).toBe(own[2]);
    page.step(1, false);
    expect(page.seq.value).toBe(own[2]! + 1);
    page.goTo(page.columns.last);
    expect(page.cursor.value).toBe(page.columns.last);
    page.step(1, false);
    expect(page.cursor.value).toBeNull();
    page.close();
  });

  it('walks through what the filter shows only', async () => {
    const { page } = await opened();
    page.setFilter({ type: 'pause' });
    const paused = log.filter((record) => record.event.type === 'pause').map((record) => record.seq);
    expect(page.matches.value.length).toBe(paused.length);
    page.goTo(paused[2]! + 1);
    page.step(-1, false);
    expect(page.seq.value).toBe(paused[2]);
    page.step(1, false);
    expect(page.seq.value).toBe(paused[3]);
    page.close();
  });
});

describe('a moment whose rows are not here yet', () => {
  it('is loading, never shown as something else, and comes when they are', async () => {
    const random = new FakeRandom(2, 'source');
    const source = hostSource({
      host,
      clock,
      random: { bytes: () => new Uint8Array(8), unit: () => random.unit() },
    });
    const held = heldClock();
    const page = createInspection({ source, clock: held });
    page.select('connection/main');
    page.goTo(3);
    const started = page.start();
    while (page.phase.value.is !== 'ready') await turn();
    if (page.columns.first > 3) expect(page.selected.value.is).toBe('loading');
    while (page.columns.first > 3) await turn();
    held.paint();
    expect(page.cursor.value).toBe(3);
    expect((await settled(page)).value).toBe(
      log.filter((record) => record.seq <= 3 && record.actor === 'connection/main').at(-1)!.state,
    );
    await started;
    page.close();
  });
});

describe('a source that fails', () => {
  const failing = (change: Partial<HistorySource>) => {
    const random = new FakeRandom(2, 'source');
    const source = hostSource({
      host,
      clock,
      random: { bytes: () => new Uint8Array(8), unit: () => random.unit() },
    });
    const held = heldClock();
    return { source, held, page: createInspection({ source: Object.assign(source, change), clock: held }) };
  };

  it('is asked again by itself when nobody answered', async () => {
    const { page, held, source } = failing({});
    const { open } = source;
    source.open = () =>
      Promise.reject(Object.assign(new Error('The daemon does not answer.'), { status: 0 }));
    await page.start();
    expect(page.phase.value).toEqual({ is: 'failed', message: 'The daemon does not answer.' });
    source.open = open;
    held.pass(3_000);
    while (page.phase.value.is !== 'ready') await turn();
    page.close();
  });

  it('is not asked again when it refused', async () => {
    let asked = 0;
    const { page, held } = failing({
      open() {
        asked++;
        return Promise.reject(Object.assign(new Error('Not for you.'), { status: 403 }));
      },
    });
    await page.start();
    held.pass(60_000);
    expect(asked).toBe(1);
    page.close();
  });

  it('tells why a moment could not be had, and tries again with the next choice', async () => {
    const { page, source } = failing({});
    const { records } = source;
    source.records = () => Promise.reject(new Error('The disk is gone.'));
    page.select('connection/main');
    await page.start();
    while (page.selected.value.is === 'loading') await turn();
    expect(page.selected.value).toEqual({ is: 'failed', message: 'The disk is gone.' });
    source.records = records;
    page.select('breaker/line');
    page.select('connection/main');
    await settled(page);
    page.close();
  });
});

describe('the live end', () => {
  it('a record moves the live cursor and the actor with it; the past stays where it is', async () => {
    const { page, held } = await opened();
    page.select('connection/main');
    const before = (await settled(page)).n;
    const from = page.seq.value;
    await host.send('connection/main', { type: 'stop', by: 'crew' }, { src: 'cmd' });
    held.paint();
    expect(page.seq.value).toBeGreaterThan(from);
    const cell = await settled(page);
    expect(cell.n).toBeGreaterThan(before);
    expect(cell.value).toBe('stopped');
    expect(cell).toEqual(await host.read('connection/main'));

    page.goTo(from);
    await host.send('connection/main', { type: 'start', by: 'crew' }, { src: 'cmd' });
    held.paint();
    expect(page.seq.value).toBe(from);
    expect((await settled(page)).n).toBe(before);
    page.goTo(null);
    expect(await settled(page)).toEqual(await host.read('connection/main'));
    page.close();
  });

  it('many records in one picture change the page once', async () => {
    const { page, held } = await opened();
    const version = page.version.value;
    for (let round = 0; round < 20; round++)
      await host.send('connection/main', { type: round % 2 ? 'start' : 'stop', by: 'crew' }, { src: 'cmd' });
    expect(page.version.value).toBe(version);
    held.paint();
    expect(page.version.value).toBe(version + 1);
    page.close();
  });
});

// A bundle as the inspector's history: every moment is the one the log folds to, pages have no gaps, and nothing can be sent.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { type Bundle, readBundle } from '../../../inspector/bundle/read.ts';
import { createSavedSource } from '../../../inspector/bundle/saved-source.ts';
import { tell } from '../../../inspector/bundle/told.ts';
import { createMoments } from '../../../inspector/machines/moments.ts';
import type { HistorySource } from '../../../inspector/machines/source.ts';
import type { Json } from '../../../machines/json.ts';
import { digest } from '../../../machines/kernel.ts';
import { bundleOf, withStoppedLog } from '../../bundle/support/made.ts';
import { FakeRandom } from '../../support/fake-random.ts';
import { fillLog } from '../../support/full-log.ts';

let bundle: Bundle;
let source: HistorySource;

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tender-test-'));
  try {
    await fillLog(directory, { records: 3_000, seed: 21, alongside: 60 });
    const doctor = { checks: [{ name: 'link', verdict: 'failed', message: 'No.', fix: 'Look.' }] };
    const { html } = await withStoppedLog(directory, (log) =>
      bundleOf(log, { from: 700, doctor, notes: ['A note.'] }),
    );
    bundle = await readBundle(/id="tender-bundle">([^<]*)</.exec(html)![1]!);
    source = createSavedSource(bundle, []);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

const ofMachines = () => bundle.records.filter(({ actor }) => !actor.startsWith('host/'));

it('at a thousand random records the cell is the one the record says', async () => {
  const random = new FakeRandom(1, 'seeks');
  const records = ofMachines();
  const moments = createMoments(source);
  for (let i = 0; i < 1_000; i++) {
    const record = records[random.between(0, records.length - 1)]!;
    const moment = await moments.load(record.actor, record.n);
    expect(moment.unfolded).toBeNull();
    expect({ state: moment.cell.value, digest: digest(moment.cell) }).toEqual({
      state: record.state,
      digest: record.digest,
    });
    const base = await source.base(record.actor, record.n);
    expect(base && digest(base)).toBe(record.digest);
  }
});

it('pages of the index hold every record once, whatever their size', async () => {
  const { oldest, head } = await source.open();
  expect([oldest, head]).toEqual([bundle.header.from, bundle.header.to]);
  for (const limit of [1_000, 77]) {
    const seen: string[] = [];
    for (let after = oldest - 1; after < head; ) {
      const page = await source.timeline(after, limit);
      let at = 0;
      for (let i = 0; i < page.rows.length; i += 6) {
        const [actor, n, type, state, , later] = page.rows.slice(i, i + 6) as number[];
        at += later!;
        seen.push(`${page.actors[actor!]} ${n} ${page.types[type!]} ${page.states[state!]} ${at}`);
      }
      expect(page.more).toBe(page.next < head);
      after = page.next;
    }
    expect(seen).toEqual(
      bundle.records.map(({ actor, n, type, state, at }) => `${actor} ${n} ${type} ${state} ${at}`),
    );
  }
});

it('lists every actor once, in pages, as it stands at the end', async () => {
  const all: string[] = [];
  for (let cursor: string | null = null; ; ) {
    const page = await source.actors(cursor, 7);
    for (const { actor, state, n } of page.items) {
      all.push(actor);
      expect(await source.actor(actor)).toMatchObject({ n, cell: { value: state } });
    }
    if (!page.more) break;
    cursor = page.next;
  }
  expect(new Set(all).size).toBe(all.length);
  expect(new Set(all)).toEqual(new Set([...ofMachines().map(({ actor }) => actor), ...bundle.bases.keys()]));
  await expect(source.actor('upload/none')).rejects.toThrow('not in this bundle');
});

it('records of one actor come in windows without a gap', async () => {
  const busiest = ofMachines()[0]!.actor;
  const own = ofMachines().filter(({ actor }) => actor === busiest);
  expect(await source.records(busiest, 0, 500)).toEqual(own.slice(0, 500));
  expect(await source.records(busiest, own[0]!.n, 2)).toEqual(own.slice(1, 3));
  expect(await source.records('upload/none', 0, 5)).toEqual([]);
});

it('has no way to send, and follows nothing', () => {
  expect(source.sender).toBeNull();
  expect(source.exportLink).toBeNull();
  source.follow(0, { records: () => expect.fail('a saved log told news') })();
});

it('says what it is worth, also when its machines are others or it does not replay', () => {
  const good = tell(bundle);
  expect(good.checks.every(({ ok }) => ok)).toBe(true);
  expect(JSON.stringify(good.parts)).toContain('link: failed');
  const others = tell({
    ...bundle,
    machines: bundle.machines.map((machine) => ({ ...machine, timers: ['other'] })),
  });
  expect(others.checks.find(({ ok }) => !ok)?.text).toContain('other machines');
  const cut = tell({
    ...bundle,
    end: undefined,
    replay: { ...bundle.replay, replays: false, problems: ['P.'] },
  });
  expect(cut.checks.filter(({ ok }) => !ok).map(({ text }) => text)).toEqual([
    expect.stringContaining(': no'),
    'the file was cut off',
  ]);
  expect(JSON.stringify(cut.parts as unknown as Json)).toContain('P.');
});

// A voyage that went wrong, as a file to look at: the yacht's log from its fake disk, in the same bundle that `tender bundle`
// writes, opened with a double-click. Names are shown: they are made up.
import { open } from 'node:fs/promises';
import { nodeClock } from '../../agent/adapters/node-clock.ts';
import { writeHtml } from '../../agent/bundle/html.ts';
import { makeBundle } from '../../agent/bundle/make.ts';
import { offlineSource } from '../../agent/bundle/offline-source.ts';
import { pageTemplate } from '../../agent/cli/saved/page-template.ts';
import { openOfflineLog } from '../../agent/daemon/offline-log.ts';
import type { KeyRange, KeyValue } from '../../agent/ports.ts';
import type { JsonObject } from '../../machines/json.ts';
import { total } from './report.ts';
import { runVoyage, type VoyageOptions } from './voyage.ts';
import type { World } from './world.ts';

/** Runs the seed again, which goes exactly as before, and writes what its disk holds at the end. */
export async function saveVoyage(
  seed: number,
  options: Pick<VoyageOptions, 'plant'>,
  path: string,
): Promise<World> {
  let seen: World | undefined;
  await runVoyage(seed, {
    ...options,
    atEnd: async (world) => {
      seen = world;
      await saveWorld(seed, options.plant ?? null, world, path);
    },
  });
  return seen as World;
}

async function saveWorld(seed: number, plant: string | null, world: World, path: string): Promise<void> {
  const template = await pageTemplate();
  const log = await openOfflineLog({ open: async () => snapshot(world), marked: async () => undefined });
  const file = await open(path, 'w');
  try {
    const html = await writeHtml(template, async (text) => {
      await file.write(text);
    });
    await makeBundle({
      source: offlineSource(log, nodeClock()),
      from: log.oldest,
      reveal: 'everything',
      salt: new Uint8Array(32),
      madeMs: log.at,
      versions: { simulator: true, seed, plant, node: process.version },
      status: voyageJson(seed, world),
      notes: notesOf(seed, world),
      write: html.line,
    });
    await html.end();
  } finally {
    await file.close();
    await log.close();
  }
}

function notesOf(seed: number, { report, timeline }: World): string[] {
  const ended = `Voyage ${seed} of the simulator, ${Math.round(timeline.now / 1000)} virtual seconds.`;
  return report.violation
    ? [ended, `Broken: ${report.violation.rule}: ${report.violation.detail}`]
    : [ended, 'No rule was broken.'];
}

function voyageJson(seed: number, { report, plan }: World): JsonObject {
  return {
    seed,
    plan: JSON.parse(JSON.stringify(plan)) as JsonObject,
    violation: report.violation ? { ...report.violation } : null,
    faults: Object.fromEntries(report.faults),
    crashes: Object.fromEntries(report.crashes),
    faultsInAll: total(report.faults),
  };
}

/** The disk as a reader finds it now, in a view that does not change any more. */
function snapshot({ disk }: World): KeyValue {
  const rows = disk.entries();
  const values = new Map(rows);
  const inside = (key: string, { gt, gte, lt, lte }: KeyRange) =>
    (gt === undefined || key > gt) &&
    (gte === undefined || key >= gte) &&
    (lt === undefined || key < lt) &&
    (lte === undefined || key <= lte);
  return {
    get: async (key) => values.get(key),
    batch: async () => {
      throw new Error('a saved voyage is only read');
    },
    async *iterate(range) {
      const found = rows.filter(([key]) => inside(key, range));
      if (range.reverse) found.reverse();
      yield* found.slice(0, range.limit ?? found.length);
    },
    close: async () => {},
  };
}

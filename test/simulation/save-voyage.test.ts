// A broken voyage, saved as a page: it replays, and ends where the simulator says it ended.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openBundleLog } from '../../agent/cli/saved/bundle-log.ts';
import { digest } from '../../machines/kernel.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { type PlantName, plantNames } from './plants.ts';
import { saveVoyage } from './save-voyage.ts';
import { runVoyage } from './voyage.ts';

it.each(plantNames)(
  'the page of a voyage broken by %s ends in the simulator’s states',
  async (plant) => {
    let seed = 1;
    // plants.test.ts holds that each is caught by then.
    while (seed < 400 && !(await runVoyage(seed, { plant })).violation) seed++;
    const { world, seen } = await savedAndCompared(seed, { plant });
    expect(world.report.violation).toBeDefined();
    expect(seen.notes.join(' ')).toContain(world.report.violation!.rule);
  },
  240_000,
);

it('the page of a whole voyage holds every actor as the simulator knows it', async () => {
  const { world } = await savedAndCompared(7, {});
  expect(world.report.violation).toBeUndefined();
  expect(world.log.cells.size).toBeGreaterThan(5);
});

async function savedAndCompared(seed: number, options: { readonly plant?: PlantName }) {
  const path = join(await temporaryDirectory(), `tender-${seed}.html`);
  const world = await saveVoyage(seed, options, path);
  const { seen, source } = await openBundleLog(path);
  expect(seen).toMatchObject({
    whole: true,
    replay: { replays: true },
    chain: { holds: true, checked: 'here' },
    header: { redacted: 'nothing' },
  });
  for (const [actor, cell] of world.log.cells) {
    const saved = await source.base(actor, cell.n);
    expect(saved && { value: saved.cell.value, digest: digest(saved.cell) }, actor).toEqual({
      value: cell.value,
      digest: digest(cell),
    });
  }
  return { world, seen };
}

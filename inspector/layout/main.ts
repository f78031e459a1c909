// Writes inspector/chart/layouts.json: `npm run docs`. With `--check` it writes nothing and ends with 1 when the file is not
// what the machines say.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from '../../machines/describe.ts';
import { registry } from '../../machines/registry.ts';
import { type PackedLayouts, pack } from '../chart/pack.ts';
import type { Layouts, MachineLayout } from '../chart/picture.ts';
import { picturesOf } from './pictures.ts';

// From the sources and from dist/ alike: both keep the folders' order.
const path = join(import.meta.dirname, '..', 'chart', 'layouts.json');

/** One picture per line: small, and a change of one machine shows as such. */
export function textOf(layouts: PackedLayouts): string {
  const machines = Object.entries(layouts).map(([kind, { pictures, ...rest }]) => {
    const lines = pictures.map((picture) => JSON.stringify(picture)).join(',\n');
    return `${JSON.stringify(kind)}:${JSON.stringify(rest).slice(0, -1)},"pictures":[\n${lines}\n]}`;
  });
  return `{${machines.join(',\n')}}\n`;
}

export async function layoutsNow(): Promise<Layouts> {
  const layouts: { [kind: string]: MachineLayout } = {};
  for (const definition of Object.values(registry))
    layouts[definition.kind] = await picturesOf(describe(definition));
  return layouts;
}

if (import.meta.main) {
  const text = textOf(pack(await layoutsNow()));
  if (!process.argv.includes('--check')) writeFileSync(path, text);
  else if (readFileSync(path, 'utf8') !== text) {
    console.error('inspector/chart/layouts.json is not what the machines say: run `npm run docs`');
    process.exitCode = 1;
  }
}

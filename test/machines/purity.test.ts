// machines/ must run in a browser, in the simulator and in a replay, and give the same answer everywhere: nothing in it may
// reach for time, chance or the world. Checked from both sides: what it imports, and what happens when the globals are gone.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { digest } from '../../machines/kernel.ts';
import { registry } from '../../machines/registry.ts';
import { foldRecord } from '../../machines/replay.ts';
import { FakeRandom } from '../support/fake-random.ts';
import { randomHistory } from './history.ts';
import { walk } from './walk.ts';

const folder = join(import.meta.dirname, '..', '..', 'machines');
const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));

/** Every module a file names in an import, export-from or dynamic import. */
function importsOf(path: string): string[] {
  const code = readFileSync(path, 'utf8');
  return [...code.matchAll(/(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)].map((match) => match[1] as string);
}

describe('what machines/ imports', () => {
  it('is xstate and itself, through every file reachable', () => {
    const seen = new Set<string>();
    const strangers: string[] = [];
    const visit = (path: string): void => {
      if (seen.has(path)) return;
      seen.add(path);
      for (const name of importsOf(path)) {
        if (name === 'xstate') continue;
        const target = resolve(dirname(path), name);
        if (name.startsWith('./') && dirname(target) === folder) visit(target);
        else strangers.push(`${path}: ${name}`);
      }
    };
    for (const file of files) visit(join(folder, file));
    expect(strangers).toEqual([]);
    expect(seen.size).toBe(files.length);
  });

  it.each(files)('%s names no clock, chance, timer, process or network', (file) => {
    const code = readFileSync(join(folder, file), 'utf8').replaceAll(/\/\/.*|\/\*[\s\S]*?\*\//g, '');
    const forbidden =
      /\b(Date|Math\.random|setTimeout|setInterval|setImmediate|queueMicrotask|performance|process|fetch|crypto|globalThis|console|Intl)\b/;
    expect(forbidden.exec(code)?.[0]).toBeUndefined();
  });
});

describe('with the globals of time, chance and world taken away', () => {
  const taken = [
    'Date',
    'setTimeout',
    'setInterval',
    'setImmediate',
    'queueMicrotask',
    'performance',
    'fetch',
    'crypto',
    'process',
    'console',
  ];
  const originals = Object.getOwnPropertyDescriptors(globalThis) as Record<string, PropertyDescriptor>;
  const random = Math.random;
  const restore = () => {
    for (const name of taken) Object.defineProperty(globalThis, name, originals[name] as PropertyDescriptor);
    Math.random = random;
  };
  afterEach(restore);

  it.each(Object.keys(registry))('%s steps, digests and replays just the same', (kind) => {
    const run = () => {
      const digests: number[] = [];
      walk(kind, new FakeRandom(41, kind), 500, ({ before }) => digests.push(digest(before)));
      for (const history of [randomHistory(kind, new FakeRandom(42, kind), 50)]) {
        let cell: ReturnType<typeof foldRecord> | undefined;
        for (const record of history) cell = foldRecord(cell, record);
        if (cell) digests.push(digest(cell));
      }
      return digests;
    };
    const before = run();
    const missed: string[] = [];
    const gone = (name: string) => () => {
      missed.push(name);
      throw new Error(`${name} was reached for`);
    };
    for (const name of taken)
      Object.defineProperty(globalThis, name, { configurable: true, get: gone(name) });
    Math.random = gone('Math.random');
    let without: number[] = [];
    try {
      without = run();
    } finally {
      restore();
    }
    expect(missed).toEqual([]);
    expect(without).toEqual(before);
  });
});

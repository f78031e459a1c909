import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generated } from '../generate-docs.ts';

const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'machines.md'), 'utf8');
const titles = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => readFileSync(join(import.meta.dirname, name), 'utf8'))
  .join('\n');

describe('docs/machines.md', () => {
  it('shows the machines as they are', () => {
    expect(generated(text) === text, 'run `npm run docs` and commit docs/machines.md').toBe(true);
  });

  it('notices a part that is not what the machines say', () => {
    const stale = text.replace('    [*] --> ', '').replace('| `sending` |', '| `flying` |');
    expect(stale).not.toBe(text);
    expect(generated(stale)).toBe(text);
  });

  it('names each invariant that a test names, and the other way round', () => {
    const written = [...text.matchAll(/^- \*\*([KUCB][0-9]+)\*\* /gm)].map((match) => match[1]);
    const tested = new Set([...titles.matchAll(/['`]([KUCB][0-9]+): /g)].map((match) => match[1]));
    expect(written.length).toBe(new Set(written).size);
    expect([...written].sort()).toEqual([...tested].sort());
  });
});

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cases } from '../bench/link/cases.ts';
import { seededBytes, sha256Of, writePayload } from '../bench/link/payload.ts';
import { insertInto } from '../bench/link/runners/delta.ts';
import { documentSizes } from '../bench/link/runners/documents.ts';
import { temporaryDirectory } from '../support/temporary.ts';

describe('what travels in the bench', () => {
  test('the same seed gives the same bytes, another seed others', () => {
    expect(sha256Of(seededBytes(1_000, '1'))).toBe(sha256Of(seededBytes(1_000, '1')));
    expect(sha256Of(seededBytes(1_000, '1'))).not.toBe(sha256Of(seededBytes(1_000, '2')));
  });

  test('a file hashes to what was told when it was written', async () => {
    const path = join(await temporaryDirectory(), 'payload.bin');
    expect(await writePayload(path, 100_000, '1')).toBe(sha256Of(await readFile(path)));
  });

  test('a file with a hole is as long as it says and takes no more disk than was filled', async () => {
    const path = join(await temporaryDirectory(), 'large.bin');
    await writePayload(path, 5e9, '1', 100_000);
    const { size, blocks } = await stat(path);
    expect(size).toBe(5e9);
    expect(blocks * 512).toBeLessThan(1e6);
  });

  test('bytes are inserted where they belong and nothing else changes', async () => {
    const folder = await temporaryDirectory();
    const [from, to] = [join(folder, 'from'), join(folder, 'to')];
    await writePayload(from, 30_000, '1');
    const inserted = seededBytes(100, 'inserted');
    const told = await insertInto(from, to, 10_000, inserted);
    const [old, changed] = [await readFile(from), await readFile(to)];
    expect(changed).toEqual(Buffer.concat([old.subarray(0, 10_000), inserted, old.subarray(10_000)]));
    expect(told).toBe(sha256Of(changed));
  });

  test('documents are of every size between the least and the most', () => {
    const sizes = documentSizes(cases.documents);
    expect(sizes).toHaveLength(50);
    expect(Math.min(...sizes)).toBe(100_000);
    expect(Math.max(...sizes)).toBe(300_000);
    expect(new Set(sizes).size).toBe(50);
    expect(new Set(documentSizes(cases.small))).toEqual(new Set([4_000]));
  });
});

// The spool's promise: "queued" is said only of bytes that survive a power cut, and a refusal leaves nothing behind.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { nodeFiles } from '../../agent/adapters/node-files.ts';
import { releaseSource } from '../../agent/effects/release-source.ts';
import { createSpool, type SpoolLimits } from '../../agent/files/spool.ts';
import type { Files, FileWriter } from '../../agent/ports.ts';
import { mintUlid } from '../../cloud/contract/ids.ts';
import { pseudoRandom } from './support/content.ts';
import { fileError, openDescriptors, type TestFolder, testFolder } from './support/folder.ts';

const id = (n: number) => mintUlid(n, new Uint8Array(10).fill(n));
const about = { name: { b64: '/w==' }, priority: 2, addedMs: 5 } as const;
const content = pseudoRandom(1_000_000, 1);

async function* stream(bytes: Uint8Array, pieceBytes = 64_000): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

function spoolIn(folder: TestFolder, limits: Partial<SpoolLimits> = {}, files: Files = nodeFiles()) {
  return createSpool({ files, directory: Buffer.from(folder.spool), limits: { freeMinBytes: 0, ...limits } });
}

/** Writes down the order of what reaches the disk. */
function recording(order: string[], fail: (step: string) => void = () => {}): Files {
  const files = nodeFiles();
  const note = (step: string) => {
    fail(step);
    order.push(step);
  };
  const nameOf = (path: Uint8Array) => Buffer.from(path).toString().split('.').at(-1)!;
  return {
    ...files,
    async create(path): Promise<FileWriter> {
      note(`create ${nameOf(path)}`);
      const writer = await files.create(path);
      return {
        async write(bytes) {
          note(`write ${nameOf(path)}`);
          await writer.write(bytes);
        },
        async sync() {
          note(`sync ${nameOf(path)}`);
          await writer.sync();
        },
        close: () => writer.close(),
      };
    },
    async rename(from, to) {
      note(`rename ${nameOf(from)} ${nameOf(to)}`);
      await files.rename(from, to);
    },
    async syncDirectory(path) {
      note('sync directory');
      await files.syncDirectory(path);
    },
  };
}

describe('receiving', () => {
  test.each([0, 1, 1_000_000])('%i bytes are kept exactly', async (length) => {
    const folder = testFolder();
    const spool = spoolIn(folder);
    const spooled = await spool.receive(id(1), about, stream(content.subarray(0, length)));
    expect(spooled).toEqual({ uploadId: id(1), spool: `${id(1)}.bytes`, sizeBytes: length, about });
    expect(readFileSync(`${folder.spool}/${spooled.spool}`).equals(content.subarray(0, length))).toBe(true);
    expect(spool.usedBytes()).toBe(length);
    expect(openDescriptors(folder.root)).toEqual([]);
  });

  test('order: bytes synced, note synced, then the name, then the directory: nothing is named before it is on the disk', async () => {
    const order: string[] = [];
    await spoolIn(testFolder(), {}, recording(order)).receive(id(1), about, stream(content.subarray(0, 10)));
    expect(order).toEqual([
      'create part',
      'write part',
      'sync part',
      'create about',
      'write about',
      'sync about',
      'rename part bytes',
      'sync directory',
    ]);
  });

  test('beyond the limit: refused in words, at once when the length is declared, else when it is reached; nothing stays', async () => {
    const folder = testFolder();
    const spool = spoolIn(folder, { spoolMaxBytes: 1_500_000 });
    await spool.receive(id(1), about, stream(content));
    let asked = 0;
    async function* counted() {
      asked += 1;
      yield* stream(content);
    }
    await expect(spool.receive(id(2), about, counted(), content.length)).rejects.toMatchObject({
      code: 'TENDER_SPOOL_FULL',
    });
    expect(asked).toBe(0);
    await expect(spool.receive(id(3), about, counted())).rejects.toMatchObject({ code: 'TENDER_SPOOL_FULL' });
    expect(readdirSync(folder.spool).sort()).toEqual([`${id(1)}.about`, `${id(1)}.bytes`]);
    expect(spool.usedBytes()).toBe(1_000_000);
    await spool.remove(`${id(1)}.bytes`);
    await spool.receive(id(4), about, stream(content), content.length);
  });

  test('two at once cannot overfill it together', async () => {
    const spool = spoolIn(testFolder(), { spoolMaxBytes: 1_500_000 });
    let most = 0;
    async function* watched() {
      for await (const piece of stream(content)) {
        most = Math.max(most, spool.usedBytes());
        yield piece;
      }
    }
    const both = await Promise.allSettled([
      spool.receive(id(1), about, watched()),
      spool.receive(id(2), about, watched()),
    ]);
    const kept = both.filter(({ status }) => status === 'fulfilled').length;
    expect(kept).toBeLessThan(2);
    expect(most).toBeGreaterThan(1_000_000);
    expect(most).toBeLessThanOrEqual(1_500_000);
    expect(spool.usedBytes()).toBe(kept * content.length);
  });

  test('a disk that is nearly full is refused before and while receiving', async () => {
    const folder = testFolder();
    let free = 10_000_000;
    const files: Files = { ...nodeFiles(), freeBytes: async () => free };
    const limits = { freeMinBytes: 9_500_000, freeCheckEveryBytes: 100_000 };
    const spool = spoolIn(folder, limits, files);
    await expect(spool.receive(id(1), about, stream(content), 600_000)).rejects.toMatchObject({
      code: 'TENDER_DISK_FULL',
    });
    async function* whileOthersWrite() {
      for await (const piece of stream(content)) {
        yield piece;
        free -= 200_000;
      }
    }
    await expect(spool.receive(id(2), about, whileOthersWrite())).rejects.toMatchObject({
      code: 'TENDER_DISK_FULL',
    });
    expect(readdirSync(folder.spool)).toEqual([]);
    expect(spool.usedBytes()).toBe(0);
  });

  test.each([
    ['write part', 'ENOSPC', 'TENDER_DISK_FULL'],
    ['sync part', 'EIO', 'TENDER_SPOOL_WRITE_FAILED'],
    ['sync about', 'ENOSPC', 'TENDER_DISK_FULL'],
    ['rename part bytes', 'EIO', 'TENDER_SPOOL_WRITE_FAILED'],
    ['sync directory', 'EIO', 'TENDER_SPOOL_WRITE_FAILED'],
  ])('when "%s" fails with %s nothing is promised and nothing stays', async (step, errno, code) => {
    const folder = testFolder();
    const files = recording([], (now) => {
      if (now === step) throw fileError(errno);
    });
    const spool = spoolIn(folder, {}, files);
    await expect(spool.receive(id(1), about, stream(content))).rejects.toMatchObject({ code });
    expect(readdirSync(folder.spool)).toEqual([]);
    expect(openDescriptors(folder.root)).toEqual([]);
  });

  test('a sender that breaks off gets its own error, and nothing stays', async () => {
    const folder = testFolder();
    async function* broken() {
      yield content.subarray(0, 1_000);
      throw fileError('ECONNRESET');
    }
    await expect(spoolIn(folder).receive(id(1), about, broken())).rejects.toMatchObject({
      code: 'ECONNRESET',
    });
    expect(readdirSync(folder.spool)).toEqual([]);
  });
});

describe('sweeping at the start', () => {
  test('what never arrived is removed, what is queued is counted, what no upload knows is handed out with its name', async () => {
    const folder = testFolder();
    const before = spoolIn(folder);
    await before.receive(id(1), about, stream(content));
    await before.receive(id(2), about, stream(content.subarray(0, 500)));
    writeFileSync(`${folder.spool}/${id(3)}.part`, 'half');
    writeFileSync(`${folder.spool}/${id(4)}.about`, '{}');
    writeFileSync(`${folder.spool}/README`, 'not ours');
    const spool = spoolIn(folder);
    const { orphans, removed } = await spool.sweep(async (uploadId) => uploadId === id(1));
    expect(orphans).toEqual([{ uploadId: id(2), spool: `${id(2)}.bytes`, sizeBytes: 500, about }]);
    expect(removed).toBe(2);
    expect(spool.usedBytes()).toBe(1_000_500);
    expect(readdirSync(folder.spool)).toContain('README');
  });

  test('bytes without a readable note were never promised: they are removed', async () => {
    const folder = testFolder();
    writeFileSync(`${folder.spool}/${id(1)}.bytes`, 'x');
    writeFileSync(`${folder.spool}/${id(2)}.bytes`, 'x');
    writeFileSync(`${folder.spool}/${id(2)}.about`, '{"name":"x","priority":11');
    const { orphans, removed } = await spoolIn(folder).sweep(async () => false);
    expect(orphans).toEqual([]);
    expect(removed).toBeGreaterThanOrEqual(2);
    expect(readdirSync(folder.spool).filter((name) => name.endsWith('.bytes'))).toEqual([]);
  });

  test('a kill after any step leaves either nothing after the sweep, or the whole document', async () => {
    const steps: string[] = [];
    await spoolIn(testFolder(), {}, recording(steps)).receive(id(1), about, stream(content, 400_000));
    for (let kill = 0; kill <= steps.length; kill++) {
      const folder = testFolder();
      let step = 0;
      let dead = false;
      const files = recording([], () => {
        if (step++ >= kill) dead = true;
        if (dead) throw fileError('EIO');
      });
      // A killed process cleans nothing up either.
      const mortal: Files = { ...files, remove: async () => {} };
      await spoolIn(folder, {}, mortal)
        .receive(id(1), about, stream(content, 400_000))
        .catch(() => {});
      const { orphans } = await spoolIn(folder).sweep(async () => false);
      const left = readdirSync(folder.spool);
      if (orphans.length === 0) expect(left, `killed at ${kill}`).toEqual([]);
      else {
        const digest = createHash('sha256')
          .update(readFileSync(`${folder.spool}/${orphans[0]!.spool}`))
          .digest('hex');
        expect(digest).toBe(createHash('sha256').update(content).digest('hex'));
        expect(orphans[0]).toMatchObject({ sizeBytes: content.length, about });
      }
      expect(orphans.length, `killed at ${kill}`).toBe(
        kill >= steps.indexOf('rename part bytes') + 1 ? 1 : 0,
      );
    }
  });
});

describe('releasing', () => {
  const request = (source: object) => ({
    id: 'log/upload/x/1.0',
    actor: 'upload/x',
    type: 'releaseSource',
    params: { source: source as never },
    signal: new AbortController().signal,
    progress: () => {},
    checkpoint: () => {},
  });

  test('spooled bytes go, and going twice is the same as once; a watched file is never touched', async () => {
    const folder = testFolder();
    const spool = spoolIn(folder);
    const { spool: file } = await spool.receive(id(1), about, stream(content));
    const release = releaseSource(spool);
    for (let times = 0; times < 2; times++)
      expect(await release(request({ kind: 'spooled', spool: file, sizeBytes: 1 }))).toEqual({
        type: 'source.released',
      });
    expect(readdirSync(folder.spool)).toEqual([]);
    expect(spool.usedBytes()).toBe(0);
    writeFileSync(folder.at('a.txt'), 'mine');
    await release(request({ kind: 'watched', folder: 'papers', path: 'a.txt' }));
    expect(readFileSync(folder.at('a.txt'), 'utf8')).toBe('mine');
  });
});

// The reader's promises: exactly the file's bytes, or a clear word that there is no such file any more. Real files, with
// a word in between where the file must change at a chosen moment.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nodeFiles } from '../../agent/adapters/node-files.ts';
import { ChunkMap } from '../../agent/files/chunk-map.ts';
import { chunkMaxBytes, chunkMinBytes } from '../../agent/files/chunker.ts';
import { type DocumentReader, openDocument, type ReadStep } from '../../agent/files/document-reader.ts';
import type { Source } from '../../agent/files/source.ts';
import { failureOf, sourceEvent } from '../../agent/files/source-failure.ts';
import type { FileStat, Files } from '../../agent/ports.ts';
import { type Name, nameFromBytes } from '../../cloud/contract/name.ts';
import { cutAll, pseudoRandom } from './support/content.ts';
import {
  fileError,
  meddledFiles,
  nextFileTime,
  openDescriptors,
  type TestFolder,
  testFolder,
} from './support/folder.ts';

type Last = Exclude<ReadStep, { chunk: unknown }>;

function open(
  folder: TestFolder,
  path: Name,
  files: Files = nodeFiles(),
  settled?: FileStat,
): DocumentReader {
  return openDocument(files, folder.roots, { kind: 'watched', folder: 'papers', path }, settled);
}

/** Reads to the end and closes; `keep` decides whether the bytes are put together. */
async function readAll(reader: DocumentReader): Promise<{ bytes: Buffer; offsets: number[]; last: Last }> {
  const pieces: Uint8Array[] = [];
  const offsets: number[] = [];
  try {
    for (;;) {
      const step = await reader.next();
      if (!('chunk' in step)) return { bytes: Buffer.concat(pieces), offsets, last: step };
      const { index, bytes, id, offset } = step.chunk;
      expect(index).toBe(pieces.length);
      expect(Buffer.from(id).equals(sha(bytes))).toBe(true);
      pieces.push(Uint8Array.from(bytes));
      offsets.push(offset);
      reader.release(index);
    }
  } finally {
    await reader.close();
  }
}

const sha = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

function failureCode(last: Last): string | undefined {
  return 'failed' in last ? last.failed.code : undefined;
}

describe('a file that holds still', () => {
  test.each([
    0,
    1,
    chunkMinBytes,
    chunkMinBytes + 1,
    chunkMaxBytes - 1,
    chunkMaxBytes,
    chunkMaxBytes + 1,
    3_000_000,
  ])('of %i bytes is read exactly: bytes, length, number of chunks and SHA-256', async (length) => {
    const folder = testFolder();
    const content = pseudoRandom(length, 7);
    writeFileSync(folder.at('a.bin'), content);
    const { bytes, last, offsets } = await readAll(open(folder, 'a.bin'));
    expect(bytes.equals(content)).toBe(true);
    const cuts = cutAll(content);
    expect(last).toEqual({ end: { lengthBytes: length, sha256: sha(content), chunks: cuts.length } });
    expect(offsets).toEqual([0, ...cuts.slice(0, -1)].slice(0, cuts.length));
    expect(openDescriptors(folder.root)).toEqual([]);
  });

  test('is cut in the same places however short the reads are', async () => {
    const folder = testFolder();
    const content = pseudoRandom(2_500_000, 8);
    writeFileSync(folder.at('a.bin'), content);
    const cuts = cutAll(content);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1_000, max: 900_000 }), { minLength: 1, maxLength: 8 }),
        async (sizes) => {
          let turn = 0;
          const files = meddledFiles({ readMaxBytes: () => sizes[turn++ % sizes.length]! });
          const { offsets, last } = await readAll(open(folder, 'a.bin', files));
          expect(offsets).toEqual([0, ...cuts.slice(0, -1)]);
          expect(last).toHaveProperty('end');
        },
      ),
      { numRuns: 15 },
    );
  });

  test('gives any chunk again, checked, also after newer ones and after the end', async () => {
    const folder = testFolder();
    const content = pseudoRandom(1_500_000, 9);
    writeFileSync(folder.at('a.bin'), content);
    const reader = open(folder, 'a.bin');
    const cuts = cutAll(content);
    for (let i = 0; i <= cuts.length; i++) await reader.next();
    for (const index of [0, cuts.length - 1, 3, 0]) {
      const expected = content.subarray(cuts[index - 1] ?? 0, cuts[index]);
      expect(await reader.again(index)).toEqual(expected);
    }
    await expect(reader.again(cuts.length)).rejects.toThrow(RangeError);
    await reader.close();
  });

  test('bytes stay untouched until they are released, however far the reader is', async () => {
    const folder = testFolder();
    const content = pseudoRandom(5_000_000, 10);
    writeFileSync(folder.at('a.bin'), content);
    const reader = open(folder, 'a.bin');
    const held: Uint8Array[] = [];
    for (;;) {
      const step = await reader.next();
      if (!('chunk' in step)) break;
      held.push(step.chunk.bytes);
    }
    expect(Buffer.concat(held).equals(content)).toBe(true);
    await reader.close();
  });

  test('released buffers are used again: reading holds no more than one longest chunk', async () => {
    const folder = testFolder();
    writeFileSync(folder.at('a.bin'), pseudoRandom(5_000_000, 11));
    const reader = open(folder, 'a.bin');
    const buffers = new Set<ArrayBufferLike>();
    for (;;) {
      const step = await reader.next();
      if (!('chunk' in step)) break;
      buffers.add(step.chunk.bytes.buffer);
      reader.release(step.chunk.index);
    }
    expect(buffers.size).toBe(1);
    await reader.close();
  });

  test('after its end, the end is said again', async () => {
    const folder = testFolder();
    writeFileSync(folder.at('a.bin'), 'hello');
    const reader = open(folder, 'a.bin');
    await reader.next();
    const end = await reader.next();
    expect(end).toHaveProperty('end');
    expect(await reader.next()).toBe(end);
    await reader.close();
  });
});

/** Real files, but the first `holeBytes` are known to be a hole: zeros, without the page cache filling with them. */
function hollow(holeBytes: number): Files {
  const files = nodeFiles();
  return {
    ...files,
    async open(path) {
      const handle = await files.open(path);
      return {
        ...handle,
        async read(target, offset, length, position) {
          if (position >= holeBytes) return handle.read(target, offset, length, position);
          const count = Math.min(length, holeBytes - position);
          target.fill(0, offset, offset + count);
          return count;
        },
      };
    },
  };
}

describe('huge files', () => {
  test('a sparse file beyond 4 GiB is read to its last byte; offsets do not wrap', async () => {
    const folder = testFolder();
    const size = 2 ** 32 + 12_345;
    writeFileSync(folder.at('sparse.bin'), '');
    truncateSync(folder.at('sparse.bin'), size);
    const target = openSync(folder.at('sparse.bin'), 'r+');
    writeSync(target, 'end', size - 3);
    closeSync(target);
    const reader = open(folder, 'sparse.bin', hollow(size - chunkMaxBytes));
    let total = 0;
    let tail = new Uint8Array(0);
    for (;;) {
      const step = await reader.next();
      if (!('chunk' in step)) {
        expect(step).toMatchObject({ end: { lengthBytes: size } });
        break;
      }
      if (step.chunk.offset !== total) expect(step.chunk.offset).toBe(total);
      total += step.chunk.bytes.length;
      if (total === size) tail = step.chunk.bytes.slice(-3);
      reader.release(step.chunk.index);
    }
    expect(total).toBe(size);
    expect(Buffer.from(tail).toString()).toBe('end');
    await reader.close();
  });

  test('a chunk whose place was forgotten is cut again from its block and checked', async () => {
    const folder = testFolder();
    const content = pseudoRandom(6_000_000, 13);
    writeFileSync(folder.at('a.bin'), content);
    const cuts = cutAll(content);
    const source: Source = { kind: 'watched', folder: 'papers', path: 'a.bin' };
    const reader = openDocument(nodeFiles(), folder.roots, source, undefined, new ChunkMap(8, 2));
    for (let i = 0; i <= cuts.length; i++) await reader.next();
    for (const index of [0, 7, 8, 30, cuts.length - 1, 1]) {
      expect(await reader.again(index)).toEqual(content.subarray(cuts[index - 1] ?? 0, cuts[index]));
    }
    writeFileSync(folder.at('a.bin'), pseudoRandom(6_000_000, 14));
    expect(await reader.again(17)).toBeUndefined();
    await reader.close();
  });
});

describe('a file that does not hold still', () => {
  const content = pseudoRandom(1_400_000, 12);
  const chunks = cutAll(content).length;
  const places = Array.from({ length: chunks + 1 }, (_, i) => i);

  /** Reads, changes the file before step `k`, and answers the last step. Nothing stays open. */
  async function lastStep(k: number, change: (path: string) => void): Promise<Last> {
    const folder = testFolder();
    const path = folder.at('a.bin');
    writeFileSync(path, content);
    nextFileTime(folder);
    const reader = open(folder, 'a.bin');
    try {
      for (let i = 0; ; i++) {
        if (i === k) change(path);
        const step = await reader.next();
        if (!('chunk' in step)) return step;
        reader.release(step.chunk.index);
      }
    } finally {
      await reader.close();
      expect(openDescriptors(folder.root)).toEqual([]);
    }
  }

  // Before step 0 nothing was opened yet: then the new state is simply what is read.
  const opened = places.slice(1);

  test.each(opened)('grown before step %i: changed, never spliced', async (k) => {
    expect(await lastStep(k, (path) => appendFileSync(path, 'more'))).toEqual({ changed: true });
  });

  test.each(opened)('truncated before step %i: changed', async (k) => {
    expect(await lastStep(k, (path) => truncateSync(path, 100))).toEqual({ changed: true });
  });

  test.each(opened)('other bytes, same length, time set back, before step %i: changed', async (k) => {
    const rewrite = (path: string) => {
      const { atime, mtime } = statSync(path);
      writeFileSync(path, pseudoRandom(content.length, 99));
      utimesSync(path, atime, mtime);
    };
    expect(await lastStep(k, rewrite)).toEqual({ changed: true });
  });

  test.each(opened)('replaced by rename before step %i: changed', async (k) => {
    const replace = (path: string) => {
      writeFileSync(`${path}.new`, content);
      renameSync(`${path}.new`, path);
    };
    expect(await lastStep(k, replace)).toEqual({ changed: true });
  });

  test.each(opened)('deleted before step %i: vanished, because it may come back as it was', async (k) => {
    expect(failureCode(await lastStep(k, unlinkSync))).toBe('TENDER_SOURCE_VANISHED');
  });

  test('changed before its opening is simply read as it is; with what had settled in hand it is changed', async () => {
    expect(await lastStep(0, (path) => appendFileSync(path, 'more'))).toHaveProperty('end');
    const folder = testFolder();
    writeFileSync(folder.at('a.bin'), content);
    const settled = await nodeFiles().stat(Buffer.from(folder.at('a.bin')));
    expect((await readAll(open(folder, 'a.bin', nodeFiles(), settled))).last).toHaveProperty('end');
    appendFileSync(folder.at('a.bin'), 'more');
    expect((await readAll(open(folder, 'a.bin', nodeFiles(), settled))).last).toEqual({ changed: true });
  });

  test('an earlier chunk whose bytes are no longer there is not given again', async () => {
    const folder = testFolder();
    writeFileSync(folder.at('a.bin'), content);
    const reader = open(folder, 'a.bin');
    await reader.next();
    writeFileSync(folder.at('a.bin'), pseudoRandom(content.length, 98));
    expect(await reader.again(0)).toBeUndefined();
    expect(await reader.next()).toEqual({ changed: true });
    truncateSync(folder.at('a.bin'), 10);
    expect(await reader.again(0)).toBeUndefined();
    unlinkSync(folder.at('a.bin'));
    expect(await reader.again(0)).toBeUndefined();
    expect(failureCode((await reader.next()) as Last)).toBe('TENDER_SOURCE_VANISHED');
    await reader.close();
  });

  test('spooled bytes that changed are damage, not a newer version: nothing may be given up for them', async () => {
    const folder = testFolder();
    writeFileSync(`${folder.spool}/a.bytes`, content);
    const source: Source = { kind: 'spooled', spool: 'a.bytes', sizeBytes: content.length };
    const reader = openDocument(nodeFiles(), folder.roots, source);
    await reader.next();
    appendFileSync(`${folder.spool}/a.bytes`, 'x');
    let step = await reader.next();
    while ('chunk' in step) step = await reader.next();
    expect(failureCode(step)).toBe('TENDER_SPOOL_DAMAGED');
    await reader.close();
  });
});

describe('what cannot be read', () => {
  test('a file that is not there has vanished; so has one below a directory that became a file', async () => {
    const folder = testFolder();
    writeFileSync(folder.at('file'), 'x');
    for (const path of ['none', 'file/below'])
      expect(['TENDER_SOURCE_VANISHED', 'TENDER_SOURCE_NOT_A_FILE']).toContain(
        failureCode((await readAll(open(folder, path))).last),
      );
  });

  test('links, pipes, sockets’ kin and directories are refused at once: a pipe without a writer does not hang', async () => {
    const folder = testFolder();
    writeFileSync(folder.at('real'), 'secret');
    symlinkSync(folder.at('real'), folder.at('link'));
    execFileSync('mkfifo', [folder.at('pipe')]);
    mkdirSync(folder.at('directory'));
    for (const path of ['link', 'pipe', 'directory'])
      expect(failureCode((await readAll(open(folder, path))).last), path).toBe('TENDER_SOURCE_NOT_A_FILE');
    expect(openDescriptors(folder.root)).toEqual([]);
  });

  test('a directory on the way that became a link leads nowhere, also to a file of the same name', async () => {
    const folder = testFolder();
    mkdirSync(`${folder.root}/elsewhere`);
    writeFileSync(`${folder.root}/elsewhere/a.bin`, 'secret');
    symlinkSync(`${folder.root}/elsewhere`, folder.at('inner'));
    expect(failureCode((await readAll(open(folder, 'inner/a.bin'))).last)).toBe('TENDER_SOURCE_NOT_A_FILE');
  });

  test.each(['../secret', 'a/../../secret', '/etc/hostname', '', 'a//b', './a', 'a\0b'])(
    'a path that could lead out of its folder (%j) is refused before anything is opened',
    async (path) => {
      const folder = testFolder();
      writeFileSync(`${folder.root}/secret`, 'secret');
      const files = meddledFiles({
        beforeOpen: () => {
          throw new Error('it was opened');
        },
      });
      const { last } = await readAll(open(folder, path.replace('\\0', '\0'), files));
      expect(failureCode(last)).toBe('TENDER_SOURCE_NOT_A_FILE');
    },
  );

  test('a folder that is no longer configured is named as the reason', async () => {
    const folder = testFolder();
    const source: Source = { kind: 'watched', folder: 'gone', path: 'a' };
    const { last } = await readAll(openDocument(nodeFiles(), folder.roots, source));
    expect(failureCode(last)).toBe('TENDER_SOURCE_FOLDER_UNKNOWN');
  });

  test.each([
    ['EACCES', 'TENDER_SOURCE_UNREADABLE', 'file.unreadable'],
    ['EPERM', 'TENDER_SOURCE_UNREADABLE', 'file.unreadable'],
    ['EIO', 'TENDER_SOURCE_READ_FAILED', 'file.unreadable'],
    ['ESTALE', 'TENDER_SOURCE_READ_FAILED', 'file.unreadable'],
    ['ENOENT', 'TENDER_SOURCE_VANISHED', 'file.vanished'],
    ['EMFILE', 'TENDER_LOCAL_EXHAUSTED', 'send.failed'],
  ])('%s while opening or reading is %s, and becomes %s', async (errno, code, event) => {
    const folder = testFolder();
    writeFileSync(folder.at('a.bin'), pseudoRandom(2_000_000, 15));
    const fail = () => {
      throw fileError(errno);
    };
    const whileOpening = (await readAll(open(folder, 'a.bin', meddledFiles({ beforeOpen: fail })))).last;
    const late = meddledFiles({ beforeRead: (position) => position > 0 && fail() });
    const whileReading = (await readAll(open(folder, 'a.bin', late))).last;
    for (const last of [whileOpening, whileReading]) {
      expect(failureCode(last)).toBe(code);
      expect(sourceEvent((last as { failed: Parameters<typeof sourceEvent>[0] }).failed).type).toBe(event);
    }
    expect(openDescriptors(folder.root)).toEqual([]);
  });

  test('an error that is no file’s is a fault of ours and thrown on', () => {
    expect(() => failureOf(new TypeError('x is not a function'))).toThrow(TypeError);
    expect(() => failureOf(Object.assign(new Error('odd'), { code: 'ERR_INVALID_ARG_TYPE' }))).toThrow('odd');
  });
});

describe('names', () => {
  const names: [string, Uint8Array][] = [
    ['composed', Buffer.from('caf\u00e9')],
    ['decomposed', Buffer.from('cafe\u0301')],
    ['newline', Buffer.from('a\nb')],
    ['dots', Buffer.from('...')],
    ['like a parent', Buffer.from('..hidden')],
    ['percent', Buffer.from('%2e%2e')],
    ['invalid UTF-8', Buffer.from([0x66, 0xff, 0xfe, 0x80])],
    ['255 bytes', Buffer.from('x'.repeat(255))],
    ['right to left', Buffer.from('\u202egnp.exe')],
    ['Windows device', Buffer.from('CON')],
    ['backslash and colon', Buffer.from('C:\\a')],
    ['trailing space', Buffer.from('a ')],
  ];

  test('every name a disk can hold is a file of its own, read by its bytes', async () => {
    const folder = testFolder();
    const dir = Buffer.from(`${folder.watched}/`);
    names.forEach(([label, bytes]) => {
      writeFileSync(Buffer.concat([dir, bytes]), label);
    });
    for (const [label, bytes] of names) {
      const { bytes: content, last } = await readAll(open(folder, nameFromBytes(bytes)));
      expect(last, label).toHaveProperty('end');
      expect(content.toString()).toBe(label);
    }
  });
});

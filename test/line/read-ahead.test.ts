import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { DocumentReader, ReadStep } from '../../agent/files/document-reader.ts';
import { createDocuments, type Documents } from '../../agent/line/documents.ts';
import { FramePool } from '../../agent/line/frame-pool.ts';
import { lineLimits } from '../../agent/line/limits.ts';
import { decodeYachtFrame } from '../../cloud/contract/frame-decoder.ts';
import { mintUlid } from '../../cloud/contract/ids.ts';
import { content } from './support/yacht.ts';

const bootWallMs = 1_000_000;
const ledger = { has: async () => false, remember: async () => {}, forget: async () => {} };

/** Documents whose readers give one step each time that the test says so. */
function carried(documents: Documents, at: number, bytes: Uint8Array): { step(): Promise<void> } {
  const id = hash('sha256', bytes, 'buffer');
  const steps: ReadStep[] = [
    { chunk: { index: 0, offset: 0, bytes, id } },
    { end: { lengthBytes: bytes.length, sha256: id, chunks: 1 } },
  ];
  let asked: ((step: ReadStep) => void) | undefined;
  const reader: DocumentReader = {
    next: () => new Promise((go) => (asked = go)),
    again: async () => bytes,
    release: () => {},
    close: async () => {},
  };
  const uploadId = mintUlid(bootWallMs + at, new Uint8Array(10));
  const upload = {
    uploadId,
    name: Buffer.from(`${at}`),
    version: 1,
    priority: 5,
    modifiedMs: 0,
    sizeBytes: bytes.length,
  };
  documents.bind(documents.carry(upload, { open: () => reader, ledger, unchanged: async () => undefined }));
  const settled = () => new Promise((go) => setImmediate(go));
  return {
    async step() {
      await settled();
      asked!(steps.shift()!);
      asked = undefined;
      await settled();
    },
  };
}

describe('reading ahead', () => {
  test('a short document whose turn passed between its content and its end is read to its end when the turn is back', async () => {
    const limits = { ...lineLimits, readAheadMaxBytes: 10_000 };
    const documents = createDocuments({
      ...{ bootWallMs, limits, levels: undefined, bytesPerSecond: () => undefined, wake: () => {} },
      frames: new FramePool(65_536, 65_536),
    });
    const long = carried(documents, 1, content(100_000, 'long'));
    const short = carried(documents, 2, content(1_000, 'short'));
    await long.step(); // enough in hand: nobody behind it reads on
    await short.step();
    await long.step();
    const types: string[] = [];
    const leave = () => {
      for (let parcel = documents.next(8_192, 1); parcel; parcel = documents.next(8_192, 1)) {
        const decoded = decodeYachtFrame(parcel.frame);
        if ('frame' in decoded) types.push(decoded.frame.type);
      }
    };
    leave();
    expect(types.at(-1)).toBe('FINISH');
    await short.step();
    leave();
    expect(types.at(-1)).toBe('PACK');
  });
});

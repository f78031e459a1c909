// Patches ashore: made of the base's bytes, refused before anything is read when they reach too far, never another content.
import { createHash } from 'node:crypto';
import { constants, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import {
  encodePatchBody,
  encodePatchHead,
  type PatchOp,
  patchLimits,
} from '../../../cloud/contract/patch.ts';
import { createDecodePatch } from '../../../cloud/line/decode-patch.ts';
import { decodeZstd } from '../../../cloud/line/decode-zstd.ts';
import type { ManifestEntry } from '../../../cloud/ports.ts';
import { content } from '../../line/support/yacht.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();
const scope = { tenantId: 'tenant', deviceId: 'device', epoch: 1 };
const context = { scope, name: 'papers/plan', version: 2 } as never;

/** Version 1 is 64 chunks of 1,000 bytes. */
function shore() {
  const base = content(64_000, 'base');
  const entries: ManifestEntry[] = Array.from({ length: 64 }, (_, index) => {
    const bytes = base.subarray(index * 1_000, index * 1_000 + 1_000);
    return { index, id: sha256(bytes), length: 1_000 };
  });
  const lost = new Set<number>();
  let reads = 0;
  let askedMax = 0;
  const decode = createDecodePatch(
    {
      baseEntries: async (_scope, _name, version, { first, count }) => {
        askedMax = Math.max(askedMax, first + count);
        return version === 1 ? entries : undefined;
      },
      baseChunk: async (_scope, { index }) => {
        reads += 1;
        return lost.has(index) ? undefined : base.subarray(index * 1_000, index * 1_000 + 1_000);
      },
    },
    async (bytes, lengthBytes) => decodeZstd(bytes, lengthBytes),
  );
  const apply = (ops: PatchOp[], made: Uint8Array, baseVersion = 1) => {
    const digest = sha256(made).subarray(0, 16);
    const bytes = encodePatchHead({ baseVersion, digest, body: encodePatchBody(ops) });
    return decode({ bytes, lengthBytes: made.length }, context);
  };
  return { base, lost, apply, decode, reads: () => reads, askedMax: () => askedMax };
}

test('copies cross the chunks of the base, and each is read once', async () => {
  const { base, apply, reads } = shore();
  const made = Buffer.concat([base.subarray(1_500, 4_200), Buffer.from('new'), base.subarray(3_000, 3_500)]);
  const ops = [
    { offset: 1_500, length: 2_700 },
    { bytes: Buffer.from('new') },
    { offset: 3_000, length: 500 },
  ];
  expect(await apply(ops, made)).toEqual(made);
  expect(reads()).toBe(4);
});

test('a copy to the last byte of the base is made, one byte further is refused unread', async () => {
  const { base, apply, reads } = shore();
  const end = base.subarray(63_900);
  expect(await apply([{ offset: 63_900, length: 100 }], end)).toEqual(Buffer.from(end));
  const before = reads();
  await expect(apply([{ offset: 63_901, length: 100 }], end)).rejects.toThrow('beyond the base');
  expect(reads()).toBe(before);
});

test('a patch that touches more of the base than allowed is refused unread', async () => {
  const { base, apply, reads, askedMax } = shore();
  await expect(apply([{ offset: 0, length: 32_001 }], base.subarray(0, 32_001))).rejects.toThrow('too much');
  const scattered = Array.from({ length: 33 }, (_, n) => ({ offset: n * 1_000, length: 1 }));
  await expect(apply(scattered, new Uint8Array(33))).rejects.toThrow('too much');
  expect(reads()).toBe(0);
  // Nor is a manifest read whole, however long somebody made it.
  expect(askedMax()).toBeLessThanOrEqual(131_073);
});

test('another content than announced, a base that is not ashore, a lost chunk: refused', async () => {
  const { base, lost, apply } = shore();
  const made = base.subarray(500, 700);
  await expect(apply([{ offset: 501, length: 200 }], made)).rejects.toThrow('something else');
  await expect(apply([{ offset: 500, length: 200 }], made, 7)).rejects.toThrow('not ashore');
  lost.add(5);
  const fifth = base.subarray(5_000, 5_100);
  await expect(apply([{ offset: 5_000, length: 100 }], fifth)).rejects.toThrow('not ashore any more');
  // Asked for again once it is there.
  lost.clear();
  expect(await apply([{ offset: 5_000, length: 100 }], fifth)).toEqual(Buffer.from(fifth));
});

test('bytes that are no patch, or whose body is no Zstandard frame, are refused', async () => {
  const { decode } = shore();
  const bytes = content(100, 'noise');
  await expect(decode({ bytes, lengthBytes: 100 }, context)).rejects.toThrow(RangeError);
  const head = { baseVersion: 1, digest: new Uint8Array(16), zstdLengthBytes: 50, body: bytes };
  await expect(decode({ bytes: encodePatchHead(head), lengthBytes: 100 }, context)).rejects.toThrow();
});

test('a body that is a bomb, wants too large a window or is longer or shorter than told is refused', async () => {
  const { base, decode, reads } = shore();
  const made = base.subarray(500, 700);
  const digest = sha256(made).subarray(0, 16);
  const body = encodePatchBody([{ offset: 500, length: 200 }]);
  const squeezed = (bytes: Uint8Array) => new Uint8Array(zstdCompressSync(bytes));
  const decodeAs = (packed: Uint8Array, zstdLengthBytes: number) =>
    decode(
      { bytes: encodePatchHead({ baseVersion: 1, digest, zstdLengthBytes, body: packed }), lengthBytes: 200 },
      context,
    );
  expect(await decodeAs(squeezed(body), body.length)).toEqual(Buffer.from(made));
  const bomb = squeezed(new Uint8Array(64_000_000));
  const before = process.memoryUsage().arrayBuffers;
  for (const told of [1, body.length, patchLimits.bodyMaxBytes])
    await expect(decodeAs(bomb, told)).rejects.toThrow();
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16_000_000);
  await expect(decodeAs(squeezed(body), body.length - 1)).rejects.toThrow();
  await expect(decodeAs(squeezed(body), body.length + 1)).rejects.toThrow();
  const wide = zstdCompressSync(content(100_000, 'wide'), {
    params: { [constants.ZSTD_c_windowLog]: 27, [constants.ZSTD_c_contentSizeFlag]: 0 },
  });
  await expect(decodeAs(new Uint8Array(wide), 100_000)).rejects.toThrow();
  await expect(decodeAs(squeezed(body), patchLimits.bodyMaxBytes + 1)).rejects.toThrow('not a patch');
  expect(reads()).toBe(1);
});

test('ops that make another length, leave literals over or copy from before the beginning are refused unread', async () => {
  const { decode, reads } = shore();
  const asPatch = (body: Uint8Array) =>
    decode(
      { bytes: encodePatchHead({ baseVersion: 1, digest: new Uint8Array(16), body }), lengthBytes: 200 },
      context,
    );
  const good = encodePatchBody([{ offset: 500, length: 200 }]);
  await expect(asPatch(encodePatchBody([{ offset: 500, length: 199 }]))).rejects.toThrow('not the body');
  await expect(asPatch(encodePatchBody([{ offset: 500, length: 201 }]))).rejects.toThrow('not the body');
  await expect(asPatch(Buffer.concat([good, Buffer.from('more')]))).rejects.toThrow('not the body');
  // One copy of 200 bytes, 1 byte before the first (zigzag of −1 is 1).
  await expect(asPatch(Uint8Array.from([1, 0x91, 0x03, 1]))).rejects.toThrow('not the body');
  await expect(asPatch(Uint8Array.from([0]))).rejects.toThrow('not the body');
  expect(reads()).toBe(0);
});

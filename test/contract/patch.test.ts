// Patches as bytes: what is encoded is decoded, and nothing else is.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteWriter } from '../../cloud/contract/bytes.ts';
import {
  decodePatchBody,
  decodePatchHead,
  encodePatchBody,
  encodePatchHead,
  type PatchOp,
  patchLimits,
} from '../../cloud/contract/patch.ts';

const op: fc.Arbitrary<PatchOp> = fc.oneof(
  fc.record({ bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }) }),
  fc.record({ offset: fc.nat({ max: 2 ** 40 }), length: fc.integer({ min: 1, max: 70_000 }) }),
);
const lengthOf = (ops: readonly PatchOp[]) =>
  ops.reduce((sum, one) => sum + ('bytes' in one ? one.bytes.length : one.length), 0);

test('what is encoded is decoded', () => {
  fc.assert(
    fc.property(fc.array(op, { minLength: 1, maxLength: 40 }), (ops) => {
      expect(decodePatchBody(encodePatchBody(ops), lengthOf(ops))).toEqual(ops);
    }),
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.uint8Array({ minLength: 1, maxLength: 99 }),
      fc.option(fc.integer({ min: 1, max: patchLimits.bodyMaxBytes }), { nil: undefined }),
      (baseVersion, digest, body, zstdLengthBytes) => {
        const head = { baseVersion, digest, body, ...(zstdLengthBytes && { zstdLengthBytes }) };
        expect(decodePatchHead(encodePatchHead(head))).toEqual(head);
      },
    ),
  );
});

test('a run that goes on behind the copy before it costs three bytes', () => {
  const copies = [
    { offset: 1_000_000, length: 256 },
    { offset: 1_000_256, length: 30 },
  ];
  const one = encodePatchBody(copies.slice(0, 1)).length;
  expect(encodePatchBody(copies).length - one).toBeLessThanOrEqual(3);
});

test('any bytes are decoded or refused, never anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 1_000 }), (bytes, length) => {
      decodePatchHead(bytes);
      const ops = decodePatchBody(bytes, length);
      if (ops) expect(lengthOf(ops)).toBe(length);
    }),
    { numRuns: 2_000 },
  );
});

const raw = (...numbers: number[]) => {
  const writer = new ByteWriter();
  for (const number of numbers) writer.varint(number);
  return writer.done();
};

test.each([
  ['no ops', raw(0), 0],
  ['more ops than allowed', raw(patchLimits.opsMaxCount + 1), 10],
  ['an op that makes nothing', raw(2, 0, 21, 0), 10],
  ['less than was announced', raw(1, 19, 0), 10],
  ['more than was announced', raw(1, 23, 0), 10],
  ['a length that is nearly all numbers', raw(1, Number.MAX_SAFE_INTEGER, 0), 10],
  ['a copy from before the beginning', raw(1, 21, 1), 10],
  ['a copy from behind any base', raw(1, 21, Number.MAX_SAFE_INTEGER - 1), 10],
  ['literals that are not there', raw(1, 20), 10],
  ['bytes behind the literals', new Uint8Array([...raw(1, 2), 7, 7]), 1],
  ['ops that are not there', raw(4_000), 10],
])('refuses %s', (_, body, length) => {
  expect(decodePatchBody(body, length)).toBeUndefined();
});

test('refuses a head without version, without body, or whose body would be too long', () => {
  const digest = new Uint8Array(16);
  const head = { baseVersion: 1, digest, body: new Uint8Array(1) };
  expect(decodePatchHead(encodePatchHead({ ...head, baseVersion: 0 }))).toBeUndefined();
  expect(decodePatchHead(encodePatchHead({ ...head, baseVersion: 2 ** 31 }))).toBeUndefined();
  expect(decodePatchHead(encodePatchHead({ ...head, body: new Uint8Array(0) }))).toBeUndefined();
  const zstdLengthBytes = patchLimits.bodyMaxBytes + 1;
  expect(decodePatchHead(encodePatchHead({ ...head, zstdLengthBytes }))).toBeUndefined();
});

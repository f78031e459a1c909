// A chunk told as its difference from an older version of the document: what to copy from there and what is new. Pure bytes ↔
// values under absolute limits; compressing the body is both ends' own business. Made by agent/line/delta.ts, applied by
// cloud/line/decode-patch.ts.
import { ByteReader, ByteWriter, Malformed } from './bytes.ts';
import { frameLimits } from './frames.ts';

export const patchLimits = {
  /** Copies and literals of one chunk. */
  opsMaxCount: 4_096,
  /** The body when decoded: all literals of the longest chunk, and the ops. */
  bodyMaxBytes: frameLimits.chunkMaxBytes + 64 * 1024,
  /** Bytes of the base that may lie behind a copy; 2^45 are 32 TiB. */
  baseMaxBytes: 2 ** 45,
  /** How much of the content's SHA-256 travels along. */
  digestBytes: 16,
} as const;

/** What surrounds the body. */
export interface PatchHead {
  /** The version of the same document whose bytes are copied. */
  readonly baseVersion: number;
  /** The first 16 bytes of the SHA-256 of the content: whatever else is made of this patch is wrong. */
  readonly digest: Uint8Array;
  /** Length of the body when decoded; absent: it travels as it is. */
  readonly zstdLengthBytes?: number;
  readonly body: Uint8Array;
}

/** Of the base, by its place in the whole of that version. */
export interface CopyOp {
  readonly offset: number;
  readonly length: number;
}

export interface LiteralOp {
  readonly bytes: Uint8Array;
}

export type PatchOp = CopyOp | LiteralOp;

export function encodePatchHead({ baseVersion, digest, zstdLengthBytes, body }: PatchHead): Uint8Array {
  if (digest.length !== patchLimits.digestBytes) throw new RangeError('a digest of 16 bytes');
  return new ByteWriter(body.length + 32)
    .varint(baseVersion)
    .fixed(digest)
    .varint(zstdLengthBytes ?? 0)
    .fixed(body)
    .done();
}

/** Total: undefined for anything that encodePatchHead would not have written. The body is a view. */
export function decodePatchHead(bytes: Uint8Array): PatchHead | undefined {
  return total(() => {
    const reader = new ByteReader(bytes);
    const baseVersion = reader.varint();
    if (baseVersion === 0 || baseVersion > frameLimits.versionsMaxCount) throw new Malformed('no version');
    const digest = reader.fixed(patchLimits.digestBytes);
    const zstdLengthBytes = reader.varint();
    if (zstdLengthBytes > patchLimits.bodyMaxBytes) throw new Malformed('body longer than allowed');
    const head = { baseVersion, digest, body: reader.rest() };
    if (head.body.length === 0) throw new Malformed('no body');
    return zstdLengthBytes === 0 ? head : { ...head, zstdLengthBytes };
  });
}

/**
 * Ops first, then all literals in one piece, which compresses better. A copy says how far it begins from the end of the copy before
 * it (zigzag), so that a run that goes on costs one byte.
 */
export function encodePatchBody(ops: readonly PatchOp[]): Uint8Array {
  if (ops.length === 0 || ops.length > patchLimits.opsMaxCount) throw new RangeError('too many ops');
  const writer = new ByteWriter(ops.reduce((sum, op) => sum + ('bytes' in op ? op.bytes.length + 4 : 12), 8));
  writer.varint(ops.length);
  let expected = 0;
  for (const op of ops) {
    if ('bytes' in op) {
      writer.varint(op.bytes.length * 2);
      continue;
    }
    writer.varint(op.length * 2 + 1).varint(zigzag(op.offset - expected));
    expected = op.offset + op.length;
  }
  for (const op of ops) if ('bytes' in op) writer.fixed(op.bytes);
  return writer.done();
}

/**
 * Total: undefined unless the ops together make exactly `lengthBytes`, and use every literal byte that is there. Literals are views.
 * Copies stay within `baseMaxBytes`; whether the base is as long is the caller's to check.
 */
export function decodePatchBody(body: Uint8Array, lengthBytes: number): PatchOp[] | undefined {
  return total(() => {
    const reader = new ByteReader(body);
    const count = reader.varint();
    if (count === 0 || count > patchLimits.opsMaxCount) throw new Malformed('too many ops');
    const plan: { readonly length: number; readonly offset?: number }[] = [];
    let made = 0;
    let expected = 0;
    for (let n = 0; n < count; n++) {
      const coded = reader.varint();
      const length = Math.floor(coded / 2);
      made += length;
      if (length === 0 || made > lengthBytes) throw new Malformed('makes another length');
      if (coded % 2 === 0) {
        plan.push({ length });
        continue;
      }
      const offset = expected + unzigzag(reader.varint());
      if (offset < 0 || offset + length > patchLimits.baseMaxBytes) throw new Malformed('beyond any base');
      plan.push({ length, offset });
      expected = offset + length;
    }
    if (made !== lengthBytes) throw new Malformed('makes another length');
    const ops = plan.map(
      ({ length, offset }): PatchOp =>
        offset === undefined ? { bytes: reader.fixed(length) } : { offset, length },
    );
    reader.end();
    return ops;
  });
}

const zigzag = (value: number) => (value >= 0 ? value * 2 : -value * 2 - 1);
const unzigzag = (coded: number) => (coded % 2 === 0 ? coded / 2 : -(coded + 1) / 2);

function total<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

// A patch → the chunk it stands for: what it copies is read from the base version of the same document of the same device, and the result
// must have the digest that the patch carries. Anything else is thrown: the yacht is then asked for the chunk as it is.
import { createHash } from 'node:crypto';
import { decodePatchBody, decodePatchHead, type PatchOp, patchLimits } from '../contract/patch.ts';
import type { Documents } from '../decide/documents.ts';
import type { ManifestEntry } from '../ports.ts';
import type { DecodeContext, EncodedChunk } from './decode.ts';
import type { Unzstd } from './decode-zstd.ts';

/** Chunks of the base that one patch may read: 8 MiB at most. The yacht keeps to it (agent/line/delta.ts). */
const baseChunksMaxCount = 32;
/** Base manifests remembered, of all yachts: one of 1 GB has 15,000 entries, about 2 MB; of longer ones no patches are read. */
const basesMaxCount = 4;
const baseEntriesMaxCount = 131_072;
/** Chunks of bases remembered, of all yachts: neighbouring patches copy from the same ones. */
const chunksMaxCount = 16;

export type DecodePatch = (
  chunk: Pick<EncodedChunk, 'bytes' | 'lengthBytes'>,
  context: DecodeContext,
) => Promise<Uint8Array>;

interface Base {
  readonly entries: readonly ManifestEntry[];
  /** Where each chunk begins; one more, where all end. */
  readonly starts: Float64Array;
}

export function createDecodePatch(
  documents: Pick<Documents, 'baseEntries' | 'baseChunk'>,
  unzstd: Unzstd,
): DecodePatch {
  const bases = new Recent<Promise<Base | undefined>>(basesMaxCount);
  const chunks = new Recent<Promise<Uint8Array | undefined>>(chunksMaxCount);

  function baseOf({ scope, name }: DecodeContext, version: number): Promise<Base | undefined> {
    const key = `${scope.tenantId}/${scope.deviceId}/${version}/${name}`;
    // Versions never change; one that is not ashore yet may come.
    return bases.take(key, () =>
      documents
        .baseEntries(scope, name, version, { first: 0, count: baseEntriesMaxCount + 1 })
        .then((entries) => entries && baseFrom(entries)),
    );
  }

  function chunkOf({ scope }: DecodeContext, entry: ManifestEntry): Promise<Uint8Array | undefined> {
    const key = `${scope.tenantId}/${Buffer.from(entry.id).toString('latin1')}`;
    return chunks.take(key, () => documents.baseChunk(scope, entry));
  }

  return async ({ bytes, lengthBytes }, context) => {
    const head = decodePatchHead(bytes);
    if (!head) throw new RangeError('not a patch');
    const { zstdLengthBytes } = head;
    const body = zstdLengthBytes === undefined ? head.body : await unzstd(head.body, zstdLengthBytes);
    const ops = decodePatchBody(body, lengthBytes);
    if (!ops) throw new RangeError('not the body of a patch');
    const base = await baseOf(context, head.baseVersion);
    if (!base) throw new RangeError(`version ${head.baseVersion} is not ashore`);
    checkReach(ops, base);
    const content = Buffer.allocUnsafeSlow(lengthBytes);
    let at = 0;
    for (const op of ops) {
      if ('bytes' in op) {
        content.set(op.bytes, at);
        at += op.bytes.length;
        continue;
      }
      for (let { offset, length } = op; length > 0; ) {
        const index = chunkAt(base, offset);
        const chunk = await chunkOf(context, base.entries[index]!);
        if (!chunk) throw new RangeError('a chunk of the base is not ashore any more');
        const from = offset - base.starts[index]!;
        const piece = chunk.subarray(from, from + length);
        content.set(piece, at);
        at += piece.length;
        offset += piece.length;
        length -= piece.length;
      }
    }
    const digest = createHash('sha256').update(content).digest().subarray(0, patchLimits.digestBytes);
    if (!digest.equals(head.digest)) throw new RangeError('made something else');
    return content;
  };
}

/** All copies lie within the base, and touch few of its chunks: before anything is read. */
function checkReach(ops: readonly PatchOp[], base: Base): void {
  const touched = new Set<number>();
  const end = base.starts.at(-1)!;
  for (const op of ops) {
    if ('bytes' in op) continue;
    if (op.offset + op.length > end) throw new RangeError('beyond the base');
    const last = chunkAt(base, op.offset + op.length - 1);
    for (let index = chunkAt(base, op.offset); index <= last; index++) {
      touched.add(index);
      if (touched.size > baseChunksMaxCount) throw new RangeError('touches too much of the base');
    }
  }
}

function baseFrom(entries: readonly ManifestEntry[]): Base | undefined {
  if (entries.length > baseEntriesMaxCount) return undefined;
  const starts = new Float64Array(entries.length + 1);
  entries.forEach((entry, n) => {
    starts[n + 1] = starts[n]! + entry.length;
  });
  return { entries, starts };
}

function chunkAt({ starts }: Base, offset: number): number {
  let low = 0;
  let high = starts.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The last few answers; what failed or was not there is asked for again. */
class Recent<T extends Promise<unknown>> {
  readonly #maxCount: number;
  readonly #known = new Map<string, T>();

  constructor(maxCount: number) {
    this.#maxCount = maxCount;
  }

  take(key: string, ask: () => T): T {
    const known = this.#known.get(key) ?? ask();
    this.#known.delete(key);
    this.#known.set(key, known);
    const forget = () => {
      if (this.#known.get(key) === known) this.#known.delete(key);
    };
    known.then((answer) => answer === undefined && forget(), forget);
    if (this.#known.size > this.#maxCount) this.#known.delete(this.#known.keys().next().value!);
    return known;
  }
}

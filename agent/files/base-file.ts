// What is kept aboard of a version that is ashore, as one file: signatures of its chunks one after another, then lengths and ids of all
// chunks, then a trailer with a digest over lengths, ids and trailer. The bytes themselves are not kept. Signatures have no
// digest: a rotten one is a piece not found, or found wrongly, which the shore notices. Written and read by bases.ts.
import { createHash } from 'node:crypto';
import type { FileHandle } from '../ports.ts';
import { signatureBytes, signatureLength } from './signatures.ts';

/** Chunks of the longest document that is kept: 19 GB, 9.4 MB of lengths and ids. */
export const baseChunksMaxCount = 262_144;

/** What a base is of. */
export interface BaseOf {
  readonly name: Uint8Array;
  readonly version: number;
  readonly lengthBytes: number;
  /** Of the whole version. */
  readonly sha256: Uint8Array;
  /** The first so many chunks have a signature. */
  readonly signedChunks: number;
}

/** Lengths and ids, one after another: 4 (little-endian) and 32 bytes a chunk. */
export interface BaseTable {
  readonly lengths: Uint32Array;
  readonly ids: Uint8Array;
}

const magic = 'tender base 1\n\0\0';
const digestBytes = 32;
const fieldsBytes = magic.length + 32 + 4 * 8 + 32;
const trailerBytes = fieldsBytes + digestBytes;

/** What follows the signatures in the file. */
export function encodeBaseEnd(of: BaseOf, { lengths, ids }: BaseTable): Uint8Array {
  const count = lengths.length;
  const end = Buffer.alloc(count * 36 + trailerBytes);
  for (let n = 0; n < count; n++) end.writeUInt32LE(lengths[n]!, n * 4);
  end.set(ids.subarray(0, count * 32), count * 4);
  let at = count * 36;
  at += end.write(magic, at, 'latin1');
  end.set(sha256Of(of.name), at);
  at += 32;
  for (const number of [of.version, of.lengthBytes, count, of.signedChunks])
    at = end.writeBigUInt64LE(BigInt(number), at);
  end.set(of.sha256, at);
  end.set(sha256Of(end.subarray(0, at + 32)), at + 32);
  return end;
}

/** A base read back; its file stays open for signatures until close(). */
export interface BaseFile extends BaseTable {
  readonly version: number;
  readonly lengthBytes: number;
  readonly sha256: Uint8Array;
  readonly signedChunks: number;
  /** Signatures of the chunks `from` … `to` − 1, all of them signed; undefined when they cannot be read. */
  signatures(from: number, to: number): Promise<DataView | undefined>;
  close(): Promise<void>;
}

/** Undefined for anything that encodeBaseEnd would not have written for this name. Takes the handle over. */
export async function openBaseFile(handle: FileHandle, name: Uint8Array): Promise<BaseFile | undefined> {
  const base = await readBase(handle, name).catch(() => undefined);
  if (!base) await handle.close();
  return base;
}

async function readBase(handle: FileHandle, name: Uint8Array): Promise<BaseFile | undefined> {
  const { sizeBytes } = await handle.stat();
  const trailer = await readAt(handle, sizeBytes - trailerBytes, trailerBytes);
  if (!trailer || trailer.toString('latin1', 0, magic.length) !== magic) return undefined;
  let at = magic.length;
  if (!trailer.subarray(at, at + 32).equals(sha256Of(name))) return undefined;
  at += 32;
  const [version, lengthBytes, count, signedChunks] = [0, 8, 16, 24].map((gap) =>
    Number(trailer.readBigUInt64LE(at + gap)),
  ) as [number, number, number, number];
  at += 32;
  if (count === 0 || count > baseChunksMaxCount || signedChunks > count) return undefined;
  const table = await readAt(handle, sizeBytes - trailerBytes - count * 36, count * 36);
  if (!table) return undefined;
  const digest = createHash('sha256').update(table).update(trailer.subarray(0, fieldsBytes)).digest();
  if (!digest.equals(trailer.subarray(fieldsBytes))) return undefined;
  const lengths = new Uint32Array(count);
  for (let n = 0; n < count; n++) lengths[n] = table.readUInt32LE(n * 4);
  const starts = signatureStarts(lengths, signedChunks);
  return {
    version,
    lengthBytes,
    sha256: trailer.subarray(at, at + 32),
    signedChunks,
    lengths,
    ids: table.subarray(count * 4),
    async signatures(from, to) {
      const bytes = await readAt(handle, starts[from]!, starts[to]! - starts[from]!).catch(() => undefined);
      return bytes && new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
    close: () => handle.close(),
  };
}

/** Where the signature of each chunk begins; one more, where all end. */
function signatureStarts(lengths: Uint32Array, signedChunks: number): Float64Array {
  const starts = new Float64Array(signedChunks + 1);
  for (let n = 0; n < signedChunks; n++) starts[n + 1] = starts[n]! + signatureLength(lengths[n]!);
  return starts;
}

/** Pieces of the first so many chunks together. */
export function piecesOf(lengths: Uint32Array, from: number, to: number): number {
  let bytes = 0;
  for (let n = from; n < to; n++) bytes += signatureLength(lengths[n]!);
  return bytes / signatureBytes;
}

async function readAt(handle: FileHandle, offset: number, length: number): Promise<Buffer | undefined> {
  if (offset < 0) return undefined;
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let done = 0; done < length; ) {
    const count = await handle.read(bytes, done, length - done, offset + done);
    if (count === 0) return undefined;
    done += count;
  }
  return bytes;
}

function sha256Of(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

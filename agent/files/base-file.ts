// What is kept aboard of a version that is ashore, as one file: signatures of its chunks one after another, then a table with length
// and id of every chunk, then a trailer with a digest over table and trailer. The bytes themselves are not kept. Signatures have no
// digest: a rotten one is a piece not found, or found wrongly, which the shore notices. Written and read by bases.ts.
import { createHash, type Hash } from 'node:crypto';
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

/** Of the table: length (4, little-endian) and id (32) of a chunk. */
export const baseEntryBytes = 36;
export const baseIdAt = 4;

const magic = 'tender base 1\n\0\0';
const digestBytes = 32;
const fieldsBytes = magic.length + 32 + 4 * 8 + 32;
const trailerBytes = fieldsBytes + digestBytes;

/** What follows the table, of `count` chunks, that `table` has been fed with. */
export function encodeBaseTrailer(of: BaseOf, count: number, table: Hash): Uint8Array {
  const trailer = Buffer.alloc(trailerBytes);
  let at = trailer.write(magic, 0, 'latin1');
  trailer.set(sha256Of(of.name), at);
  at += 32;
  for (const number of [of.version, of.lengthBytes, count, of.signedChunks])
    at = trailer.writeBigUInt64LE(BigInt(number), at);
  trailer.set(of.sha256, at);
  trailer.set(table.update(trailer.subarray(0, fieldsBytes)).digest(), fieldsBytes);
  return trailer;
}

/** A base read back; its file stays open for signatures until close(). */
export interface BaseFile {
  readonly version: number;
  readonly lengthBytes: number;
  readonly sha256: Uint8Array;
  readonly signedChunks: number;
  readonly lengths: Uint32Array;
  /** Entries of `baseEntryBytes`, their ids at `baseIdAt`. */
  readonly table: Uint8Array;
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
  const table = await readAt(
    handle,
    sizeBytes - trailerBytes - count * baseEntryBytes,
    count * baseEntryBytes,
  );
  if (!table) return undefined;
  const digest = createHash('sha256').update(table).update(trailer.subarray(0, fieldsBytes)).digest();
  if (!digest.equals(trailer.subarray(fieldsBytes))) return undefined;
  const lengths = new Uint32Array(count);
  for (let n = 0; n < count; n++) lengths[n] = table.readUInt32LE(n * baseEntryBytes);
  const starts = signatureStarts(lengths, signedChunks);
  return {
    version,
    lengthBytes,
    sha256: trailer.subarray(at, at + 32),
    signedChunks,
    lengths,
    table,
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

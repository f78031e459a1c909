// What both ends must agree on about bytes that travel encoded: when it is worth it, and which Zstandard frames are acceptable at
// all. Pure; the yacht's encoder (agent/line/encode.ts) and the cloud's decoder (cloud/line/decode-zstd.ts) both keep to it.
// Layout of a Zstandard frame: RFC 8878, section 3.1.1.

/** Below this share of the raw length saved, bytes go as they are (transfer.md, 4: less is not worth the receiver's work). */
export const encodingGainMin = 0.03;

/** A frame that wants a larger window is refused: that much memory every decoder of RFC 8878 must be ready to give. */
export const zstdWindowMaxBytes = 8 * 1024 * 1024;

/** Shorter content never gains: a frame's header and checksum alone are 13 bytes. */
export const encodableMinBytes = 64;

/** Is this encoded form worth sending instead of so many raw bytes? */
export function isWorthEncoding(rawBytes: number, encodedBytes: number): boolean {
  return rawBytes >= encodableMinBytes && encodedBytes <= rawBytes * (1 - encodingGainMin);
}

/** What the header of a Zstandard frame claims. */
export interface ZstdFrame {
  /** Memory that its decoder needs for what it may refer back to. */
  readonly windowBytes: number;
  /** Of the content; absent when the encoder did not say. */
  readonly contentBytes?: number;
  /** 0: none. */
  readonly dictionaryId: number;
}

const magic = 0xfd2fb528;
const checksumBytes = 4;
const blockHeaderBytes = 3;
const blockRle = 1;
const blockReserved = 3;

/**
 * The frame, when these bytes are exactly one whole frame. Undefined: something else, cut short, with anything before or behind
 * it (decoders skip "skippable" frames and node:zlib ignores what follows), or with reserved bits set. Reads headers only.
 */
export function readZstdFrame(bytes: Uint8Array): ZstdFrame | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 6 || view.getUint32(0, true) !== magic) return undefined;
  const descriptor = bytes[4]!;
  if ((descriptor & 0b0000_1000) !== 0) return undefined;
  const isSingleSegment = (descriptor & 0b0010_0000) !== 0;
  const hasChecksum = (descriptor & 0b0000_0100) !== 0;
  const dictionaryFieldBytes = [0, 1, 2, 4][descriptor & 0b11]!;
  const contentFieldBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  const dictionaryAt = isSingleSegment ? 5 : 6;
  const contentAt = dictionaryAt + dictionaryFieldBytes;
  const blocksAt = contentAt + contentFieldBytes;
  if (bytes.length < blocksAt || !endsWithBlocks(bytes, blocksAt, hasChecksum)) return undefined;
  const dictionaryId = littleEndian(bytes, dictionaryAt, dictionaryFieldBytes);
  const contentBytes =
    contentFieldBytes === 0
      ? undefined
      : littleEndian(bytes, contentAt, contentFieldBytes) + (contentFieldBytes === 2 ? 256 : 0);
  const windowBytes = isSingleSegment ? contentBytes! : windowOf(bytes[5]!);
  return { windowBytes, dictionaryId, ...(contentBytes !== undefined && { contentBytes }) };
}

/** May a decoder be let at these bytes, which are said to become so many? */
export function isAcceptableZstd(bytes: Uint8Array, lengthBytes: number): boolean {
  const frame = readZstdFrame(bytes);
  if (frame?.dictionaryId !== 0 || frame.windowBytes > zstdWindowMaxBytes) return false;
  return frame.contentBytes === undefined || frame.contentBytes === lengthBytes;
}

/** From block to block: the last one, and its checksum, must end with the bytes. */
function endsWithBlocks(bytes: Uint8Array, from: number, hasChecksum: boolean): boolean {
  for (let at = from; at + blockHeaderBytes <= bytes.length; ) {
    const header = littleEndian(bytes, at, blockHeaderBytes);
    const type = (header >> 1) & 0b11;
    if (type === blockReserved) return false;
    at += blockHeaderBytes + (type === blockRle ? 1 : header >> 3);
    if ((header & 1) === 1) return at + (hasChecksum ? checksumBytes : 0) === bytes.length;
  }
  return false;
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 0b111);
}

function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let n = count - 1; n >= 0; n--) value = value * 256 + bytes[at + n]!;
  return value;
}

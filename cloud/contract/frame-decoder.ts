// Bytes → frame. Total: every byte string is a frame, a frame of a later version that may be ignored, or a problem with a code;
// nothing is thrown, nothing beyond the input's own size is allocated. Called by the lanes on both ends.
import { ByteReader, Malformed } from './bytes.ts';
import { failureClasses } from './failure.ts';
import {
  type AnnouncedChunk,
  type CloudFrame,
  type EncodedForm,
  type Extension,
  encodings,
  frameLimits,
  frameTypes,
  wantReasons,
  type YachtFrame,
} from './frames.ts';
import { hexFromBytes, isUlid, readId, ulidFromBytes } from './ids.ts';
import { readRuns } from './runs.ts';

export type FrameProblem =
  | 'TENDER_FRAME_MALFORMED'
  | 'TENDER_FRAME_TOO_LARGE'
  | 'TENDER_FRAME_UNKNOWN'
  | 'TENDER_FRAME_OUT_OF_PLACE';

export type Decoded<F> =
  | { readonly frame: F }
  /** A type or an ending of a later version that this one may skip. */
  | { readonly ignored: number }
  | { readonly problem: FrameProblem; readonly detail: string };

/** What a yacht sends. Views into `bytes`, not copies. */
export function decodeYachtFrame(bytes: Uint8Array): Decoded<YachtFrame> {
  return decode(bytes, 0, readYachtFrame);
}

/** What the cloud sends. Views into `bytes`, not copies. */
export function decodeCloudFrame(bytes: Uint8Array): Decoded<CloudFrame> {
  return decode(bytes, 0x80, readCloudFrame);
}

function decode<F>(
  bytes: Uint8Array,
  side: 0 | 0x80,
  read: (type: number, reader: ByteReader) => F | undefined,
): Decoded<F> {
  const type = bytes[0];
  if (type === undefined) return { problem: 'TENDER_FRAME_MALFORMED', detail: 'empty frame' };
  if (bytes.length > frameLimits.frameMaxBytes) {
    return { problem: 'TENDER_FRAME_TOO_LARGE', detail: `${bytes.length} bytes` };
  }
  if ((type & 0x80) !== side) return { problem: 'TENDER_FRAME_OUT_OF_PLACE', detail: `type ${type}` };
  const reader = new ByteReader(bytes);
  reader.byte();
  try {
    const frame = read(type, reader);
    if (frame !== undefined) {
      reader.end();
      return { frame };
    }
  } catch (error) {
    if (error instanceof Malformed) return { problem: 'TENDER_FRAME_MALFORMED', detail: error.message };
    throw error;
  }
  if ((type & 0x40) !== 0) return { ignored: type };
  return { problem: 'TENDER_FRAME_UNKNOWN', detail: `type ${type}` };
}

function readYachtFrame(type: number, reader: ByteReader): YachtFrame | undefined {
  switch (type) {
    case frameTypes.SLICE:
      return {
        type: 'SLICE',
        handle: reader.varint(),
        index: reader.varint(),
        offset: reader.varint(),
        bytes: reader.rest(),
      };
    case frameTypes.OFFER:
      return {
        type: 'OFFER',
        handle: reader.varint(),
        uploadId: readUlid(reader),
        version: reader.varint(),
        priority: within(reader.varint(), 1, 10),
        modifiedMs: reader.varint(),
        name: reader.prefixed(frameLimits.nameMaxBytes),
        extensions: readExtensions(reader),
      };
    case frameTypes.MANIFEST:
      return {
        type: 'MANIFEST',
        handle: reader.varint(),
        first: reader.varint(),
        entries: readEntries(reader),
        extensions: readExtensions(reader),
      };
    case frameTypes.COPY:
      return {
        type: 'COPY',
        handle: reader.varint(),
        first: reader.varint(),
        baseVersion: reader.varint(),
        runs: list(reader, frameLimits.copyRunsMaxCount, () => ({
          baseIndex: reader.varint(),
          count: within(reader.varint(), 1, frameLimits.chunksMaxCount),
        })),
        extensions: readExtensions(reader),
      };
    case frameTypes.PACK: {
      const isEncoded = within(reader.varint(), 0, 1) === 1; // a patch of nothing is no pack
      const lengthBytes = within(reader.varint(), 1, frameLimits.packMaxBytes);
      const bytes = reader.rest();
      return { type: 'PACK', ...(isEncoded && { encoding: 'zstd' }), lengthBytes, bytes };
    }
    case frameTypes.FINISH:
      return {
        type: 'FINISH',
        handle: reader.varint(),
        lengthBytes: reader.varint(),
        chunks: reader.varint(),
        sha256: reader.fixed(32),
        extensions: readExtensions(reader),
      };
    case frameTypes.DROP:
      return { type: 'DROP', handle: reader.varint() };
    case frameTypes.SEEN:
      return { type: 'SEEN', cursor: reader.varint() };
    case frameTypes.INVENTORY: {
      const after = flag(reader) ? reader.prefixed(frameLimits.nameMaxBytes) : undefined;
      return { type: 'INVENTORY', ...(after && { after }), extensions: readExtensions(reader) };
    }
    case frameTypes.PING: {
      const stamp = reader.varint();
      const nonce = optional(reader, 16);
      return { type: 'PING', stamp, ...(nonce && { nonce }) };
    }
    case frameTypes.LEFT:
      return { type: 'LEFT', serials: list(reader, frameLimits.lanesLeftMaxCount, () => reader.varint()) };
    case frameTypes.BYE:
      return readBye(reader);
    default:
      return undefined;
  }
}

function readCloudFrame(type: number, reader: ByteReader): CloudFrame | undefined {
  switch (type) {
    case frameTypes.HELLO:
      return {
        type: 'HELLO',
        version: reader.varint(),
        sessionId: hexFromBytes(reader.fixed(16)),
        lane: reader.varint(),
        serial: reader.varint(),
        sinceMs: reader.varint(),
        epoch: reader.varint(),
        timeMs: reader.varint(),
        tenantId: readId(reader),
        keyId: reader.text(frameLimits.keyIdMaxBytes),
        limits: {
          frameMaxBytes: reader.varint(),
          handlesMax: reader.varint(),
          manifestEntriesMax: reader.varint(),
          unackedMaxBytes: reader.varint(),
          chunkMaxBytes: reader.varint(),
        },
        extensions: readExtensions(reader),
        signature: reader.fixed(64),
      };
    case frameTypes.HELD: {
      const uploadId = readUlid(reader);
      const handle = reader.varint();
      const more = flag(reader);
      const durable = readRuns(reader);
      const partial = list(reader, frameLimits.partialsMaxCount, () => ({
        index: reader.varint(),
        prefixBytes: reader.varint(),
        ...readForm(reader),
      }));
      return { type: 'HELD', uploadId, ...(handle > 0 && { handle: handle - 1 }), durable, partial, more };
    }
    case frameTypes.ACK:
      return {
        type: 'ACK',
        nowMs: readTenths(reader),
        lanes: list(reader, frameLimits.lanesPerAckMaxCount, () => ({
          serial: reader.varint(),
          receivedBytes: reader.varint(),
          heldMs: readTenths(reader),
        })),
        documents: list(reader, frameLimits.documentsPerAckMaxCount, () => ({
          handle: reader.varint(),
          durable: readRuns(reader),
        })),
      };
    case frameTypes.WANT:
      return {
        type: 'WANT',
        handle: reader.varint(),
        reason: pick(wantReasons, reader.varint()),
        runs: readRuns(reader),
      };
    case frameTypes.RECEIPT:
      return {
        type: 'RECEIPT',
        keyId: reader.text(frameLimits.keyIdMaxBytes),
        receipts: list(reader, frameLimits.receiptsMaxCount, () => ({
          uploadId: readUlid(reader),
          documentId: readId(reader),
          version: reader.varint(),
          lengthBytes: reader.varint(),
          sha256: reader.fixed(32),
          storedMs: reader.varint(),
        })),
        signature: reader.fixed(64),
        extensions: readExtensions(reader),
      };
    case frameTypes.NOTICE:
      return {
        type: 'NOTICE',
        sequence: reader.varint(),
        uploadId: readUlid(reader),
        documentId: readId(reader),
        version: reader.varint(),
        kind: flag(reader) ? 'index-failed' : 'indexed',
        passages: reader.varint(),
        reason: reader.text(frameLimits.messageMaxBytes),
        atMs: reader.varint(),
        extensions: readExtensions(reader),
      };
    case frameTypes.REFUSED:
      return {
        type: 'REFUSED',
        handle: reader.varint(),
        class: pick(failureClasses, reader.varint()),
        code: readCode(reader),
        message: reader.text(frameLimits.messageMaxBytes),
        retryAfterMs: reader.varint(),
      };
    case frameTypes.INVENTORY_PAGE:
      return {
        type: 'INVENTORY_PAGE',
        more: flag(reader),
        entries: list(reader, frameLimits.inventoryMaxCount, () => ({
          name: reader.prefixed(frameLimits.nameMaxBytes),
          version: reader.varint(),
          uploadId: readUlid(reader),
          lengthBytes: reader.varint(),
          sha256: reader.fixed(32),
          indexed: flag(reader),
        })),
      };
    case frameTypes.PONG: {
      const stamp = reader.varint();
      const signature = optional(reader, 64);
      return { type: 'PONG', stamp, ...(signature && { signature }) };
    }
    case frameTypes.COUNTED:
      return {
        type: 'COUNTED',
        lanes: list(reader, frameLimits.lanesLeftMaxCount, () => ({
          serial: reader.varint(),
          receivedBytes: reader.varint(),
        })),
      };
    case frameTypes.BYE_FROM_CLOUD:
      return readBye(reader);
    default:
      return undefined;
  }
}

function readBye(reader: ByteReader) {
  return {
    type: 'BYE' as const,
    code: readCode(reader),
    message: reader.text(frameLimits.messageMaxBytes),
    retryAfterMs: reader.varint(),
  };
}

/** Chunk lengths; the first number's remainder by 4 says what follows: 0 nothing, 1 an id, 2 the form in which bytes travel. */
function readEntries(reader: ByteReader): AnnouncedChunk[] {
  return list(reader, frameLimits.manifestEntriesMaxCount, (): AnnouncedChunk => {
    const head = reader.varint();
    const length = within(Math.floor(head / 4), 1, frameLimits.chunkMaxBytes);
    switch (head % 4) {
      case 0:
        return { length };
      case 1:
        return { length, id: reader.fixed(32) };
      case 2: {
        const form = readForm(reader);
        if (!form.encoded) throw new Malformed('an encoded chunk without its encoding');
        return { length, ...form };
      }
      default:
        throw new Malformed('a chunk of an unknown kind');
    }
  });
}

/** Encoding (0 none), then the length in it. */
function readForm(reader: ByteReader): { encoded?: EncodedForm } {
  const position = reader.varint();
  if (position === 0) return {};
  const encoding = pick(encodings, position - 1);
  return { encoded: { encoding, lengthBytes: within(reader.varint(), 1, frameLimits.chunkMaxBytes) } };
}

/** Milliseconds that travel as tenths. */
function readTenths(reader: ByteReader): number {
  return within(reader.varint(), 0, frameLimits.tenthsMax) / 10;
}

/** Unknown even tags are kept and harmless; no odd tag means anything in this version, so all are refused. */
function readExtensions(reader: ByteReader): Extension[] {
  let before = -1;
  return list(reader, frameLimits.extensionsMaxCount, () => {
    const tag = reader.varint();
    if (tag <= before) throw new Malformed('extensions out of order');
    if (tag % 2 === 1) throw new Malformed('extension that must be understood, and is not');
    before = tag;
    return { tag, bytes: reader.prefixed(frameLimits.extensionMaxBytes) };
  });
}

function list<T>(reader: ByteReader, maxCount: number, one: () => T): T[] {
  const count = reader.varint();
  if (count > maxCount) throw new Malformed('list longer than allowed');
  const items: T[] = [];
  for (let n = 0; n < count; n++) items.push(one());
  return items;
}

function readUlid(reader: ByteReader): string {
  const ulid = ulidFromBytes(reader.fixed(16));
  if (!isUlid(ulid)) throw new Malformed('not a ULID');
  return ulid;
}

function readCode(reader: ByteReader): string {
  const code = reader.text(frameLimits.codeMaxBytes);
  if (!/^TENDER_[A-Z_]+$/.test(code)) throw new Malformed('not a problem code');
  return code;
}

function flag(reader: ByteReader): boolean {
  return within(reader.byte(), 0, 1) === 1;
}

function optional(reader: ByteReader, length: number): Uint8Array | undefined {
  const bytes = reader.prefixed(length);
  if (bytes.length !== 0 && bytes.length !== length) throw new Malformed('field of the wrong length');
  return bytes.length === 0 ? undefined : bytes;
}

function within(value: number, min: number, max: number): number {
  if (value < min || value > max) throw new Malformed('number out of its range');
  return value;
}

function pick<T>(values: readonly T[], position: number): T {
  const value = values[position];
  if (value === undefined) throw new Malformed('number out of its list');
  return value;
}

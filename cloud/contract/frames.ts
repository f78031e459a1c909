// What travels on the line, frame by frame: one binary WebSocket message is one frame. Layouts in docs/protocol.md; the
// bytes are made by frame-encoder.ts and read by frame-decoder.ts. Both ends speak in these types.
import type { FailureClass } from './failure.ts';
import type { Run } from './runs.ts';

/** The protocol's version: `Tender-Line: v=…`, HELLO.version and the subprotocol `tender.1`. */
export const protocolVersion = 1;
export const subprotocol = 'tender.1';

/** Growth: tags a reader does not know are skipped when even, refused when odd. Ascending by tag, each at most once. */
export interface Extension {
  readonly tag: number;
  readonly bytes: Uint8Array;
}

// -------------------------------------------------------------------------------------------------- yacht → cloud

/** Opens a document under a handle of this session. Handles count up from 0 and are never used twice. */
export interface OfferFrame {
  readonly type: 'OFFER';
  readonly handle: number;
  /** ULID: the document version's identity everywhere. */
  readonly uploadId: string;
  readonly version: number;
  /** 1 … 10, 1 is the most urgent. */
  readonly priority: number;
  readonly modifiedMs: number;
  /** The document's name, as bytes. */
  readonly name: Uint8Array;
  readonly extensions: readonly Extension[];
}

/** How the bytes of a chunk or a pack travel when not as they are; on the wire by position + 1. */
export const encodings = ['zstd', 'patch'] as const;
export type Encoding = (typeof encodings)[number];

/** The form in which a chunk's bytes travel; slices and prefixes count in these bytes. Absent everywhere: as they are. */
export interface EncodedForm {
  readonly encoding: Encoding;
  /** Bytes in this form, 1 … chunkMaxBytes. */
  readonly lengthBytes: number;
}

/** A chunk as announced. `length`: of its content. With an id no bytes follow: the cloud has them. Never both id and form. */
export interface AnnouncedChunk {
  readonly length: number;
  readonly id?: Uint8Array;
  readonly encoded?: EncodedForm;
}

/** Chunks of the growing manifest, from `first` on. */
export interface ManifestFrame {
  readonly type: 'MANIFEST';
  readonly handle: number;
  readonly first: number;
  readonly entries: readonly AnnouncedChunk[];
  readonly extensions: readonly Extension[];
}

/**
 * Chunks from `first` on are those of an older version of the same document, named by their place in it: run after run, without
 * gaps here. No bytes and no MANIFEST entries for them follow. A base that is not ashore: WANT unknown-reference.
 */
export interface CopyFrame {
  readonly type: 'COPY';
  readonly handle: number;
  readonly first: number;
  readonly baseVersion: number;
  readonly runs: readonly { readonly baseIndex: number; readonly count: number }[];
  readonly extensions: readonly Extension[];
}

/** Whole small documents in one frame; what is inside is read by pack.ts. Each opens its handle: no OFFER, no FINISH. */
export interface PackFrame {
  readonly type: 'PACK';
  /** Absent: as they are. A patch is refused. */
  readonly encoding?: 'zstd';
  /** Bytes of the list when decoded, 1 … packMaxBytes. */
  readonly lengthBytes: number;
  readonly bytes: Uint8Array;
}

/** A piece of a chunk. Any lane of the session may carry it, in any order, any number of times. */
export interface SliceFrame {
  readonly type: 'SLICE';
  readonly handle: number;
  readonly index: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** The manifest is complete: this is the whole document. */
export interface FinishFrame {
  readonly type: 'FINISH';
  readonly handle: number;
  readonly lengthBytes: number;
  readonly chunks: number;
  readonly sha256: Uint8Array;
  readonly extensions: readonly Extension[];
}

/** The yacht gives the document up; what is held of it may be forgotten. */
export interface DropFrame {
  readonly type: 'DROP';
  readonly handle: number;
}

/** All notices up to `cursor` are in the yacht's log. */
export interface SeenFrame {
  readonly type: 'SEEN';
  readonly cursor: number;
}

/** Asks for the next page of what this device has ashore, by name bytes; `after` absent: from the start. */
export interface InventoryFrame {
  readonly type: 'INVENTORY';
  readonly after?: Uint8Array;
  readonly extensions: readonly Extension[];
}

/** These lanes are given up aboard: nothing more is read from them, and COUNTED tells what they brought. */
export interface LeftFrame {
  readonly type: 'LEFT';
  /** HELLO.serial of each. */
  readonly serials: readonly number[];
}

/** Heartbeat; with a nonce (16 bytes) the answer must be signed. */
export interface PingFrame {
  readonly type: 'PING';
  readonly stamp: number;
  readonly nonce?: Uint8Array;
}

// -------------------------------------------------------------------------------------------------- cloud → yacht

export interface LineLimits {
  /** Largest frame the cloud reads. */
  readonly frameMaxBytes: number;
  /** Documents open at once in one session. */
  readonly handlesMax: number;
  /** Entries of one MANIFEST frame. */
  readonly manifestEntriesMax: number;
  /** Bytes the yacht may have on its way unconfirmed. */
  readonly unackedMaxBytes: number;
  /** Largest chunk of a manifest. */
  readonly chunkMaxBytes: number;
}

/** First frame of every lane. The signature covers everything before it and the yacht's nonce: see signatures.ts. */
export interface HelloFrame {
  readonly type: 'HELLO';
  readonly version: number;
  /** 32 hex characters. */
  readonly sessionId: string;
  readonly lane: number;
  /** Number of this connection within the cloud's memory of the session: 1, 2, 3 …, never used twice. ACKs name lanes by it. */
  readonly serial: number;
  /**
   * Since when (wall ms) the cloud remembers this session. Another value than on the lanes before: it remembers nothing that was
   * said (it was started anew, or the yacht was away too long), and all documents are to be offered again.
   */
  readonly sinceMs: number;
  /** Fencing number of this session; a newer one ends it. */
  readonly epoch: number;
  /** The cloud's wall clock. */
  readonly timeMs: number;
  readonly tenantId: string;
  readonly keyId: string;
  readonly limits: LineLimits;
  readonly extensions: readonly Extension[];
  /** 64 bytes. */
  readonly signature: Uint8Array;
}

/** What the cloud holds of one open document. Several frames when the runs are many: the last has `more` false. */
export interface HeldFrame {
  readonly type: 'HELD';
  readonly uploadId: string;
  /** The answer to this handle's OFFER; absent: said unasked, after HELLO. */
  readonly handle?: number;
  readonly durable: readonly Run[];
  /** Not durable yet, but here: the first `prefixBytes` of these chunks, in this form, need not be sent while this session lasts. */
  readonly partial: readonly PartialHeld[];
  readonly more: boolean;
}

/** What the cloud holds of a chunk that is not durable. `encoded` absent: the prefix counts in the chunk's own bytes. */
export interface PartialHeld {
  readonly index: number;
  readonly prefixBytes: number;
  readonly encoded?: EncodedForm;
}

/**
 * Two watermarks: received per lane (pace by it), durable per document (forget by it). Comes on any lane of the session and may
 * repeat what was said: everything in it is cumulative. Times are in ms, in steps of a tenth.
 */
export interface AckFrame {
  readonly type: 'ACK';
  /** The cloud's monotonic clock when this was said. */
  readonly nowMs: number;
  readonly lanes: readonly LaneAck[];
  readonly documents: readonly { readonly handle: number; readonly durable: readonly Run[] }[];
}

export interface LaneAck {
  /** HELLO.serial of the lane. */
  readonly serial: number;
  /** Bytes of all frames read on it so far, without WebSocket headers. */
  readonly receivedBytes: number;
  /** How long before `nowMs` the newest of them was read: take it off the round trip. */
  readonly heldMs: number;
}

/** The cloud's monotonic clock when the newest frame of this lane was read. */
export function arrivalMs(ack: AckFrame, lane: LaneAck): number {
  return (Math.round(ack.nowMs * 10) - Math.round(lane.heldMs * 10)) / 10;
}

/** Why a WANT was said. */
export const wantReasons = ['hole', 'unknown-reference', 'known', 'undecodable'] as const;
export type WantReason = (typeof wantReasons)[number];

/**
 * `known`: these chunks need not be sent. Else: these must be (again), with their bytes; `undecodable`: as they are, since their
 * encoded form cannot be read here. Cancels or adds, never gates.
 */
export interface WantFrame {
  readonly type: 'WANT';
  readonly handle: number;
  readonly reason: WantReason;
  readonly runs: readonly Run[];
}

/** Versions that are durable and committed. One signature over all of them: see receipt.ts. */
export interface ReceiptFrame {
  readonly type: 'RECEIPT';
  readonly keyId: string;
  readonly receipts: readonly {
    readonly uploadId: string;
    readonly documentId: string;
    readonly version: number;
    readonly lengthBytes: number;
    readonly sha256: Uint8Array;
    readonly storedMs: number;
  }[];
  readonly extensions: readonly Extension[];
  readonly signature: Uint8Array;
}

export interface NoticeFrame {
  readonly type: 'NOTICE';
  readonly sequence: number;
  readonly uploadId: string;
  readonly documentId: string;
  readonly version: number;
  readonly kind: 'indexed' | 'index-failed';
  readonly passages: number;
  readonly reason: string;
  readonly atMs: number;
  readonly extensions: readonly Extension[];
}

/** This document cannot go on under this handle; the class says what to do. */
export interface RefusedFrame {
  readonly type: 'REFUSED';
  readonly handle: number;
  readonly class: FailureClass;
  readonly code: string;
  readonly message: string;
  /** 0: no wish. */
  readonly retryAfterMs: number;
}

export interface InventoryPageFrame {
  readonly type: 'INVENTORY_PAGE';
  readonly more: boolean;
  readonly entries: readonly {
    readonly name: Uint8Array;
    readonly version: number;
    readonly uploadId: string;
    readonly lengthBytes: number;
    readonly sha256: Uint8Array;
    readonly indexed: boolean;
  }[];
}

export interface PongFrame {
  readonly type: 'PONG';
  readonly stamp: number;
  /** 64 bytes over the PING's nonce, when it had one. */
  readonly signature?: Uint8Array;
}

/** The answer to LEFT, and final: what else left on these lanes never arrives. A lane that nobody remembers brought nothing. */
export interface CountedFrame {
  readonly type: 'COUNTED';
  readonly lanes: readonly Pick<LaneAck, 'serial' | 'receivedBytes'>[];
}

/** Either way: this lane ends. Over the cloud's signature of HELLO it is as true as the lane is. */
export interface ByeFrame {
  readonly type: 'BYE';
  readonly code: string;
  readonly message: string;
  readonly retryAfterMs: number;
}

export type YachtFrame =
  | OfferFrame
  | ManifestFrame
  | CopyFrame
  | PackFrame
  | SliceFrame
  | FinishFrame
  | DropFrame
  | SeenFrame
  | InventoryFrame
  | LeftFrame
  | PingFrame
  | ByeFrame;

export type CloudFrame =
  | HelloFrame
  | HeldFrame
  | AckFrame
  | WantFrame
  | ReceiptFrame
  | NoticeFrame
  | RefusedFrame
  | InventoryPageFrame
  | PongFrame
  | CountedFrame
  | ByeFrame;

export type Frame = YachtFrame | CloudFrame;
export type FrameType = Frame['type'];

/** First byte. 0x80 is set from the cloud; 0x40 marks types that a reader may ignore when it does not know them. */
export const frameTypes = {
  OFFER: 0x01,
  MANIFEST: 0x02,
  SLICE: 0x03,
  FINISH: 0x04,
  DROP: 0x05,
  SEEN: 0x06,
  INVENTORY: 0x07,
  PING: 0x08,
  BYE: 0x09,
  COPY: 0x0a,
  PACK: 0x0b,
  LEFT: 0x0c,
  HELLO: 0x81,
  HELD: 0x82,
  ACK: 0x83,
  WANT: 0x84,
  RECEIPT: 0x85,
  NOTICE: 0x86,
  REFUSED: 0x87,
  INVENTORY_PAGE: 0x88,
  PONG: 0x89,
  BYE_FROM_CLOUD: 0x8a,
  COUNTED: 0x8b,
} as const;

/** Ceilings of the frames' own fields, the same on both ends; what a peer may use of them is in HELLO's limits. */
export const frameLimits = {
  /** A slice of 64 KiB and its header fit; the cloud's WebSocket refuses more. */
  frameMaxBytes: 128 * 1024,
  nameMaxBytes: 4_096,
  codeMaxBytes: 64,
  messageMaxBytes: 1_024,
  keyIdMaxBytes: 64,
  extensionMaxBytes: 16 * 1024,
  extensionsMaxCount: 16,
  manifestEntriesMaxCount: 2_048,
  partialsMaxCount: 256,
  lanesPerAckMaxCount: 16,
  lanesLeftMaxCount: 64,
  documentsPerAckMaxCount: 256,
  /** Tenths of a millisecond since the cloud started: 3,500 years. */
  tenthsMax: 2 ** 50,
  receiptsMaxCount: 64,
  copyRunsMaxCount: 1_024,
  /** A pack when decoded. */
  packMaxBytes: 256 * 1024,
  packDocumentsMaxCount: 256,
  inventoryMaxCount: 256,
  chunkMaxBytes: 1024 * 1024,
  /** Chunks of one document: 2^31 of 64 KiB are 128 TiB. */
  chunksMaxCount: 2 ** 31,
  /** Handles of one session, and versions of one document. */
  handlesMaxCount: 2 ** 31,
  versionsMaxCount: 2 ** 31 - 1,
  /** The last moment a Date can name. */
  timeMaxMs: 8_640_000_000_000_000,
} as const;

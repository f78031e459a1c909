// Ceilings of the line ashore, in one place: what one yacht, and all yachts together, may make this process hold.

export interface LineLimitsAshore {
  /** Largest frame read; larger ones end the lane. */
  readonly frameMaxBytes: number;
  /** Documents open at once in a session. */
  readonly handlesMax: number;
  readonly manifestEntriesMax: number;
  /** Told to the yacht: bytes on their way unconfirmed. */
  readonly unackedMaxBytes: number;
  readonly chunkMaxBytes: number;
  /** Manifest entries of a document whose chunks are not durable yet. */
  readonly entriesPendingMax: number;
  /** An ack leaves at the latest after this time while bytes arrive, */
  readonly ackEveryMs: number;
  /** or after this many bytes: at 100 MB/s a hundred milliseconds would be more than the window. */
  readonly ackEveryBytes: number;
  /** Complete chunks of one device waiting for the store; above it its lanes are not read. */
  readonly readyMaxBytes: number;
  /** Incomplete chunks of one device; above it the oldest are forgotten (they cost only being sent again). */
  readonly partialMaxBytes: number;
  /** Incomplete chunks of all devices together. */
  readonly partialTotalMaxBytes: number;
  /** Uploads remembered over sessions, of all devices together. */
  readonly shelvedUploadsMax: number;
  /** One call of documents.store: what shares a group of blobs and a transaction. */
  readonly storeBatchMaxBytes: number;
  readonly storeBatchMaxCount: number;
  /** With several lanes a slice may be overtaken by the finish: holes are asked for after this. */
  readonly holeGraceMs: number;
  /** Receipts wait this long for others to share their signature. */
  readonly receiptGatherMs: number;
  /** Notices sent and not yet in the yacht's log. */
  readonly noticesUnseenMax: number;
  readonly inventoryPageCount: number;
  /** A lane without a byte for so long is dead: heartbeats come every hour at the rarest. */
  readonly laneIdleMaxMs: number;
  /** Nonces of upgrades remembered against replay; they expire with the signature's window. */
  readonly noncesMax: number;
}

export const lineLimits: LineLimitsAshore = {
  frameMaxBytes: 128 * 1024,
  handlesMax: 256,
  manifestEntriesMax: 2_048,
  unackedMaxBytes: 8 * 1024 * 1024,
  chunkMaxBytes: 256 * 1024,
  entriesPendingMax: 32_768,
  ackEveryMs: 100,
  ackEveryBytes: 512 * 1024,
  readyMaxBytes: 16 * 1024 * 1024,
  partialMaxBytes: 8 * 1024 * 1024,
  partialTotalMaxBytes: 256 * 1024 * 1024,
  shelvedUploadsMax: 4_096,
  storeBatchMaxBytes: 8 * 1024 * 1024,
  storeBatchMaxCount: 256,
  holeGraceMs: 300,
  receiptGatherMs: 2,
  noticesUnseenMax: 256,
  inventoryPageCount: 64,
  laneIdleMaxMs: 3 * 3_600_000,
  noncesMax: 65_536,
};

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
  /** An ack leaves this long after the first byte that it confirms, */
  readonly ackEveryMs: number;
  /** sooner at the beginning of a burst, when the yacht knows least, */
  readonly ackEarlyMs: number;
  readonly ackEarlyForMs: number;
  /** and when so many bytes came: at 100 MB/s a hundred milliseconds would be more than the window. */
  readonly ackEveryBytes: number;
  /** What acks may cost of the bytes that came, with all headers; what a burst may spend of it in advance; */
  readonly ackShare: number;
  readonly ackAdvanceBytes: number;
  /** and how long an ack waits for that at most. */
  readonly ackHeldMaxMs: number;
  /** After so much silence a burst begins. A lane that was silent so long may be asleep. */
  readonly silenceMs: number;
  /** What was said on a lane is remembered so long and so much, to be said again when the lane dies or sleeps. */
  readonly saidKeptMs: number;
  readonly saidKeptMaxBytes: number;
  /** A session without lanes is remembered so long. */
  readonly sessionLingerMs: number;
  /** Frames whose OFFER is still on another lane: all of a session, and how long they wait. */
  readonly earlyMaxBytes: number;
  readonly earlyKeptMs: number;
  /** Handles that ended, of which the last word is remembered; and gaps in the handles of a session. */
  readonly endedHandlesMax: number;
  readonly handleGapsMax: number;
  /** Complete chunks of one device waiting for the store; above it its lanes are not read. */
  readonly readyMaxBytes: number;
  /** Chunks of one document being decoded at once. */
  readonly decodingMaxCount: number;
  /** Incomplete chunks of one device; above it the oldest are forgotten (they cost only being sent again). */
  readonly partialMaxBytes: number;
  /** Incomplete chunks of all devices together. */
  readonly partialTotalMaxBytes: number;
  /** Uploads remembered over sessions, of all devices together. */
  readonly shelvedUploadsMax: number;
  /** One call of documents.store: what shares a group of blobs and a transaction. */
  readonly storeBatchMaxBytes: number;
  readonly storeBatchMaxCount: number;
  /** With several lanes a slice may be overtaken by the finish: holes are asked for when nothing came for at least so long. */
  readonly holeQuietMs: number;
  /** Whole documents of packs written in one transaction. */
  readonly packBatchMaxCount: number;
  readonly packBatchMaxBytes: number;
  /** Receipts wait this long for others to share their signature, and what is missed for more that is. */
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
  ackEarlyMs: 25,
  ackEarlyForMs: 2_000,
  ackEveryBytes: 512 * 1024,
  ackShare: 0.01,
  ackAdvanceBytes: 1_024,
  ackHeldMaxMs: 1_500,
  silenceMs: 1_000,
  saidKeptMs: 60_000,
  saidKeptMaxBytes: 512 * 1024,
  sessionLingerMs: 600_000,
  earlyMaxBytes: 4 * 1024 * 1024,
  earlyKeptMs: 15_000,
  endedHandlesMax: 2_048,
  handleGapsMax: 4_096,
  readyMaxBytes: 16 * 1024 * 1024,
  decodingMaxCount: 4,
  partialMaxBytes: 8 * 1024 * 1024,
  partialTotalMaxBytes: 256 * 1024 * 1024,
  shelvedUploadsMax: 4_096,
  storeBatchMaxBytes: 8 * 1024 * 1024,
  storeBatchMaxCount: 256,
  holeQuietMs: 2_000,
  packBatchMaxCount: 256,
  packBatchMaxBytes: 4 * 1024 * 1024,
  receiptGatherMs: 20,
  noticesUnseenMax: 256,
  inventoryPageCount: 64,
  laneIdleMaxMs: 3 * 3_600_000,
  noncesMax: 65_536,
};

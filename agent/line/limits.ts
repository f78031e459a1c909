// Ceilings and measures of the line aboard, in one place.

export interface LineLimitsAboard {
  /** Connections of the session at once, at most 16. */
  readonly lanesMax: number;
  /** Bytes on their way unconfirmed, at most; the cloud may allow less. */
  readonly windowMaxBytes: number;
  /** Before anything is known of the line: an initial flight of TCP is 14 KB, a GEO link holds 150 KB. */
  readonly windowStartBytes: number;
  /** The window is rate × (round trip + this): what the cloud takes to answer, and a little queue (peers, point 4). */
  readonly windowSlackMs: number;
  /** Slices are this much of the rate: the grain of pre-emption and of pacing. */
  readonly sliceMs: number;
  readonly sliceMinBytes: number;
  readonly sliceMaxBytes: number;
  /** Slices before a rate is known. */
  readonly sliceStartBytes: number;
  /** Bytes a socket may hold that the kernel has not taken. */
  readonly socketMaxBytes: number;
  /** Memory kept for frames to come, as much as the socket may hold. */
  readonly framesKeptMaxBytes: number;
  /** A document up to so long travels whole, in a pack with others; 0: none does. */
  readonly packDocumentMaxBytes: number;
  /** Documents that may have a handle at once, below what the cloud allows; the second for urgent ones. */
  readonly handlesMax: number;
  readonly handlesUrgentMax: number;
  /** In hand of all documents that stand before one: it is not read yet. What waits behind costs no memory. */
  readonly readAheadMaxBytes: number;
  /** Read ahead per document. */
  readonly prefetchMaxBytes: number;
  /** Sent or named and not durable ashore, per document: reading waits above it. */
  readonly undurableMaxBytes: number;
  /** Documents whose effects were stopped and which are kept for going on where they were. */
  readonly suspendedMax: number;
  /** How often the cloud may ask one document for holes before it is begun anew. */
  readonly wantRoundsMax: number;
  /** DNS, TCP, TLS, upgrade. */
  readonly connectTimeoutMs: number;
  /** From the upgrade to a HELLO that proves the cloud. */
  readonly helloTimeoutMs: number;
  /** How often a line with bytes outstanding is looked at. */
  readonly doubtCheckMs: number;
  /** Nothing confirmed for three round trips, and at least so long: fresh connections decide whether there is a line. */
  readonly doubtMinMs: number;
  /** A page of the inventory comes within this, or its asking failed. */
  readonly inventoryMaxMs: number;
  /** Notices read and not yet in the log; above it the lane is not read. */
  readonly noticesQueuedMax: number;
  /** Progress is told at most this often per document. */
  readonly progressEveryMs: number;
  /** A soft checkpoint of the durable bytes at most this often per document. */
  readonly checkpointEveryMs: number;
}

export const lineLimits: LineLimitsAboard = {
  lanesMax: 16,
  windowMaxBytes: 8 * 1024 * 1024,
  windowStartBytes: 64 * 1024,
  windowSlackMs: 200,
  sliceMs: 25,
  sliceMinBytes: 1_024,
  sliceMaxBytes: 64 * 1024,
  sliceStartBytes: 8 * 1024,
  socketMaxBytes: 512 * 1024,
  framesKeptMaxBytes: 512 * 1024,
  packDocumentMaxBytes: 16 * 1024,
  handlesMax: 232,
  handlesUrgentMax: 248,
  readAheadMaxBytes: 1024 * 1024,
  prefetchMaxBytes: 256 * 1024,
  undurableMaxBytes: 24 * 1024 * 1024,
  suspendedMax: 256,
  wantRoundsMax: 8,
  connectTimeoutMs: 30_000,
  helloTimeoutMs: 15_000,
  doubtCheckMs: 100,
  doubtMinMs: 1_500,
  inventoryMaxMs: 30_000,
  noticesQueuedMax: 1_024,
  progressEveryMs: 200,
  checkpointEveryMs: 5_000,
};

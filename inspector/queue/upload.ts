// One document as the queue page knows it: what the daemon tells (`uploadJson`), read with care. A field that is missing
// or of another shape becomes its harmless default, so an older daemon behind a newer page still shows its queue.

export type Range = { readonly low: number; readonly high: number };

export interface Receipt {
  readonly documentId: string;
  readonly keyId: string;
  /** When the cloud had it durably, ms by the cloud's signature. */
  readonly storedMs: number;
}

export interface SeenError {
  readonly class: string;
  readonly code: string;
  readonly message: string;
  readonly atMs: number;
}

export interface Upload {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  /** State of the machine: sighted, settling, sending, confirming, waiting, paused, parked, stored, indexed, cancelled. */
  readonly state: string;
  readonly priority: number;
  readonly addedMs: number;
  readonly sizeBytes: number | null;
  /** Durable ashore. */
  readonly sentBytes: number;
  /** On the wire, not yet confirmed. */
  readonly onTheWayBytes: number;
  readonly rateBytesPerSecond: number | null;
  /** Time left, ms. */
  readonly leftMs: Range | null;
  readonly attempts: number;
  readonly errors: readonly SeenError[];
  readonly why: string;
  readonly whatToDo: string;
  readonly untilMs: number | null;
  /** Something keeps it from moving although it is its turn to be sent: link, breaker, others. */
  readonly held: boolean;
  /** Commands a person may give now; null: the daemon did not say. */
  readonly actions: readonly string[] | null;
  readonly stored: Receipt | null;
  readonly receiptVerified: boolean;
  /** When it became searchable, ms; null: not yet, or not told. */
  readonly indexedMs: number | null;
  readonly passages: number | null;
  /** Why it was indexed without text. */
  readonly reason: string | null;
  /** Why the cloud could not index it. */
  readonly indexFailure: string | null;
  readonly sha256: string | null;
  readonly wireBytesUp: number;
  readonly saved: { readonly resumed: number; readonly deduped: number; readonly compressed: number };
  readonly costMicros: number | null;
}

type Fields = Readonly<Record<string, unknown>>;

export const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
export const textOf = (value: unknown, fallback = ''): string =>
  typeof value === 'string' ? value : fallback;
export const numberOf = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Undefined: no document at all (it has no id). */
export function readUpload(value: unknown): Upload | undefined {
  const json = fieldsOf(value);
  const id = textOf(json.id);
  if (id === '') return undefined;
  const state = textOf(json.state, 'sighted');
  const stored = json.stored === null || json.stored === undefined ? null : fieldsOf(json.stored);
  const saved = fieldsOf(json.savedBytes);
  const failure = json.indexFailure ? fieldsOf(json.indexFailure) : null;
  const onTheWayBytes = numberOf(json.onTheWayBytes) ?? 0;
  const rate = numberOf(json.rateBytesPerSecond);
  return {
    id,
    name: textOf(json.name, id),
    version: numberOf(json.version) ?? 1,
    state,
    priority: numberOf(json.priority) ?? 5,
    addedMs: numberOf(json.addedMs) ?? 0,
    sizeBytes: numberOf(json.sizeBytes),
    sentBytes: numberOf(json.sentBytes) ?? 0,
    onTheWayBytes,
    rateBytesPerSecond: rate,
    leftMs: readRange(json.leftMs),
    attempts: numberOf(json.attempts) ?? 0,
    errors: listOf(json.errors).map((one) => {
      const error = fieldsOf(one);
      return {
        class: textOf(error.class),
        code: textOf(error.code),
        message: textOf(error.message),
        atMs: numberOf(error.atMs) ?? 0,
      };
    }),
    why: textOf(json.why),
    whatToDo: textOf(json.whatToDo),
    untilMs: numberOf(json.untilMs),
    held: 'hold' in json ? Boolean(json.hold) : state === 'sending' && !rate && onTheWayBytes === 0,
    actions: Array.isArray(json.actions) ? json.actions.filter((one) => typeof one === 'string') : null,
    stored: stored && {
      documentId: textOf(stored.documentId),
      keyId: textOf(stored.keyId),
      storedMs: numberOf(stored.storedMs) ?? 0,
    },
    receiptVerified: json.receiptVerified === true,
    indexedMs: numberOf(json.indexedMs),
    passages: numberOf(json.passages),
    reason: typeof json.reason === 'string' ? json.reason : null,
    indexFailure: failure && textOf(failure.reason, 'no reason was given'),
    sha256: typeof json.sha256 === 'string' ? json.sha256 : null,
    wireBytesUp: numberOf(json.wireBytesUp) ?? 0,
    saved: {
      resumed: numberOf(saved.resumed) ?? 0,
      deduped: numberOf(saved.deduped) ?? 0,
      compressed: numberOf(saved.compressed) ?? 0,
    },
    costMicros: numberOf(json.costMicros),
  };
}

/** The documents of a list answer. */
export const readUploads = (answer: unknown): readonly Upload[] =>
  readEach(fieldsOf(answer).items, readUpload);

/** Each that can be read; the others are left out. */
export const readEach = <T>(value: unknown, read: (one: unknown) => T | undefined): readonly T[] =>
  listOf(value)
    .map(read)
    .filter((one) => one !== undefined);

export function readRange(value: unknown): Range | null {
  const { low, high } = fieldsOf(value);
  return typeof low === 'number' && typeof high === 'number' ? { low, high } : null;
}

/** Figures of a running document, between two records. */
export interface Progress {
  readonly id: string;
  readonly sentBytes: number;
  readonly onTheWayBytes: number;
  readonly rateBytesPerSecond: number | null;
  readonly leftMs: Range | null;
}

export function readProgress(value: unknown): Progress | undefined {
  const json = fieldsOf(value);
  const id = textOf(json.id);
  if (id === '') return undefined;
  return {
    id,
    sentBytes: numberOf(json.sentBytes) ?? 0,
    onTheWayBytes: numberOf(json.onTheWayBytes) ?? 0,
    rateBytesPerSecond: numberOf(json.rateBytesPerSecond),
    leftMs: readRange(json.leftMs),
  };
}

/** "papers/log.pdf" → the folder and the file; what was added by hand has no folder worth telling. */
export function nameParts(name: string): { readonly folder: string; readonly base: string } {
  const cut = name.lastIndexOf('/') + 1;
  const folder = name.slice(0, cut);
  return { folder: folder === 'added/' ? '' : folder, base: name.slice(cut) || name };
}

/** 0 to 100, for a bar; 100 only when it is stored. Null: its size is not known yet. */
export function percentOf(upload: Upload): number | null {
  if (isDelivered(upload)) return 100;
  if (!upload.sizeBytes) return upload.sizeBytes === 0 ? 0 : null;
  return Math.min(99, Math.floor((upload.sentBytes / upload.sizeBytes) * 1_000) / 10);
}

export const isDelivered = ({ state }: Upload): boolean => state === 'stored' || state === 'indexed';
/** Nothing will happen to it on its way ashore any more. */
export const isEnded = (upload: Upload): boolean => isDelivered(upload) || upload.state === 'cancelled';

/** How the bar is drawn, so that no state hangs on a colour. */
export type BarLook = 'moving' | 'held' | 'queued' | 'final';

export function barLookOf(upload: Upload): BarLook {
  if (isEnded(upload)) return 'final';
  const begun = upload.sentBytes > 0 || upload.onTheWayBytes > 0;
  if ((upload.state === 'sending' || upload.state === 'confirming') && !upload.held) return 'moving';
  return begun || upload.state === 'paused' || upload.state === 'waiting' || upload.state === 'parked'
    ? 'held'
    : 'queued';
}

/** One word for the state, for people. */
export function stateWord(upload: Upload): string {
  if (upload.state === 'sending' && upload.held) return upload.sentBytes > 0 ? 'Held' : 'Queued';
  return words[upload.state] ?? upload.state;
}

const words: Readonly<Record<string, string>> = {
  sighted: 'Found',
  settling: 'Being written',
  sending: 'Sending',
  confirming: 'Receipt awaited',
  waiting: 'Waiting',
  paused: 'Paused',
  parked: 'Needs a decision',
  stored: 'Stored',
  indexed: 'Searchable',
  cancelled: 'Cancelled',
};

// What the host promises the rest of the daemon: the one place where events become facts. Callers hold a Host and never
// see keys, batches or cells in the making. A promise that resolves means: on the medium. docs/event-log.md has the rules.
import type { Json, JsonObject } from '../../machines/json.ts';
import type { Cell, MachineEvent } from '../../machines/kernel.ts';
import type { Hold, SmallPlaces } from '../../machines/schedule.ts';
import type { Change, KeyRange } from '../ports.ts';
import type { Glance } from './glance.ts';
import type { NewestRange } from './newest.ts';

/** Who an event came from: a person or program, an effect's outcome, a timer, or the system around the machines. */
export type Source = 'cmd' | 'fx' | 'tm' | 'sys';

/** One record of the log, as read back. `seq` counts all records, `n` those of one actor; both without gaps. */
export interface Rec {
  readonly seq: number;
  readonly actor: string;
  /** `upload@1`; the host's own records are `host@1`. */
  readonly kind: string;
  readonly n: number;
  /** Log time, ms: wall clock at the boot's start plus monotonic time since. */
  readonly at: number;
  /** Wall clock, ms, for people only. */
  readonly wall: number;
  readonly src: Source;
  readonly boot: number;
  readonly event: MachineEvent;
  /** State after the event, and the kernel's digest of the whole cell. */
  readonly state: string;
  readonly digest: number;
  /** SHA-256 over the previous record's hash and this record's body, base64url. */
  readonly hash: string;
}

export interface Accepted {
  readonly accepted: true;
  readonly seq: number;
  readonly n: number;
  readonly state: string;
}

/** A record at a glance: everything about it but the event's fields, kind, boot and hash. */
export type Outline = Pick<Rec, 'seq' | 'actor' | 'n' | 'at' | 'src' | 'state'> & { readonly type: string };

/** Which records, in order of the log or, with `actor`, of its own numbers. Both bounds are exclusive. */
export interface RecordRange {
  readonly actor?: string;
  readonly after?: number;
  readonly before?: number;
  /** Newest first. */
  readonly reverse?: boolean;
  readonly limit: number;
}

/** Records wanted of a range; a list fits when it holds the value, an absent one always. */
export interface RecordFilter extends RecordRange {
  readonly types?: readonly string[];
  readonly states?: readonly string[];
  readonly sources?: readonly Source[];
}

export interface RecordsFound {
  readonly records: readonly Rec[];
  /** The last record looked at; the next search goes on from there. */
  readonly scannedTo: number | undefined;
  /** False: the range was read to its end. */
  readonly more: boolean;
}

/** Where the kept history of an actor begins: its cell after record `n`, the last one dropped. */
export type Base =
  | { readonly n: number; readonly cell: Cell; readonly lost?: undefined }
  /** No cell can be told, and why. */
  | { readonly n: number; readonly cell?: undefined; readonly lost: string };

/** One actor as it stands. */
export interface ActorState {
  readonly actor: string;
  readonly kind: string;
  readonly cell: Cell;
  /** Log time of its last record. */
  readonly lastAt: number;
  /** Its work is over: only a receipt is left. */
  readonly finished: boolean;
  /** Why it was set aside, if it was. */
  readonly quarantined?: string;
}

/** Nothing was written. Normal for duplicates: a sender that repeats itself gets this the second time. */
export interface Refused {
  readonly accepted: false;
  readonly reason:
    | 'unknown'
    | 'exists'
    | 'finished'
    | 'not-accepted'
    | 'invalid'
    | 'quarantined'
    | 'moved-on';
  /** For people: what to do instead. */
  readonly message: string;
}

export interface RecoveryReport {
  readonly logId: string;
  readonly boot: number;
  /** Records folded again because no head held them yet; at most `replayMaxRecords`. */
  readonly replayed: number;
  readonly lastSeq: number;
  /** True when the previous boot closed the log itself. */
  readonly clean: boolean;
  /** Actors set aside because their records no longer fold to what was written; everything else runs. */
  readonly quarantined: readonly string[];
  /** Present when the log was broken: the daemon must rescan its folders and ask the cloud for its inventory. */
  readonly rebuilt?: Rebuilt;
  /** Monotonic ms spent in open(). */
  readonly tookMs: number;
}

export interface Rebuilt {
  /** What was found wrong, in one sentence. */
  readonly reason: string;
  /** Where the broken log lies now. */
  readonly evidence: string;
  /** The log the salvaged state came from, if it could be read. */
  readonly formerLogId?: string;
  /** `checkpoint`: state up to the damage was saved; `empty`: nothing could be trusted. */
  readonly from: 'checkpoint' | 'empty';
  readonly actorsSaved: number;
  readonly rowsSaved: number;
  /** Records that were promised and are gone, as far as can be counted. */
  readonly recordsLost: number;
}

/** What an effect handler is given. `id` is `logId/actor/n.i`: the idempotency key towards everything outside. */
export interface EffectRequest {
  readonly id: string;
  readonly actor: string;
  readonly type: string;
  readonly params: JsonObject;
  /** Fires when the machine no longer wants the effect, when its permit is withdrawn (link gone), and at close. */
  readonly signal: AbortSignal;
  /** Latest wins, in memory, never logged. */
  progress(json: Json): void;
  /** A soft event on the way, such as `transfer.checkpointed`; keeps the effect open. */
  checkpoint(event: MachineEvent): void;
}

/**
 * Does the effect and answers with the event that closes it, without `fx`: the host adds it. After an abort it may reject
 * with anything: the entry stays in the ledger and is issued again when it may run. Any other rejection is a fault of the
 * handler: retried, then turned into a LOCAL failure. Handlers are idempotent: the same id may be issued again.
 */
export type EffectHandler = (request: EffectRequest) => Promise<MachineEvent>;

/** Why the queue stands as it does, for `why` and the health page. */
export interface HostStatus {
  readonly logId: string;
  readonly boot: number;
  readonly lastSeq: number;
  /** Sequence number of the first record that is kept. */
  readonly oldestSeq: number;
  /** `stopped`: a write failed; nothing is acknowledged until the log was reopened and verified. */
  readonly writing: 'open' | 'stopped' | 'closed';
  readonly linePermits: number;
  readonly running: number;
  readonly liveCells: number;
  readonly refusedEvents: number;
  readonly lastWriteError?: string;
}

export interface Filter {
  readonly state?: string;
  readonly kind?: string;
  /** Actors after this one, in order of their ids. */
  readonly after?: string;
  readonly limit: number;
}

export interface ActorFilter extends Filter {
  /** A piece of the actor's id, or of its document's name, in any case of letters. */
  readonly text?: string;
}

export interface ActorsFound {
  readonly actors: readonly ActorState[];
  /** The last actor looked at; the next search goes on after it. */
  readonly scannedTo: string | undefined;
  /** False: there are no further actors. */
  readonly more: boolean;
}

export interface Host {
  /** Verifies the log, folds what no head holds yet, re-arms timers, then issues open effects again by priority. */
  open(): Promise<RecoveryReport>;
  /** Births an actor with record n = 1. `rows` commit in the same batch. */
  create(actor: string, input: JsonObject, options?: SendOptions): Promise<Accepted | Refused>;
  /**
   * Resolves once the event is on the medium. Rejects with TENDER_LOG_WRITE_FAILED when the log cannot be written: the event
   * may or may not have been kept, so repeat it (a duplicate is refused). `rows` are written only if the event is accepted.
   */
  send(actor: string, event: MachineEvent, options?: SendOptions): Promise<Accepted | Refused>;
  /** The durable state: live, head or receipt row. Activates nothing. */
  read(actor: string): Promise<Cell | undefined>;
  list(filter: Filter): AsyncIterable<{ readonly actor: string; readonly cell: Cell }>;
  /** Records in order, after sequence number (or, with `actor`, after that actor's n) `after`. */
  history(range: RecordRange): AsyncIterable<Rec>;
  /** The same at a glance, several times faster. */
  outlines(range: RecordRange): AsyncIterable<Outline>;
  /** At most `limit` records that fit, among at most `scannedMaxRecords` looked at. */
  search(filter: RecordFilter): Promise<RecordsFound>;
  /** Where an actor's kept history begins; undefined: with its first record. */
  base(actor: string): Promise<Base | undefined>;
  /** The durable state with what is known around it; activates nothing. */
  look(actor: string): Promise<ActorState | undefined>;
  /** Actors in order of their ids that fit, among at most `scannedMaxActors` looked at. */
  find(filter: ActorFilter): Promise<ActorsFound>;
  /** A few numbers of each actor of a kind that has a priority, in order of ids, without unpacking it. */
  glances(range: {
    readonly kind: string;
    readonly after?: string;
    readonly limit: number;
  }): AsyncIterable<Glance>;
  /** Finished actors of a kind, newest first, before `before`. */
  newest(range: NewestRange): AsyncIterable<{ readonly actor: string; readonly cell: Cell }>;
  /** Every record once it is durable; the answer unsubscribes. */
  tail(listener: (rec: Rec) => void): () => void;
  /** A side row (`file/…`, `ch/…`, `cursor` …), as last durable. */
  row(key: string): Promise<string | undefined>;
  rows(range: KeyRange): AsyncIterable<readonly [key: string, value: string]>;
  /** Soft rows are durable within `softDelayMs`, in order with everything else. */
  putRows(changes: readonly Change[], options?: { readonly soft?: boolean }): Promise<void>;
  /** Before or after open(); effects of a type nobody handles wait in the ledger. */
  register(type: string, handler: EffectHandler): void;
  /** How many effects that need the line may run at once, and small documents beside them; connection and breaker can lower it to 0. */
  setPermits(permit: 'line', count: number, small?: SmallPlaces): void;
  /** Latest-wins figures of a running effect, for people. */
  progress(actor: string, json: Json): void;
  progressOf(actor: string): Json | undefined;
  /**
   * What keeps an actor's effect from using the line; null: it runs, or wants nothing of the line. `ahead`: how many that do
   * not run stand before it, if the caller has counted; else up to a thousand rows are.
   */
  hold(actor: string, ahead?: number): Promise<Hold | null>;
  status(): HostStatus;
  /** Log time now, ms. */
  logTime(): number;
  /** Writes every head now, so that the next start folds nothing. */
  checkpoint(): Promise<void>;
  /** Reads the whole database in the background and checks every checksum and link of the chain. */
  audit(): Promise<{ readonly damage?: string; readonly records: number; readonly rows: number }>;
  /** Stops effects, writes heads, closes the database. */
  close(): Promise<void>;
  /** Called when the log was reopened after a write error and what had been promised is not there: end the process. */
  onFatal(listener: (error: Error) => void): void;
}

export interface SendOptions {
  readonly src?: Source;
  /** Durable within `softDelayMs`, in order, instead of at once. */
  readonly soft?: boolean;
  /** Only if the actor's last record still is this one; otherwise refused as `moved-on`. */
  readonly onlyAtN?: number;
  readonly rows?: readonly Change[];
}

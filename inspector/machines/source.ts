// Where the inspector's history comes from. The page knows this interface and nothing else, so that a daemon's live log
// (live-source.ts) and a log saved into one file (inspector/bundle) look the same to it and behave the same.
import type { Description } from '../../machines/describe.ts';
import type { MachineEvent } from '../../machines/events.ts';
import type { Cell } from '../../machines/kernel.ts';
import type { RateDescription } from '../../machines/rate-finder-description.ts';
import type { Why } from '../../machines/why.ts';

/** Most rows one answer of `timeline` may hold. */
export const timelineRowsMax = 5_000;
/** Most records one answer of `records` may hold. */
export const recordsMax = 500;
/** Most actors one answer of `actors` may hold. */
export const actorsMax = 1_000;

/** A record as it travels: `recordJson` of the daemon, one line of a bundle. */
export interface WireRecord {
  readonly seq: number;
  readonly actor: string;
  /** Machine and version that wrote it: `upload@3`. */
  readonly kind: string;
  readonly n: number;
  /** Log time and wall-clock time, ms. */
  readonly at: number;
  readonly wall: number;
  readonly src: string;
  readonly boot: number;
  readonly type: string;
  readonly event: MachineEvent;
  readonly state: string;
  readonly digest: number;
  readonly hash: string;
}

/** The log as a whole, when the page opens. Both sequences are inclusive; `head` 0: nothing was ever recorded. */
export interface Overview {
  readonly logId: string;
  readonly build: string;
  readonly oldest: number;
  readonly head: number;
  /** What the reader should know about this history, each a sentence: how old a bundle is, what was redacted. */
  readonly notes: readonly string[];
}

/**
 * A page of the log's index: one row for each sequence after `after`, without gaps. `rows` is flat, six numbers a row:
 * place in `actors`, n, place in `types`, place in `states`, source (0 cmd, 1 fx, 2 tm, 3 sys), time in ms: of the first
 * row since 1970, of each other row since the row before.
 */
export interface TimelinePage {
  readonly oldest: number;
  readonly head: number;
  /** Sequence of the first row, where that is not `after + 1` because older records are no longer kept. */
  readonly first?: number;
  /** Sequence of the last row: the next page's `after`. */
  readonly next: number;
  readonly more: boolean;
  readonly actors: readonly string[];
  readonly types: readonly string[];
  readonly states: readonly string[];
  readonly rows: readonly number[];
}

/** One actor of the list, as it stood when it was asked for. */
export interface ActorItem {
  readonly actor: string;
  readonly kind: string;
  readonly state: string;
  readonly n: number;
  /** A name for people: of an upload, its file. */
  readonly label: string;
  /** Log time of its last record, ms. */
  readonly since: number;
}

export interface ActorsPage {
  readonly items: readonly ActorItem[];
  readonly more: boolean;
  /** Cursor of the next page. */
  readonly next: string | null;
}

/** One actor as it stands at the end of this history. */
export interface ActorDetail {
  readonly actor: string;
  readonly kind: string;
  readonly version: number;
  readonly n: number;
  readonly cell: Cell;
  /** First record that is still kept; the actor's cell after the one before it is its base. */
  readonly oldestN: number;
  readonly label: string;
  /** With the host's knowledge (scheduler, breakers); null when this history has only the log. */
  readonly why: Why | null;
}

/** What the daemon says of its line, as far as it is shown; times are wall-clock times. */
export interface LineNow {
  readonly open: boolean;
  readonly rate: RateDescription;
  readonly lanes: readonly {
    readonly number: number;
    readonly outstandingBytes: number;
    readonly allowedBytes: number;
    readonly asleep: boolean;
  }[];
}

/** What `follow` tells. Records come in order of their sequence, none missing, none twice, over broken connections too. */
export interface Listener {
  readonly records: (records: readonly WireRecord[]) => void;
  /** The way to the daemon: `lost` while it is being tried again. */
  readonly connection?: (state: 'open' | 'lost') => void;
}

/** A dry run on the daemon, which knows the actor's present cell; its id is what `send` needs. */
export interface LiveDryRun {
  /** Null: it cannot be sent, and `refusal` says why. */
  readonly dryRunId: string | null;
  readonly n: number;
  readonly refusal?: string | null;
}

/** The way an engineer's event takes into the real log. */
export interface Sender {
  /** Null: this person may send. Else the sentence that says why not. */
  readonly refusal: string | null;
  dryRun(actor: string, event: MachineEvent): Promise<LiveDryRun>;
  /** Throws when the actor moved on since the dry run (TENDER_STALE_DRY_RUN) or does not take it. */
  send(
    actor: string,
    event: MachineEvent,
    reason: string,
    dryRunId: string,
  ): Promise<{ readonly seq: number }>;
}

/**
 * A history that can be inspected. Every method may throw an error with a message for people; `signal` ends an answer
 * nobody waits for any more.
 */
export interface HistorySource {
  readonly mode: 'live' | 'bundle';
  open(): Promise<Overview>;
  /** Machines of the build that wrote this history, for those this page does not know; the page's own come first. */
  machines(): Promise<readonly Description[]>;
  timeline(after: number, limit: number, signal?: AbortSignal): Promise<TimelinePage>;
  /** Records of one actor with `after < n`, oldest first, at most `limit`. */
  records(actor: string, after: number, limit: number, signal?: AbortSignal): Promise<readonly WireRecord[]>;
  /** The cell after record `n`, today's shape of context; null when that is older than what is kept. */
  base(actor: string, n: number, signal?: AbortSignal): Promise<Cell | null>;
  actors(cursor: string | null, limit: number, signal?: AbortSignal): Promise<ActorsPage>;
  actor(actor: string, signal?: AbortSignal): Promise<ActorDetail>;
  /** What the line does at this moment; absent where there is no present. */
  line?(signal?: AbortSignal): Promise<LineNow>;
  /** Tells every record after `after` as it comes, until the answer is called. A bundle never calls. */
  follow(after: number, listener: Listener): () => void;
  readonly sender: Sender | null;
  /** Where this history can be saved as one file, and under what name; null: it is one already. */
  readonly exportLink: { readonly href: string; readonly name: string } | null;
}

/** The page's clock (inspector/browser/clock.ts); tests hold it. */
export interface PageClock {
  /** Wall-clock time of this screen, ms since 1970. */
  nowMs(): number;
  /** Calls once after that many ms, unless the answer is called first. */
  after(ms: number, then: () => void): () => void;
  /** Calls once before the next picture is painted, unless the answer is called first. */
  frame(then: () => void): () => void;
  /** Calls about each second while somebody looks. */
  everySecond(then: () => void): () => void;
}

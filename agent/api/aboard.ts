// What the local API asks of the daemon. daemon.ts provides it; the routes know nothing else, so they can be tested with
// a daemon of any make.
import type { Name } from '../../cloud/contract/name.ts';
import type { JsonObject } from '../../machines/json.ts';
import type { MachineEvent } from '../../machines/kernel.ts';
import type { ConfigLine } from '../config.ts';
import type { Changes } from '../daemon/changes.ts';
import type { History } from '../daemon/history.ts';
import type { Host } from '../host/contract.ts';
import type { Clock } from '../ports.ts';

export type UploadVerb = 'pause' | 'resume' | 'cancel' | 'retry';

/** The documents aboard, as people see and command them. Every method refuses with a TenderError that says why. */
export interface Uploads {
  /** A whole id, or a beginning or ending of at least four letters that only one upload has. */
  resolve(idText: string): Promise<string>;
  get(uploadId: string): Promise<JsonObject>;
  why(uploadId: string): Promise<JsonObject>;
  /** Those of these ids that are there, as they are now, and the ids of the others. */
  items(uploadIds: Iterable<string>): Promise<{
    readonly items: readonly JsonObject[];
    readonly gone: readonly string[];
  }>;
  /** Figures of those whose effects run now and have told any. */
  moving(): Promise<readonly JsonObject[]>;
  /**
   * Those on their way first, in the order they will go; then the ended ones, newest first. With `q`, those with that piece of
   * text in their name or id, in order of ids. `after` is the `next` of the page before; `more` without items means that so
   * many were looked at in vain.
   */
  list(filter: {
    readonly state?: string;
    readonly q?: string;
    readonly limit: number;
    readonly after?: string;
  }): Promise<{
    readonly items: readonly JsonObject[];
    readonly more: boolean;
    readonly next: string | null;
  }>;
  /** Resolves when the command is in the log. Throws TENDER_COMMAND_REFUSED when the state does not allow it. */
  command(uploadId: string, event: MachineEvent): Promise<void>;
  /** Ends every pause of a document, whoever asked for it; `by` is who does. */
  resume(uploadId: string, by: string): Promise<void>;
  /** The same for every document that is paused. */
  resumeAll(by: string): Promise<{ readonly accepted: number; readonly refused: number }>;
  commandAll(
    verb: UploadVerb,
    event: MachineEvent,
  ): Promise<{ readonly accepted: number; readonly refused: number }>;
}

export interface Aboard {
  readonly clock: Clock;
  readonly host: Pick<
    Host,
    'history' | 'tail' | 'progressOf' | 'read' | 'status' | 'rows' | 'putRows' | 'search'
  >;
  readonly uploads: Uploads;
  readonly history: History;
  readonly configLines: readonly ConfigLine[];
  readonly streamsMax: number;
  status(): Promise<JsonObject>;
  /** Bytes and money by month. */
  costs(): Promise<JsonObject>;
  /** Takes a file in; resolves with its upload id when it is safe aboard and queued. */
  add(
    about: { readonly name: Name; readonly priority: number; readonly sizeBytes?: number },
    bytes: AsyncIterable<Uint8Array>,
  ): Promise<string>;
  connect(command: 'start' | 'stop' | 'reconnect', by: string): Promise<JsonObject>;
  /** Sets the ceiling on the line's bytes: a rate, `off` or `auto`; answers what is in force. */
  throttle(rate: string, by: string): Promise<JsonObject>;
  /** Actors whose effects run now. */
  running(): Iterable<string>;
  /** What the feed of the queue's page listens to. */
  readonly changes: Pick<Changes, 'head' | 'after' | 'listen'>;
  /** Told when the first effect begins to run and when the last has ended. */
  readonly stirred: (listener: () => void) => () => void;
  readonly version: string;
  /** The ship's time zone, for clocks on pages: IANA name. Absent when the system does not say. */
  readonly zone?: string;
}

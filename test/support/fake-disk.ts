// A disk under an ordered key-value store, as LevelDB behaves on a bad day (figures: docs/event-log.md). A batch is
// whole or absent. A synced batch and all before it survive a power cut; of those after it a random prefix does. A write
// error leaves the store lying: later writes seem to succeed and are gone after reopening. Rot takes a run of
// batches out of the middle without a word. Two batches outstanding at once may land in either order, because
// classic-level runs them on a thread pool.
import { TenderError } from '../../agent/errors.ts';
import type { Change, KeyRange, KeyValue, Storage } from '../../agent/ports.ts';
import type { Death, FakeLife } from './fake-life.ts';
import type { FakeRandom } from './fake-random.ts';
import type { FakeTimeline } from './fake-timeline.ts';
import { SortedMap } from './sorted-map.ts';

export interface FakeDiskOptions {
  /** Duration of an fsync, drawn between these. */
  readonly syncMs: readonly [number, number];
  /** Duration of an unsynced write, drawn between these. */
  readonly writeMs: readonly [number, number];
}

type Batch = readonly Change[];

/** What the medium holds, across lives. */
export class FakeDisk {
  readonly #timeline: FakeTimeline;
  readonly #random: FakeRandom;
  readonly #options: FakeDiskOptions;
  /** Folded state before `#history`. */
  #origin = new Map<string, string>();
  /** Batches on the medium, oldest first. */
  #history: Batch[] = [];
  /** Written, not synced: a kill keeps them, a power cut a prefix. */
  #tail: Batch[] = [];
  /** Handed over, not yet written. */
  #flying = new Set<Batch>();
  #live = new SortedMap();
  #holder: FakeLife | undefined;
  #failures = 0;
  #broken = false;
  /** States moved aside, oldest first. */
  readonly #evidence: Map<string, string>[] = [];
  /** The note beside the database: as written, and as it would survive a power cut. */
  #note: string | undefined;
  #noteSynced: string | undefined;

  /** Told of each batch once it is durable: checkers and the trace look here, never at the product. */
  onDurable: (batch: Batch) => void = () => {};
  /** Told of each batch as it is handed over; may answer other options (a planted bug does). */
  onBatch: (batch: Batch, options: { readonly sync: boolean }) => { readonly sync: boolean } = (_, o) => o;

  /** Told when the database was set aside or put back: the next records need not follow those before. */
  onEvidence: () => void = () => {};

  constructor(timeline: FakeTimeline, random: FakeRandom, options: FakeDiskOptions) {
    this.#timeline = timeline;
    this.#random = random;
    this.#options = options;
  }

  /** The next `count` batches fail: EIO, or a full disk. */
  failNext(count: number): void {
    this.#failures = count;
  }

  /** Ends every planned failure: the disk was replaced, or has room again. */
  heal(): void {
    this.#failures = 0;
  }

  /** Times the database was moved aside. */
  get quarantined(): number {
    return this.#evidence.length;
  }

  /** What a reader finds now. */
  value(key: string): string | undefined {
    return this.#live.get(key);
  }

  entries(range: KeyRange = {}): (readonly [string, string])[] {
    return this.#live.range(range);
  }

  /** Whether a power cut now would leave this value in place. */
  isDurable(key: string, value: string): boolean {
    for (let i = this.#history.length - 1; i >= 0; i--) {
      const change = this.#history[i]!.findLast((each) => each.key === key);
      if (change) return change.type === 'put' && change.value === value;
    }
    return this.#origin.get(key) === value;
  }

  /** Takes a run of `count` batches out of the middle of the closed database: what one flipped byte does. */
  rot(count: number): boolean {
    if (this.#holder || this.#history.length < count + 2) return false;
    const from = this.#random.between(1, this.#history.length - count - 1);
    this.#history.splice(from, count);
    this.#rebuild();
    return true;
  }

  /** The port as the process of `life` sees it. */
  storage(life: FakeLife): Storage {
    return {
      open: () => life.call(() => this.#open(life)),
      quarantine: () => life.call(() => this.#quarantine()),
      restore: () => life.call(() => this.#restore()),
      mark: (note, sync = false) => {
        if (!life.boundary()) return;
        this.#note = note;
        if (sync) this.#noteSynced = note;
      },
      marked: () => life.call(async () => this.#note),
    };
  }

  async #quarantine(): Promise<string> {
    const state = new Map(this.#origin);
    for (const batch of [...this.#history, ...this.#tail]) fold(state, batch);
    this.#evidence.push(state);
    this.#reset(new Map());
    return `/state/quarantine/${this.#evidence.length}`;
  }

  async #restore(): Promise<boolean> {
    const last = this.#evidence.pop();
    if (last) this.#reset(last);
    return last !== undefined;
  }

  #reset(state: Map<string, string>): void {
    this.#origin = state;
    this.#history = [];
    this.#tail = [];
    this.#rebuild();
    this.onEvidence();
  }

  async #open(life: FakeLife): Promise<KeyValue> {
    if (this.#holder?.alive)
      throw new TenderError('TENDER_STATE_LOCKED', 'another agent holds the state directory: stop it first');
    this.#holder = life;
    life.onEnd((death) => {
      if (this.#holder === life) this.#crash(death);
    });
    let closed = false;
    const guard = <T>(act: () => Promise<T>): Promise<T> =>
      closed ? Promise.reject(levelError('LEVEL_DATABASE_NOT_OPEN')) : life.call(act);
    return {
      get: (key) => guard(async () => this.#live.get(key)),
      batch: (changes, options) => guard(() => this.#batch(life, changes, options)),
      iterate: (range) => this.#iterate(life, range),
      close: () =>
        guard(async () => {
          closed = true;
          // LevelDB syncs nothing on close; the operating system keeps the tail until it gets to it.
          if (this.#broken) this.#forget();
          this.#holder = undefined;
        }),
    };
  }

  #batch(life: FakeLife, changes: Batch, asked: { readonly sync: boolean }): Promise<void> {
    const options = this.onBatch(changes, asked);
    const [low, high] = options.sync ? this.#options.syncMs : this.#options.writeMs;
    const batch = [...changes];
    this.#flying.add(batch);
    return new Promise((resolve, reject) => {
      this.#timeline.after(low + (high - low) * this.#random.unit(), () => {
        if (!life.alive || !this.#flying.delete(batch)) return;
        if (this.#failures > 0) {
          this.#failures--;
          if (this.#random.chance(0.5) && !this.#broken) this.#tail.push(batch);
          this.#broken = true;
          reject(levelError('LEVEL_IO_ERROR'));
          return;
        }
        this.#apply(batch);
        if (!this.#broken) {
          this.#tail.push(batch);
          if (options.sync) this.#sync();
        }
        resolve();
      });
    });
  }

  async *#iterate(life: FakeLife, range: KeyRange): AsyncGenerator<readonly [string, string]> {
    const view = await life.call(async () => this.#live.range(range));
    for (const entry of view) yield entry;
  }

  #sync(): void {
    for (const batch of this.#tail.splice(0)) {
      this.#history.push(batch);
      this.onDurable(batch);
    }
    // Rot reaches this far back; older batches only take memory.
    if (this.#history.length > 512) {
      for (const batch of this.#history.splice(0, 256)) fold(this.#origin, batch);
    }
  }

  #crash(death: Death): void {
    const flying = [...this.#flying];
    this.#flying.clear();
    if (!this.#broken) {
      // What was on its way may have arrived as well: a write can be durable though nobody was told.
      this.#tail.push(...flying.slice(0, this.#random.between(0, flying.length)));
      if (death === 'power') this.#tail.length = this.#random.between(0, this.#tail.length);
      this.#sync();
    }
    // The note is one small file: the power cut finds it as last synced, or as the kernel happened to write it.
    if (death === 'power' && this.#random.chance(0.5)) this.#note = this.#noteSynced;
    this.#noteSynced = this.#note;
    this.#forget();
    this.#holder = undefined;
  }

  /** What a new process finds: the medium alone. */
  #forget(): void {
    this.#broken = false;
    this.#sync();
    this.#rebuild();
  }

  #rebuild(): void {
    const state = new Map(this.#origin);
    for (const batch of this.#history) fold(state, batch);
    for (const batch of this.#tail) fold(state, batch);
    this.#live = SortedMap.of(state);
  }

  #apply(batch: Batch): void {
    for (const change of batch) {
      if (change.type === 'put') this.#live.set(change.key, change.value);
      else this.#live.delete(change.key);
    }
  }
}

function fold(state: Map<string, string>, batch: Batch): void {
  for (const change of batch) {
    if (change.type === 'put') state.set(change.key, change.value);
    else state.delete(change.key);
  }
}

function levelError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

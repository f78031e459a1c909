// The inspector's state: one history, one cursor, one selected actor, and what follows from them. Everything on the page
// reads these signals and calls these moves; nothing here knows of the DOM, so tests run it in Node with held time.
import { batch, computed, type ReadonlySignal, signal } from '@preact/signals';
import { type Description, describe } from '../../machines/describe.ts';
import { registry } from '../../machines/registry.ts';
import { type ActorSeqs, createActorSeqs } from './actor-seqs.ts';
import { createKnownActors, type KnownActors } from './known-actors.ts';
import { type Loader, openHistory } from './loader.ts';
import { createMatcher, type Filter, type Matches, noFilter } from './matches.ts';
import { createMoments, type Moment, type Moments } from './moments.ts';
import type { HistorySource, Overview, PageClock, WireRecord } from './source.ts';
import { createStatesAt } from './states-at.ts';
import { type Columns, createColumns, type Row } from './timeline-columns.ts';

export type Phase =
  | { readonly is: 'opening' }
  | { readonly is: 'ready' }
  | { readonly is: 'failed'; readonly message: string };

/** The selected actor at the cursor. */
export type Selected =
  | { readonly is: 'none' }
  /** It does not exist at this moment, or nothing of it is kept. */
  | { readonly is: 'absent'; readonly message: string }
  /** Asked for; `stale` is what was shown before. */
  | { readonly is: 'loading'; readonly stale: Moment | undefined }
  | { readonly is: 'ready'; readonly moment: Moment }
  | { readonly is: 'failed'; readonly message: string };

export interface Inspection {
  readonly source: HistorySource;
  readonly columns: Columns;
  readonly known: KnownActors;
  readonly moments: Moments;
  readonly descriptions: readonly Description[];
  readonly phase: ReadonlySignal<Phase>;
  readonly overview: ReadonlySignal<Overview | null>;
  /** The oldest sequence that can be loaded. */
  readonly oldest: ReadonlySignal<number>;
  readonly connection: ReadonlySignal<'open' | 'lost'>;
  /** Grows when rows or labels came; at most once a picture. */
  readonly version: ReadonlySignal<number>;
  /** Null: live. */
  readonly cursor: ReadonlySignal<number | null>;
  /** The cursor's sequence, live the last one. */
  readonly seq: ReadonlySignal<number>;
  readonly row: ReadonlySignal<Row | undefined>;
  readonly actor: ReadonlySignal<string | null>;
  readonly actorSeqs: ReadonlySignal<ActorSeqs | null>;
  readonly selected: ReadonlySignal<Selected>;
  readonly filter: ReadonlySignal<Filter>;
  readonly matches: ReadonlySignal<Matches>;
  /** By place of actor the sequence of its last record at the cursor; read it at once (states-at.ts). */
  readonly lastSeqs: ReadonlySignal<{ readonly of: Uint32Array }>;
  /** Log time now, ms: live by the daemon's clock as far as it is known, in the past that of the cursor's record. */
  nowMs(): number;
  select(actor: string | null): void;
  /** Null: live. A sequence before what is held is loaded first. */
  goTo(seq: number | null): void;
  /** One record in the list, or of the selected actor; past the end is live. */
  step(by: 1 | -1, sameActor: boolean): void;
  setFilter(change: Partial<Filter>): void;
  start(): Promise<void>;
  close(): void;
}

export interface InspectionPorts {
  readonly source: HistorySource;
  readonly clock: PageClock;
}

export function createInspection({ source, clock }: InspectionPorts): Inspection {
  const columns = createColumns();
  const known = createKnownActors();
  const moments = createMoments(source);
  const statesAt = createStatesAt(columns);
  const matcher = createMatcher({ columns, labelOf: known.labelOf });
  const seqsOf = createActorSeqs(columns);
  const descriptions = Object.values(registry).map(describe);
  const stopped = new AbortController();
  let loader: Loader | undefined;
  /** How far the daemon's log time is ahead of this screen's clock. */
  let aheadMs: number | undefined;

  const phase = signal<Phase>({ is: 'opening' });
  const overview = signal<Overview | null>(null);
  const oldest = signal(1);
  const connection = signal<'open' | 'lost'>('open');
  const version = signal(0);
  const cursor = signal<number | null>(null);
  const actor = signal<string | null>(null);
  const filter = signal<Filter>(noFilter);
  /** Grows when a window of moments came. */
  const loaded = signal(0);
  const failure = signal<{ readonly key: string; readonly message: string } | null>(null);

  const seq = computed(() => {
    version.value;
    return cursor.value ?? columns.last;
  });
  const row = computed(() => {
    version.value;
    return columns.row(seq.value);
  });
  const actorPlace = computed(() => {
    version.value;
    return actor.value === null ? undefined : columns.actors.find(actor.value);
  });
  const actorSeqs = computed(() => {
    version.value;
    return actorPlace.value === undefined ? null : seqsOf(actorPlace.value);
  });
  const lastSeqs = computed(() => {
    version.value;
    return { of: statesAt.at(seq.value) };
  });
  const matches = computed(() => {
    version.value;
    return matcher(filter.value, actorPlace.value);
  });
  /** Number of the selected actor's last record at the cursor; 0: none; null: the rows there are not loaded yet. */
  const wantedN = computed(() => {
    if (actor.value === null) return 0;
    version.value;
    if (seq.value < columns.first && seq.value > 0) return null;
    const place = actorPlace.value;
    const last = place === undefined ? 0 : (lastSeqs.value.of[place] ?? 0);
    if (last > 0) return columns.row(last)?.n ?? 0;
    const first = place === undefined ? undefined : columns.row(columns.firstOf(place));
    if (first) return first.n - 1;
    return known.item(actor.value)?.n ?? 0;
  });

  let shown: Moment | undefined;
  const selected = computed<Selected>(() => {
    loaded.value;
    const id = actor.value;
    if (id === null) return { is: 'none' };
    const n = wantedN.value;
    const stale = () => (shown?.record?.actor === id ? shown : undefined);
    if (n === null) return { is: 'loading', stale: stale() };
    if (n === 0)
      return { is: 'absent', message: phase.value.is === 'ready' ? 'It does not exist at this moment.' : '' };
    const moment = moments.peek(id, n);
    if (moment) {
      shown = moment;
      return { is: 'ready', moment };
    }
    const key = `${id} ${n}`;
    if (failure.value?.key === key) return { is: 'failed', message: failure.value.message };
    fetchMoment(id, n, key);
    return { is: 'loading', stale: stale() };
  });

  let fetching = '';
  function fetchMoment(id: string, n: number, key: string): void {
    if (fetching === key) return;
    fetching = key;
    moments
      .load(id, n)
      .then(
        () => {
          loaded.value++;
        },
        (error: unknown) => {
          failure.value = { key, message: messageOf(error) };
        },
      )
      .finally(() => {
        if (fetching === key) fetching = '';
      });
  }

  let unframe: (() => void) | undefined;
  /** A thousand records a second are one new picture each frame. */
  const changed = () => {
    unframe ??= clock.frame(() => {
      unframe = undefined;
      version.value++;
    });
  };
  const take = (records: readonly WireRecord[]) => {
    known.take(records);
    for (const record of records) moments.add(record);
    const last = records.at(-1);
    if (!last) return;
    const ahead = last.at - clock.nowMs();
    aheadMs = aheadMs === undefined ? ahead : Math.max(aheadMs, ahead);
  };
  const goTo = (wanted: number | null) => {
    // Before the history is open nobody knows its ends; start() comes back here.
    const at =
      wanted === null || phase.peek().is !== 'ready'
        ? wanted
        : Math.max(oldest.peek(), Math.min(wanted, columns.last));
    cursor.value = at;
    if (at !== null && at < columns.first) void loader?.reach(at);
  };

  return {
    source,
    columns,
    known,
    moments,
    descriptions,
    phase,
    overview,
    oldest,
    connection,
    version,
    cursor,
    seq,
    row,
    actor,
    actorSeqs,
    selected,
    filter,
    matches,
    lastSeqs,
    nowMs() {
      if (cursor.value !== null || source.mode === 'bundle') return row.value?.at ?? 0;
      return Math.max(clock.nowMs() + (aheadMs ?? 0), row.value?.at ?? 0);
    },
    select(id) {
      if (actor.peek() === id) return;
      batch(() => {
        actor.value = id;
        failure.value = null;
      });
    },
    goTo,
    step(by, sameActor) {
      const from = seq.peek();
      if (sameActor) {
        const seqs = actorSeqs.peek();
        const next = by > 0 ? seqs?.next(from) : seqs?.previous(from);
        if (next !== undefined) goTo(next);
        else if (by < 0 && seqs && columns.first > oldest.peek()) void loader?.reach(columns.first - 1);
        return;
      }
      const list = matches.peek();
      const place = list.place(from) + (by > 0 ? (list.has(from) ? 1 : 0) : -1);
      if (place >= list.length) {
        if (source.mode === 'live') goTo(null);
      } else if (place >= 0) goTo(list.at(place));
      else if (columns.first > oldest.peek()) void loader?.reach(columns.first - 1);
    },
    setFilter(change) {
      filter.value = { ...filter.peek(), ...change };
    },
    async start() {
      try {
        loader = await openHistory(source, columns, {
          changed() {
            if (loader) oldest.value = loader.oldest;
            changed();
          },
          records: take,
          connection(state) {
            connection.value = state;
          },
          failed(error) {
            phase.value = { is: 'failed', message: messageOf(error) };
          },
        });
        if (stopped.signal.aborted) return loader.close();
        const opened = loader;
        batch(() => {
          overview.value = opened.overview;
          oldest.value = opened.oldest;
          version.value++;
          phase.value = { is: 'ready' };
          if (cursor.value !== null) goTo(cursor.value);
          // A saved history has no "live": its end is a moment like any other.
          else if (source.mode === 'bundle' && columns.last > 0) cursor.value = columns.last;
        });
        await known.load(source, changed, stopped.signal);
      } catch (error) {
        if (!stopped.signal.aborted) phase.value = { is: 'failed', message: messageOf(error) };
      }
    },
    close() {
      stopped.abort();
      unframe?.();
      loader?.close();
    },
  };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

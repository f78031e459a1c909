// The inspector's state: one history, one cursor, one selected actor, and what follows from them. Everything on the page
// reads these signals and calls these moves; nothing here knows of the DOM, so tests run it in Node with held time.
import { batch, computed, type ReadonlySignal, signal } from '@preact/signals';
import { type Description, describe } from '../../machines/describe.ts';
import { registry } from '../../machines/registry.ts';
import { type ActorSeqs, createActorSeqs } from './actor-seqs.ts';
import { createKnownActors, type KnownActors } from './known-actors.ts';
import { type Loader, openHistory } from './loader.ts';
import { createMatcher, type Filter, type Matches, noFilter } from './matches.ts';
import { createMoments, type Moments } from './moments.ts';
import { createSelection, messageOf, type Selected } from './selection.ts';
import type { HistorySource, Overview, PageClock, WireRecord } from './source.ts';
import { createStatesAt } from './states-at.ts';
import { type Columns, createColumns, type Row } from './timeline-columns.ts';

/** A daemon that does not answer when the page opens is asked again after so long. */
const openAgainMs = 3_000;

export type Phase =
  | { readonly is: 'opening' }
  | { readonly is: 'ready' }
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
  /** Older rows stopped coming; they are asked for again when the daemon answers again. */
  let olderFailed = false;
  let unretry: (() => void) | undefined;
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

  const chosen = createSelection({
    moments,
    actor,
    wantedN,
    isReady: computed(() => phase.value.is === 'ready'),
  });
  const { selected } = chosen;

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
  const reachFor = (at: number) => {
    loader?.reach(at).catch(() => {
      olderFailed = true;
    });
  };
  const goTo = (wanted: number | null) => {
    // Before the history is open nobody knows its ends; start() comes back here.
    const at =
      wanted === null || phase.peek().is !== 'ready'
        ? wanted
        : Math.max(oldest.peek(), Math.min(wanted, columns.last));
    cursor.value = at;
    if (at !== null && at < columns.first) reachFor(at);
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
        chosen.forgive();
      });
    },
    goTo,
    step(by, sameActor) {
      const from = seq.peek();
      if (sameActor) {
        const seqs = actorSeqs.peek();
        const next = by > 0 ? seqs?.next(from) : seqs?.previous(from);
        if (next !== undefined) goTo(next);
        else if (by < 0 && seqs && columns.first > oldest.peek()) reachFor(columns.first - 1);
        return;
      }
      const list = matches.peek();
      const place = list.place(from) + (by > 0 ? (list.has(from) ? 1 : 0) : -1);
      if (place >= list.length) {
        if (source.mode === 'live') goTo(null);
      } else if (place >= 0) goTo(list.at(place));
      else if (columns.first > oldest.peek()) reachFor(columns.first - 1);
    },
    setFilter(change) {
      filter.value = { ...filter.peek(), ...change };
    },
    async start() {
      unretry?.();
      loader?.close();
      try {
        loader = await openHistory(source, columns, {
          changed() {
            if (loader) oldest.value = loader.oldest;
            changed();
          },
          records: take,
          connection(state) {
            connection.value = state;
            if (state === 'lost' || !olderFailed) return;
            olderFailed = false;
            void loader?.ahead();
          },
          failed() {
            // What is here stays; the stream says that nobody answers.
            olderFailed = true;
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
        if (stopped.signal.aborted) return;
        phase.value = { is: 'failed', message: messageOf(error) };
        // Nobody answered: that passes by itself. A refusal does not.
        if ((error as { readonly status?: number }).status === 0)
          unretry = clock.after(openAgainMs, () => void this.start());
      }
    },
    close() {
      stopped.abort();
      unretry?.();
      unframe?.();
      loader?.close();
    },
  };
}

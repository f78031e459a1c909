// The queue page's memory: the table of documents, the daemon's status, what was searched for. Reads the list once, follows
// the feed from there by the log's sequence, and reads the list again only when the daemon says the page came back too
// late. What arrives between two pictures is taken in together, so a thousand events a second cost one drawing each frame.
import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { ApiError } from '../browser/http.ts';
import type { Stream, StreamState } from '../browser/stream.ts';
import { type App, mayWrite } from '../shell/app.ts';
import { type Costs, readCosts } from './costs.ts';
import { createGathering } from './gathering.ts';
import { askFor, createLooking } from './looking.ts';
import { createNewsDesk, type NewsDesk } from './news-desk.ts';
import { type Filter, type Group, groupsOf } from './order.ts';
import { createRecheck } from './recheck.ts';
import {
  changed,
  continued,
  found,
  listed,
  listedRows,
  noRows,
  progressed,
  type Rows,
  type Step,
  without,
} from './rows.ts';
import { featureOff, readStatus, type Status } from './status.ts';
import type { ShipTime } from './times.ts';
import {
  fieldsOf,
  listOf,
  numberOf,
  readEach,
  readProgress,
  readUpload,
  readUploads,
  textOf,
  type Upload,
} from './upload.ts';

/** Documents read at the start; more are read when somebody looks for them. */
const listedMax = 500;
/** Costs change slowly: asked for at most this often. */
const costsEveryMs = 10_000;
const retryMs = 2_000;
/** A cut list is read again when fewer than this are left in its line, at most this often. */
const refillBelowRows = 100;
const refillEveryMs = 10_000;

export interface QueueStore {
  readonly rows: ReadonlySignal<Rows>;
  readonly status: ReadonlySignal<Status>;
  readonly costs: ReadonlySignal<Costs | null>;
  /** The list was read at least once. */
  readonly ready: ReadonlySignal<boolean>;
  readonly groups: ReadonlySignal<readonly Group[]>;
  readonly filter: Signal<Filter>;
  readonly search: Signal<string>;
  /** When the daemon was heard last, by this screen's clock. */
  readonly heardMs: ReadonlySignal<number>;
  /** Why controls are disabled; '' when they work. */
  readonly blocked: ReadonlySignal<string>;
  /** Why nothing can be added. */
  readonly addingBlocked: ReadonlySignal<string>;
  /** The daemon's time, to the second. */
  readonly time: ReadonlySignal<ShipTime>;
  readonly news: NewsDesk;
  /** Takes in documents that an answer brought. */
  take(items: readonly Upload[]): void;
  /** Asks for the searched or filtered documents that are not here. */
  lookFor(): void;
  /** The daemon has more of the line than is here. */
  readonly canRead: ReadonlySignal<boolean>;
  /** Reads the next part of it. */
  readOn(): Promise<void>;
  /** Tries the daemon at once. */
  retry(): void;
  close(): void;
}

export function openQueue(app: App): QueueStore {
  const { http, clock } = app;
  const rows = signal<Rows>(noRows);
  const status = signal<Status>(readStatus({}));
  const costs = signal<Costs | null>(null);
  const ready = signal(false);
  const filter = signal<Filter>('all');
  const search = signal('');
  const heardMs = signal(clock.nowMs());
  /** The daemon's clock minus this screen's. */
  let offsetMs = 0;
  const zone = signal<string | undefined>(undefined);
  const secondMs = signal(clock.nowMs());
  const time = computed<ShipTime>(() => ({ nowMs: secondMs.value + offsetMs, zone: zone.value }));
  const news = createNewsDesk(clock);
  const groups = computed(() =>
    groupsOf(listedRows(rows.value, filter.value, search.value), filter.value, search.value),
  );
  let stream: Stream | undefined;
  let logId = '';
  let closed = false;
  let costsAskedMs = 0;

  const gathering = createGathering(clock, news.tell);
  const soon = gathering.add;
  const put = (items: readonly Upload[]): readonly Step[] => {
    const { rows: next, steps } = changed(rows.value, items);
    rows.value = next;
    return steps;
  };

  function onEvent(name: string, data: unknown): void {
    heardMs.value = clock.nowMs();
    if (name === 'uploads') {
      const items = readEach(data, readUpload);
      soon(() => put(items));
    } else if (name === 'progress') {
      const figures = readEach(data, readProgress);
      soon(() => {
        const before = rows.value;
        for (const { id } of figures) {
          if (before.byId.get(id)?.held) recheck.soon([id]);
          recheck.moved(id);
        }
        rows.value = progressed(before, figures);
        return figures.flatMap(({ id }) => {
          const now = rows.value.byId.get(id);
          return now ? [{ before: before.byId.get(id), now }] : [];
        });
      });
    } else if (name === 'gone') {
      const ids = listOf(data).filter((id) => typeof id === 'string');
      soon(() => {
        rows.value = without(rows.value, ids);
        return [];
      });
    } else if (name === 'status') {
      soon(() => {
        takeStatus(data);
        return [];
      });
    } else if (name === 'hello') {
      const hello = fieldsOf(data);
      const nowMs = numberOf(hello.now);
      if (nowMs !== null) offsetMs = nowMs - clock.nowMs();
      if (typeof hello.zone === 'string') zone.value = hello.zone;
      const other = textOf(hello.logId);
      if (logId !== '' && other !== '' && other !== logId) void begin();
      logId = other;
    } else if (name === 'reset') void begin();
  }

  function takeStatus(json: unknown): void {
    const before = status.value;
    const now = readStatus(json);
    status.value = now;
    if (now.yacht !== '') app.yacht.value = now.yacht;
    // The sentence of every document hangs on the link and on the breakers, without a record of its own.
    if (before.linkKey !== now.linkKey)
      recheck.soon(
        [...rows.value.byId.values()].filter((row) => row.state === 'sending').map((row) => row.id),
      );
    if (clock.nowMs() - costsAskedMs > costsEveryMs) void askCosts();
  }

  const take = (items: readonly Upload[]) => batch(() => news.tell(put(items)));
  const recheck = createRecheck({ http, clock, take });
  const looking = createLooking({
    http,
    clock,
    found: (items) => {
      rows.value = found(rows.value, items);
    },
  });

  // ── The beginning, and the beginning again ──
  const next = signal('');
  let beginning = 0;
  let begunMs = 0;
  async function begin(): Promise<void> {
    const mine = ++beginning;
    begunMs = clock.nowMs();
    stream?.close();
    stream = undefined;
    try {
      const [first, list] = await Promise.all([
        http.get('v1/status'),
        http.get(`v1/uploads?limit=${listedMax}`).then(fieldsOf),
      ]);
      const more = list.more === true;
      const further = more
        ? await Promise.all(['parked', 'stored', 'indexed'].map((state) => askFor(http, `state=${state}`)))
        : [];
      if (mine !== beginning || closed) return;
      batch(() => {
        // What the old stream told last is older than this list.
        gathering.drop();
        takeStatus(first);
        rows.value = found(listed(readUploads(list), more), further.flat());
        next.value = textOf(list.next);
        ready.value = true;
        heardMs.value = clock.nowMs();
      });
      const head = numberOf(list.head) ?? numberOf(fieldsOf(fieldsOf(first).log).lastSeq);
      stream = app.openStream({
        path: 'v1/feed',
        onEvent,
        onState,
        ...(head === null ? {} : { after: head }),
      });
    } catch (error) {
      if (mine !== beginning || closed) return;
      if (error instanceof ApiError && error.status === 401) return void app.checkSession();
      onState({ is: 'trying', sinceMs: heardMs.value });
      clock.after(retryMs, () => {
        if (mine === beginning) void begin();
      });
    }
  }
  function onState(state: StreamState): void {
    app.stream.value = state;
    if (state.is === 'live') heardMs.value = clock.nowMs();
    // If the session is over, this store is closed; if it is not, the refusal was of the moment.
    if (state.is === 'refused')
      void app.checkSession().then(() => clock.after(retryMs, () => closed || void begin()));
  }

  /** Cursor of the next part of the line; '' when all of it is here. */
  async function readOn(): Promise<void> {
    const mine = beginning;
    const after = next.value;
    if (after === '') return;
    next.value = '';
    try {
      const query = `limit=${listedMax}&after=${encodeURIComponent(after)}`;
      const list = fieldsOf(await http.get(`v1/uploads?${query}`));
      if (mine !== beginning) return;
      batch(() => {
        rows.value = continued(rows.value, readUploads(list), list.more === true);
        next.value = list.more === true ? textOf(list.next) : '';
      });
    } catch {
      next.value = after;
    }
  }

  async function askCosts(): Promise<void> {
    costsAskedMs = clock.nowMs();
    try {
      const month = new Date(time.peek().nowMs).toISOString().slice(0, 7);
      costs.value = readCosts(await http.get('v1/costs'), month);
    } catch {
      // A daemon without prices; the card shows bytes.
    }
  }

  const untick = clock.everySecond(() => {
    secondMs.value = clock.nowMs();
    if (app.stream.value.is !== 'live') return;
    recheck.tick();
    // A long queue whose listed part has almost gone: the next part is read.
    if (rows.value.edge !== null && clock.nowMs() - begunMs > refillEveryMs) {
      const left = groups.peek().find(({ name }) => name === 'line')?.rows.length ?? 0;
      if (filter.peek() === 'all' && search.peek() === '' && left < refillBelowRows) {
        begunMs = clock.nowMs();
        void (next.peek() === '' ? begin() : readOn());
      }
    }
  });

  void begin();
  const blockedFrom = (what: string) =>
    computed(() => {
      const { is } = app.stream.value;
      if (is !== 'live' && is !== 'resting' && !(is === 'connecting' && ready.value))
        return 'The daemon does not answer: it cannot be told anything now.';
      if (!mayWrite(app.session.value))
        return 'You are signed in to look only: sign in as crew to change this.';
      return featureOff(status.value, what);
    });
  return {
    ...{ rows, status, costs, ready, groups, filter, search, heardMs, time, news, take },
    blocked: blockedFrom('commands'),
    addingBlocked: blockedFrom('adding'),
    canRead: computed(() => next.value !== ''),
    readOn,
    lookFor: () => looking.soon(filter.value, search.value, rows.value.edge === null),
    retry: () => (stream ? stream.retry() : void begin()),
    close() {
      closed = true;
      for (const end of [untick, gathering.drop, recheck.stop, looking.stop]) end();
      stream?.close();
    },
  };
}

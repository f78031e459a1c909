// A history over the daemon's local API: what it was, page by page, and what it becomes, record by record. The shell makes
// one when the engineer's page is opened.
import type { Clock } from '../browser/clock.ts';
import type { Http } from '../browser/http.ts';
import type { Stream, StreamOptions } from '../browser/stream.ts';
import type { ActorDetail, ActorsPage, HistorySource, LineNow, TimelinePage, WireRecord } from './source.ts';
import { recordsMax } from './source.ts';

/** What the shell's App gives; named apart, so that tests need no shell. */
export interface LiveSourcePorts {
  readonly http: Http;
  readonly clock: Pick<Clock, 'frame'>;
  openStream(options: StreamOptions): Stream;
  readonly session: { readonly value: { readonly role: string } | null | undefined };
}

interface LogPage {
  readonly items: readonly WireRecord[];
  readonly next: number;
  readonly more: boolean;
}

interface DryRunAnswer {
  readonly dryRunId: string | null;
  readonly n: number;
  readonly notSendable?: string | null;
  readonly message?: string;
}

export function createLiveSource({ http, clock, openStream, session }: LiveSourcePorts): HistorySource {
  const path = (actor: string) => actor.split('/').map(encodeURIComponent).join('/');
  const detail = (actor: string, signal?: AbortSignal) =>
    http.get<ActorDetail>(`v1/actors/${path(actor)}`, signal);
  return {
    mode: 'live',
    async open() {
      const page = await http.get<TimelinePage & { build?: string; logId?: string }>(
        'v1/timeline?after=0&limit=1',
      );
      return {
        logId: page.logId ?? '',
        build: page.build ?? '',
        oldest: page.oldest,
        head: page.head,
        notes: [],
      };
    },
    async machines() {
      return (await http.get<{ machines: Awaited<ReturnType<HistorySource['machines']>> }>('v1/machines'))
        .machines;
    },
    timeline: (after, limit, signal) =>
      http.get<TimelinePage>(`v1/timeline?after=${after}&limit=${limit}`, signal),
    async records(actor, after, limit, signal) {
      const wanted = Math.min(limit, recordsMax);
      const query = `actor=${encodeURIComponent(actor)}&after=${after}&limit=${wanted}`;
      return (await http.get<LogPage>(`v1/log?${query}`, signal)).items;
    },
    async base(actor, n, signal) {
      try {
        return (await http.get<ActorDetail>(`v1/actors/${path(actor)}?n=${n}`, signal)).cell;
      } catch (error) {
        // Older than what is kept: the page goes on with what the records say.
        if ((error as { readonly status?: number }).status === 404) return null;
        throw error;
      }
    },
    actors(cursor, limit, signal) {
      const after = cursor === null ? '' : `&after=${encodeURIComponent(cursor)}`;
      return http.get<ActorsPage>(`v1/actors?limit=${limit}${after}`, signal);
    },
    actor: detail,
    line: async (signal) => (await http.get<{ line: LineNow }>('v1/status', signal)).line,
    follow(after, listener) {
      let waiting: WireRecord[] = [];
      let unframe: (() => void) | undefined;
      const open = openStream({
        path: 'v1/events',
        after,
        onEvent(name, data) {
          if (name !== 'record') return;
          waiting.push(data as WireRecord);
          // A burst is taken at once, before the next picture.
          unframe ??= clock.frame(() => {
            unframe = undefined;
            const records = waiting;
            waiting = [];
            listener.records(records);
          });
        },
        onState(state) {
          if (state.is === 'live') listener.connection?.('open');
          if (state.is === 'trying' || state.is === 'refused') listener.connection?.('lost');
        },
      });
      return () => {
        unframe?.();
        open.close();
      };
    },
    sender: {
      get refusal() {
        return session.value?.role === 'engineer'
          ? null
          : 'Only an engineer may send events: sign in as one, or open the page with "tender ui".';
      },
      async dryRun(actor, event) {
        const { dryRunId, n, notSendable, message } = await http.post<DryRunAnswer>(
          `v1/actors/${path(actor)}/dry-run`,
          { event },
        );
        return { dryRunId, n, refusal: notSendable ?? message ?? null };
      },
      send: (actor, event, reason, dryRunId) =>
        http.post(`v1/actors/${path(actor)}/send`, { event, reason, dryRunId }),
    },
    exportLink: null,
  };
}

// A history over a real host on a real log, without HTTP between: what the daemon's routes answer, as the page asks for it.
import { createHistory } from '../../../../agent/daemon/history.ts';
import type { Host, Rec } from '../../../../agent/host/contract.ts';
import type { Clock, Random } from '../../../../agent/ports.ts';
import type { ActorDetail, HistorySource, WireRecord } from '../../../../inspector/machines/source.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface HostSourceOptions {
  readonly host: Host;
  readonly clock: Clock;
  readonly random: Random;
  /** Rows an answer of the timeline holds at most, to make it come in pieces. */
  readonly rowsMax?: number;
}

/** Its questions may be replaced by a test. */
export interface HostSource extends Mutable<HistorySource> {
  /** How often each question was asked. */
  readonly asked: { timeline: number; records: number; base: number };
}

export function hostSource({ host, clock, random, rowsMax = 5_000 }: HostSourceOptions): HostSource {
  const history = createHistory({ host, clock, random });
  const asked = { timeline: 0, records: 0, base: 0 };
  const timeline: HistorySource['timeline'] = async (after, limit) => {
    asked.timeline++;
    return (await history.timeline(after, Math.min(limit, rowsMax))) as never;
  };
  return {
    asked,
    mode: 'live',
    async open() {
      const { oldest, head } = await timeline(0, 1);
      return { logId: 'test', build: 'test', oldest, head, notes: [] };
    },
    machines: async () => [],
    timeline,
    async records(actor, after, limit) {
      asked.records++;
      const records: WireRecord[] = [];
      for await (const record of host.history({ actor, after, limit })) records.push(wire(record));
      return records;
    },
    async base(actor, n) {
      asked.base++;
      return ((await history.actor(actor, n)) as unknown as ActorDetail).cell;
    },
    actors: async (cursor, limit) =>
      (await history.actors({ ...(cursor === null ? {} : { after: cursor }), limit })) as never,
    actor: async (actor) => (await history.actor(actor)) as unknown as ActorDetail,
    follow(after, { records }) {
      return host.tail((record) => {
        if (record.seq > after) records([wire(record)]);
      });
    },
    sender: null,
    exportLink: null,
  };
}

export function wire(record: Rec): WireRecord {
  return { ...record, type: record.event.type };
}

// A bundle as a history the inspector can show: everything is in memory, nothing is asked of anybody, nothing can be sent.

import type { SavedRecord } from '../../machines/bundle.ts';
import type { Json } from '../../machines/json.ts';
import { type Cell, restore } from '../../machines/kernel.ts';
import { parseKind } from '../../machines/replay.ts';
import { createTravel, type Travel } from '../../machines/travel.ts';
import {
  type ActorItem,
  actorsMax,
  type HistorySource,
  recordsMax,
  type TimelinePage,
  timelineRowsMax,
} from '../machines/source.ts';
import type { Bundle } from './read.ts';

const sourceNumbers: readonly string[] = ['cmd', 'fx', 'tm', 'sys'];

export function createSavedSource(bundle: Bundle, notes: readonly string[]): HistorySource {
  const { header, records, bases } = bundle;
  /** Places in `records`, by actor. */
  const places = new Map<string, number[]>();
  for (const [place, { actor }] of records.entries()) {
    const own = places.get(actor);
    if (own) own.push(place);
    else places.set(actor, [place]);
  }
  const actors = [...new Set([...bases.keys(), ...places.keys()])]
    .filter((actor) => !actor.startsWith('host/'))
    .sort();
  /** The last one looked at: a seek asks for many cells of one actor. */
  let travel: { readonly actor: string; readonly travel: Travel<SavedRecord> } | undefined;

  const own = (actor: string): readonly SavedRecord[] =>
    (places.get(actor) ?? []).map((place) => records[place]!);

  function travelOf(actor: string): Travel<SavedRecord> {
    if (travel?.actor === actor) return travel.travel;
    const base = bases.get(actor);
    const kind = parseKind(base?.kind ?? own(actor)[0]!.kind);
    const made = createTravel<SavedRecord>(
      kind.kind,
      actor,
      base && { n: base.n, cell: base.cell as unknown as Json, version: kind.version },
    );
    made.add(own(actor));
    travel = { actor, travel: made };
    return made;
  }

  function cellAt(actor: string, n: number): Cell | null {
    const base = bases.get(actor);
    if (base?.n === n) {
      const { kind, version } = parseKind(base.kind);
      return restore(kind, base.cell as unknown as Json, version);
    }
    return places.has(actor) ? (travelOf(actor).at(n)?.cell ?? null) : null;
  }

  function item(actor: string): ActorItem {
    const last = places.get(actor)?.at(-1);
    const record = last === undefined ? undefined : records[last];
    const base = bases.get(actor);
    return {
      actor,
      kind: actor.slice(0, actor.indexOf('/')),
      state: record?.state ?? base?.cell.value ?? '',
      n: record?.n ?? base?.n ?? 0,
      label: labelOf(actor),
      since: record?.at ?? 0,
    };
  }

  function labelOf(actor: string): string {
    const input = records[places.get(actor)?.[0] ?? -1]?.event.input as { name?: unknown } | undefined;
    const name = bases.get(actor)?.cell.context.name ?? input?.name;
    if (typeof name === 'string') return name;
    return typeof name === 'object' && name !== null && 'b64' in name ? 'a name that is not UTF-8' : actor;
  }

  return {
    mode: 'bundle',
    sender: null,
    exportLink: null,
    async open() {
      return {
        logId: header.logId,
        build: String(header.versions.tender ?? ''),
        oldest: header.from,
        head: records.length === 0 ? 0 : header.from + records.length - 1,
        notes,
      };
    },
    machines: async () => bundle.machines,
    timeline: async (after, limit) => timelinePage(bundle, after, Math.min(limit, timelineRowsMax)),
    async records(actor, after, limit) {
      const mine = places.get(actor) ?? [];
      const firstN = mine.length === 0 ? 1 : records[mine[0]!]!.n;
      // An actor's numbers have no gaps: its place is known without looking.
      const begin = Math.max(0, after + 1 - firstN);
      return mine.slice(begin, begin + Math.min(limit, recordsMax)).map((place) => records[place]!);
    },
    base: async (actor, n) => cellAt(actor, n),
    async actors(cursor, limit) {
      const begin = cursor === null ? 0 : actors.findIndex((actor) => actor > cursor);
      const page = begin < 0 ? [] : actors.slice(begin, begin + Math.min(limit, actorsMax));
      const more = begin >= 0 && begin + page.length < actors.length;
      return { items: page.map(item), more, next: more ? page.at(-1)! : null };
    },
    async actor(actor) {
      const base = bases.get(actor);
      const last = places.get(actor)?.at(-1);
      const n = last === undefined ? base?.n : records[last]!.n;
      if (n === undefined) throw new Error(`${actor} is not in this bundle.`);
      const cell = cellAt(actor, n);
      if (cell === null)
        throw new Error(`${actor} cannot be shown: its first records are not in this bundle.`);
      const { kind, version } = parseKind(last === undefined ? base!.kind : records[last]!.kind);
      const oldestN = base ? base.n + 1 : (records[places.get(actor)![0]!]?.n ?? 1);
      return { actor, kind, version, n, cell, oldestN, label: labelOf(actor), why: null };
    },
    follow: () => () => {},
  };
}

function timelinePage({ header, records }: Bundle, after: number, limit: number): TimelinePage {
  const actors = createNames();
  const types = createNames();
  const states = createNames();
  const rows: number[] = [];
  const begin = Math.max(0, after + 1 - header.from);
  let before = 0;
  for (const record of records.slice(begin, begin + limit)) {
    const source = Math.max(0, sourceNumbers.indexOf(record.src));
    rows.push(
      actors.place(record.actor),
      record.n,
      types.place(record.type),
      states.place(record.state),
      source,
      record.at - before,
    );
    before = record.at;
  }
  const count = rows.length / 6;
  const head = records.length === 0 ? 0 : header.from + records.length - 1;
  const next = count === 0 ? after : header.from + begin + count - 1;
  return {
    oldest: header.from,
    head,
    next,
    more: count > 0 && next < head,
    actors: actors.list,
    types: types.list,
    states: states.list,
    rows,
  };
}

function createNames() {
  const list: string[] = [];
  const places = new Map<string, number>();
  return {
    list,
    place(name: string): number {
      const known = places.get(name);
      if (known !== undefined) return known;
      places.set(name, list.length);
      return list.push(name) - 1;
    },
  };
}

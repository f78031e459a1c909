// What is known of actors besides the log's index: labels for people, and the state of those whose records are older than
// the rows held. Filled from the source's list when the page opens, then from the records that come.
import type { ActorItem, HistorySource, WireRecord } from './source.ts';
import { actorsMax } from './source.ts';

/** Actors asked for when the page opens; others show their id until they do something. */
export const actorsAskedMax = 50_000;

export interface KnownActors {
  labelOf(actor: string): string;
  item(actor: string): ActorItem | undefined;
  all(): IterableIterator<ActorItem>;
  /** Grows with every change. */
  readonly version: number;
  /** Was the source's list read to its end? */
  readonly isComplete: boolean;
  take(records: readonly WireRecord[]): void;
  /** Reads the source's list to its end, `changed` after each page. */
  load(source: Pick<HistorySource, 'actors'>, changed: () => void, signal: AbortSignal): Promise<void>;
}

export function createKnownActors(): KnownActors {
  const items = new Map<string, ActorItem>();
  let version = 0;
  let isComplete = false;
  const put = (item: ActorItem) => {
    const known = items.get(item.actor);
    // A page of the list may be older than the records that came meanwhile.
    if (known && known.n > item.n) items.set(item.actor, { ...known, label: item.label });
    else items.set(item.actor, item);
    version++;
  };
  return {
    labelOf: (actor) => items.get(actor)?.label ?? actor,
    item: (actor) => items.get(actor),
    all: () => items.values(),
    get version() {
      return version;
    },
    get isComplete() {
      return isComplete;
    },
    take(records) {
      for (const { actor, kind, state, n, at, event } of records) {
        const known = items.get(actor);
        if (known && known.n >= n) continue;
        const label = known && known.label !== actor ? known.label : (labelIn(event.input) ?? actor);
        put({ actor, kind: kind.split('@', 1)[0]!, state, n, label, since: at });
      }
    },
    async load(source, changed, signal) {
      let cursor: string | null = null;
      for (let asked = 0; asked < actorsAskedMax && !signal.aborted; asked += actorsMax) {
        const page = await source.actors(cursor, actorsMax, signal);
        for (const item of page.items) put(item);
        isComplete = !page.more || page.next === null;
        changed();
        if (isComplete || page.next === null) return;
        cursor = page.next;
      }
    },
  };
}

/** The name an upload is born with. */
function labelIn(input: unknown): string | undefined {
  if (typeof input !== 'object' || input === null) return undefined;
  const { name } = input as { readonly name?: unknown };
  return typeof name === 'string' && name !== '' ? name : undefined;
}

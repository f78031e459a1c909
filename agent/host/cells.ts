// The cells in memory. Most actors are only rows: one is loaded when an event reaches it, and goes back to being a row
// once its head is written and others were used more recently. Used by the turn loop (write) and the reads (look).
import { TenderError } from '../errors.ts';
import type { Change, KeyValue } from '../ports.ts';
import { below, keys, prefixes } from './keys.ts';
import { headRow, kindOrUndefined, readSlot, type Slot } from './slot.ts';

export interface Found {
  readonly slot: Slot;
  /** Its work is over: only a receipt is left. */
  readonly finished: boolean;
}

export interface Cells {
  /** A live cell or the one its head describes; activates nothing. Throws TENDER_LOG_BROKEN on a stale or damaged head. */
  find(actor: string): Promise<Found | undefined>;
  live(actor: string): Slot | undefined;
  liveSlots(): IterableIterator<Slot>;
  readonly size: number;
  readonly dirtyCount: number;
  /** After a commit: the new state of an actor, whose head is now older than it. */
  publish(slot: Slot): void;
  /** After a commit: the actor is a receipt now. */
  finish(actor: string): void;
  /** Head rows of everything that changed since its head was written, with `newer` in place of what is live. */
  dirtyRows(newer: ReadonlyMap<string, Slot>, gone: ReadonlySet<string>): Change[];
  /** After the commit that wrote them. */
  clean(): void;
  /** Drops clean cells beyond the limit, least recently used first. */
  evict(): void;
}

/** `flying` says whether an actor's next state is on its way to the disk: its head may then lag for a moment. */
export function createCells(kv: () => KeyValue, liveMax: number, flying: (actor: string) => boolean): Cells {
  /** In order of use: the first is the least recently used. */
  const live = new Map<string, Slot>();
  const dirty = new Set<string>();
  /** Greatest id of each kind in the database and in memory. */
  const stored = new Map<string, string>();
  const known = new Map<string, string>();

  /**
   * Ids begin with their time, so whoever is created now stands behind all others and need not be looked for, which would be
   * two reads of about 10 µs.
   */
  async function isBehindAll(actor: string): Promise<boolean> {
    if (kindOrUndefined(actor) === undefined) return false;
    const kind = kindPart(actor);
    if (!stored.has(kind)) stored.set(kind, await lastStored(kv(), kind));
    return actor > stored.get(kind)! && actor > (known.get(kind) ?? '');
  }

  function know(actor: string): void {
    const kind = kindPart(actor);
    if (actor > (known.get(kind) ?? '')) known.set(kind, actor);
  }

  function touch(slot: Slot): void {
    live.delete(slot.actor);
    live.set(slot.actor, slot);
  }

  return {
    find: async (actor) => {
      const here = live.get(actor);
      if (here !== undefined) {
        touch(here);
        return { slot: here, finished: false };
      }
      if (await isBehindAll(actor)) return undefined;
      const head = await kv().get(keys.head(actor));
      if (head !== undefined) {
        const slot = readSlot(actor, keys.head(actor), head);
        const lags =
          slot.quarantined === undefined && (await kv().get(keys.by(actor, slot.cell.n + 1))) !== undefined;
        const newer = live.get(actor);
        if (newer !== undefined) return { slot: newer, finished: false };
        if (lags && !flying(actor) && (await kv().get(keys.head(actor))) === head) {
          throw new TenderError(
            'TENDER_LOG_BROKEN',
            `The head of ${actor} is older than its records. Restart the agent: it sets the broken log aside and rebuilds.`,
          );
        }
        return { slot, finished: false };
      }
      const receipt = await kv().get(keys.receipt(actor));
      if (receipt === undefined) return undefined;
      return { slot: readSlot(actor, keys.receipt(actor), receipt), finished: true };
    },
    live: (actor) => live.get(actor),
    liveSlots: () => live.values(),
    get size() {
      return live.size;
    },
    get dirtyCount() {
      return dirty.size;
    },
    publish: (slot) => {
      know(slot.actor);
      touch(slot);
      dirty.add(slot.actor);
    },
    finish: (actor) => {
      know(actor);
      live.delete(actor);
      dirty.delete(actor);
    },
    dirtyRows: (newer, gone) => {
      const rows: Change[] = [];
      for (const actor of dirty) {
        if (gone.has(actor) || newer.has(actor)) continue;
        rows.push(headRow(live.get(actor)!));
      }
      for (const slot of newer.values()) rows.push(headRow(slot));
      return rows;
    },
    clean: () => dirty.clear(),
    evict: () => {
      if (live.size <= liveMax) return;
      for (const actor of live.keys()) {
        if (live.size <= liveMax) return;
        if (!dirty.has(actor)) live.delete(actor);
      }
    },
  };
}

function kindPart(actor: string): string {
  return actor.slice(0, actor.indexOf('/') + 1);
}

/** Greatest id of a kind that has a head or a receipt. */
async function lastStored(kv: KeyValue, kind: string): Promise<string> {
  let last = '';
  for (const prefix of [prefixes.head, prefixes.receipt]) {
    for await (const [key] of kv.iterate({ ...below(prefix + kind), reverse: true, limit: 1 })) {
      const actor = key.slice(prefix.length);
      if (actor > last) last = actor;
    }
  }
  return last;
}

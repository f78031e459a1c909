// The actors of the log as a list that can be searched, and one of them in full: as it is, or as it was.
import { type Name, nameForPeople } from '../../cloud/contract/name.ts';
import type { Json, JsonObject } from '../../machines/json.ts';
import type { Cell } from '../../machines/kernel.ts';
import { definitionOf } from '../../machines/registry.ts';
import { whyActor } from '../../machines/why.ts';
import type { ActorState, Host } from '../host/contract.ts';
import { type Cells, noSuchActor } from './history-cells.ts';

/** Actors in one answer at most. */
export const actorsMax = 1_000;

export interface ActorQuery {
  readonly kind?: string;
  /** A state of its machine, or `quarantined`. */
  readonly state?: string;
  /** A piece of its id or of its document's name, in any case of letters. */
  readonly text?: string;
  /** The `next` of the page before. */
  readonly after?: string;
  readonly limit: number;
}

export function createActorReads(
  { host }: { readonly host: Pick<Host, 'find' | 'look' | 'hold'> },
  cells: Cells,
) {
  /**
   * In order of ids. A page may hold less than `limit`, also nothing, though there is more: a search looks at a bounded
   * number of actors and says where to go on.
   */
  async function actors(query: ActorQuery): Promise<JsonObject> {
    const found = await host.find(query);
    return {
      items: found.actors.map(itemOf),
      more: found.more,
      next: found.more ? (found.scannedTo ?? null) : null,
    };
  }

  async function actor(id: string, n?: number, signal?: AbortSignal): Promise<JsonObject> {
    const state = await host.look(id);
    const oldestN = await cells.oldestN(id);
    // An actor whose receipt is gone too may still have records.
    if (state === undefined && n === undefined) throw noSuchActor(id);
    const now = state !== undefined && (n === undefined || n === state.cell.n) ? state : undefined;
    const past = now === undefined ? await cells.at(id, n!, signal) : undefined;
    const cell = now?.cell ?? past!.cell;
    const kind = id.slice(0, id.indexOf('/'));
    return {
      actor: id,
      kind,
      version: definitionOf(kind).version,
      n: cell.n,
      at: now?.lastAt ?? past?.at ?? null,
      cell: cell as unknown as Json,
      // What holds it back now says nothing about then.
      why: whyActor(kind, cell, now && (await host.hold(id))) as unknown as Json,
      label: labelOf(id, cell),
      oldestN,
      lastN: state?.cell.n ?? cell.n,
      finished: state?.finished ?? true,
      quarantined: state?.quarantined ?? null,
    };
  }

  return { actors, actor };
}

function itemOf({ actor, kind, cell, lastAt, quarantined }: ActorState): JsonObject {
  const state = quarantined === undefined ? cell.value : 'quarantined';
  return { actor, kind, state, n: cell.n, label: labelOf(actor, cell), since: lastAt };
}

/** Of a document its name, of everything else its id. */
function labelOf(actor: string, { context: { name } }: Cell): string {
  return name === undefined ? actor : nameForPeople(name as Name);
}

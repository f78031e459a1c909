// Actors as others may see them: live cells, heads and receipts, merged in order of their ids. Reads activate nothing and
// show only what is durable. A row is unpacked only if it may fit: among 100,000 documents a name is found by looking at
// bytes.
import { type Name, nameForPeople } from '../../cloud/contract/name.ts';
import type { Cell } from '../../machines/kernel.ts';
import { registry } from '../../machines/registry.ts';
import type { KeyValue } from '../ports.ts';
import type { Cells } from './cells.ts';
import type { ActorFilter, ActorState, ActorsFound, Filter } from './contract.ts';
import { below, prefixes } from './keys.ts';
import { readSlot, type Slot } from './slot.ts';

/** Actors looked at by one search. */
export const scannedMaxActors = 10_000;

/** States in which the work of some machine is over, and the one of receipts that no machine can read any more. */
const endStates: ReadonlySet<string> = new Set([
  ...Object.values(registry).flatMap(({ finalStates }) => finalStates),
  'quarantined',
]);

export interface Listed {
  readonly actor: string;
  readonly cell: Cell;
}

/** Live cells, heads and receipts, merged by id; a live cell wins over its head. */
export async function* list(kv: KeyValue, cells: Cells, filter: Filter): AsyncGenerator<Listed> {
  if (filter.limit <= 0) return;
  let count = 0;
  for await (const place of merged(kv, cells, filter)) {
    if (!mayFit(place, filter)) continue;
    const state = stateOf(place);
    if (!fits(state, filter)) continue;
    count += 1;
    yield { actor: state.actor, cell: cells.live(state.actor)?.cell ?? state.cell };
    if (count === filter.limit) return;
  }
}

export async function find(kv: KeyValue, cells: Cells, filter: ActorFilter): Promise<ActorsFound> {
  const actors: ActorState[] = [];
  let scannedTo: string | undefined;
  let scanned = 0;
  for await (const place of merged(kv, cells, filter)) {
    if (scanned === scannedMaxActors || actors.length === filter.limit)
      return { actors, scannedTo, more: true };
    scanned += 1;
    scannedTo = place.actor;
    if (!mayFit(place, filter)) continue;
    const state = stateOf(place);
    if (fits(state, filter)) actors.push(state);
  }
  return { actors, scannedTo, more: false };
}

/** One actor, as `find` tells it. Throws TENDER_LOG_BROKEN on a stale or damaged head. */
export async function look(cells: Cells, actor: string): Promise<ActorState | undefined> {
  const found = await cells.find(actor);
  return found === undefined ? undefined : told(found.slot, found.finished);
}

/** An actor on the way: in memory, or a row not yet unpacked. */
type Place = { readonly actor: string; readonly finished: boolean } & (
  | { readonly slot: Slot; readonly sealed?: undefined }
  | { readonly slot?: undefined; readonly key: string; readonly sealed: string }
);

/** Of a kind, in order of ids. */
export async function* merged(
  kv: KeyValue,
  cells: Cells,
  { kind, state, after: from }: Omit<Filter, 'limit'>,
): AsyncGenerator<Place> {
  const prefix = kind === undefined ? '' : `${kind}/`;
  const start = [prefix, from ?? ''].sort().at(-1)!;
  const live: Place[] = [...cells.liveSlots()]
    .filter(({ actor }) => actor > start && actor.startsWith(prefix))
    .sort((a, b) => (a.actor < b.actor ? -1 : 1))
    .map((slot) => ({ actor: slot.actor, finished: false, slot }));
  const heads = places(kv, prefixes.head, start, prefix, false);
  // Nobody whose work goes on has a receipt: a search for who is sending need not pass all that was ever sent.
  const ended = state === undefined || endStates.has(state);
  const receipts = places(kv, prefixes.receipt, start, ended ? prefix : undefined, true);
  let next = 0;
  try {
    let head = await step(heads);
    let receipt = await step(receipts);
    for (;;) {
      const first = least(live[next], least(head, receipt));
      if (first === undefined) return;
      const { actor } = first;
      let place: Place = first;
      if (receipt?.actor === actor) {
        place = receipt;
        receipt = await step(receipts);
      }
      if (head?.actor === actor) head = await step(heads);
      if (live[next]?.actor === actor) place = live[next++]!;
      yield place;
    }
  } finally {
    await heads.return(undefined);
    await receipts.return(undefined);
  }
}

function least(a: Place | undefined, b: Place | undefined): Place | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.actor < a.actor ? b : a;
}

async function step(from: AsyncIterator<Place>): Promise<Place | undefined> {
  const { done, value } = await from.next();
  return done === true ? undefined : value;
}

async function* places(
  kv: KeyValue,
  prefix: string,
  start: string,
  kind: string | undefined,
  finished: boolean,
): AsyncGenerator<Place, undefined> {
  if (kind === undefined) return undefined;
  const end = below(prefix + kind).lt;
  for await (const [key, sealed] of kv.iterate({ gt: prefix + start, lt: end })) {
    yield { actor: key.slice(prefix.length), finished, key, sealed };
  }
  return undefined;
}

/** Whether a row is worth unpacking; says yes too often, never no. */
function mayFit({ actor, sealed }: Place, { state, text }: Pick<ActorFilter, 'state' | 'text'>): boolean {
  if (sealed === undefined) return true;
  if (state !== undefined && state !== 'quarantined' && !sealed.includes(`"value":"${state}"`)) return false;
  // A name may be spelled with escapes, or be bytes in base64: those are unpacked.
  if (text === undefined || !/^[\w .-]+$/.test(text) || sealed.includes('\\') || sealed.includes('"b64"'))
    return true;
  return (
    sealed.toLowerCase().includes(text.toLowerCase()) || actor.toLowerCase().includes(text.toLowerCase())
  );
}

function stateOf(place: Place): ActorState {
  const slot = place.slot ?? readSlot(place.actor, place.key, place.sealed);
  return told(slot, place.finished);
}

function told(slot: Slot, finished: boolean): ActorState {
  const { actor, kind, cell, lastAt, quarantined } = slot;
  return { actor, kind, cell, lastAt, finished, ...(quarantined === undefined ? {} : { quarantined }) };
}

function fits({ actor, kind, cell, quarantined }: ActorState, filter: ActorFilter): boolean {
  if (filter.kind !== undefined && kind !== filter.kind) return false;
  const current = quarantined === undefined ? cell.value : 'quarantined';
  if (filter.state !== undefined && current !== filter.state) return false;
  if (filter.text === undefined) return true;
  const wanted = filter.text.toLowerCase();
  return actor.toLowerCase().includes(wanted) || nameOf(cell).toLowerCase().includes(wanted);
}

/** The document's name as people see it; other machines have none. */
function nameOf({ context: { name } }: Cell): string {
  return name === undefined ? '' : nameForPeople(name as Name);
}

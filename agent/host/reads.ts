// What others may see of the log: actors in order of their ids, records in order of the log. Reads activate nothing and
// show only what is durable.
import type { Cell } from '../../machines/kernel.ts';
import { TenderError } from '../errors.ts';
import type { KeyValue } from '../ports.ts';
import type { Cells } from './cells.ts';
import type { Filter, Rec } from './contract.ts';
import { after, below, keys, prefixes } from './keys.ts';
import { decodeRecord } from './record.ts';
import { readSlot, type Slot } from './slot.ts';

export interface Listed {
  readonly actor: string;
  readonly cell: Cell;
}

/** Live cells, heads and receipts, merged by id; a live cell wins over its head. */
export async function* list(kv: KeyValue, cells: Cells, filter: Filter): AsyncGenerator<Listed> {
  const { kind, state, after: from, limit } = filter;
  const start = [kind === undefined ? '' : `${kind}/`, from ?? ''].sort().at(-1)!;
  const live = [...cells.liveSlots()].filter((slot) => slot.actor > start).sort(byActor);
  const heads = slots(kv, prefixes.head, start, kind);
  const receipts = slots(kv, prefixes.receipt, start, kind);
  let count = 0;
  try {
    let head = await next(heads);
    let receipt = await next(receipts);
    while (count < limit) {
      const first = [live[0], head, receipt].filter((slot) => slot !== undefined).sort(byActor)[0];
      if (first === undefined) return;
      const { actor } = first;
      let found: Slot = first;
      if (receipt?.actor === actor) {
        found = receipt;
        receipt = await next(receipts);
      }
      if (head?.actor === actor) head = await next(heads);
      if (live[0]?.actor === actor) found = live.shift()!;
      if (kind !== undefined && found.kind !== kind) continue;
      const current = found.quarantined === undefined ? found.cell.value : 'quarantined';
      if (state !== undefined && current !== state) continue;
      count += 1;
      yield { actor, cell: cells.live(actor)?.cell ?? found.cell };
    }
  } finally {
    await heads.return(undefined);
    await receipts.return(undefined);
  }
}

const byActor = (a: Slot, b: Slot): number => (a.actor < b.actor ? -1 : a.actor > b.actor ? 1 : 0);

async function next(from: AsyncGenerator<Slot>): Promise<Slot | undefined> {
  const step = await from.next();
  return step.done === true ? undefined : step.value;
}

async function* slots(
  kv: KeyValue,
  prefix: string,
  start: string,
  kind: string | undefined,
): AsyncGenerator<Slot, undefined> {
  const end = kind === undefined ? below(prefix).lt : below(`${prefix}${kind}/`).lt;
  for await (const [key, sealed] of kv.iterate({ gt: prefix + start, lt: end })) {
    yield readSlot(key.slice(prefix.length), key, sealed);
  }
  return undefined;
}

/** Records after a sequence number, or of one actor after one of its own. */
export async function* history(
  kv: KeyValue,
  range: { readonly actor?: string; readonly after?: number; readonly limit: number },
): AsyncGenerator<Rec> {
  const { actor, after: from = 0, limit } = range;
  if (limit <= 0) return;
  if (actor === undefined) {
    for await (const [key, row] of kv.iterate({ ...after(prefixes.log, keys.log(from)), limit })) {
      yield read(key, row);
    }
    return;
  }
  const own = { gt: keys.by(actor, from), lt: below(`${prefixes.by}${actor}/`).lt, limit };
  for await (const [, seq] of kv.iterate(own)) {
    const key = keys.log(Number(seq));
    const row = await kv.get(key);
    if (row !== undefined) yield read(key, row);
  }
}

function read(key: string, row: string): Rec {
  const rec = decodeRecord(row);
  if (rec === undefined) {
    throw new TenderError(
      'TENDER_LOG_BROKEN',
      `The record ${key} cannot be read. Restart the agent: it sets the broken log aside and rebuilds.`,
    );
  }
  return rec;
}

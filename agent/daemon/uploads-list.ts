// Pages of the documents aboard in the order in which people want them: on their way by urgency, then the ended ones,
// newest first. The order comes from the board and from the receipts' own; only the rows of a page are read. A cursor is
// the last place looked at, so a page never depends on what happened to the ones before it. Used by uploads.ts.
import { TenderError } from '../errors.ts';
import type { Host } from '../host/contract.ts';
import type { Board, BoardPlace } from './board.ts';
import { finalStates } from './upload-json.ts';

/** Receipts looked at for one page, when only some states are wanted. */
export const scannedMaxReceipts = 2_000;
const receiptRows = 200;

export interface ListPage {
  readonly ids: readonly string[];
  /** There are others behind `next`. */
  readonly more: boolean;
  /** Where the next page begins; null: there is none. */
  readonly next: string | null;
}

export interface ListFilter {
  readonly state?: string;
  readonly limit: number;
  readonly after?: string;
}

export async function listUploads(
  parts: { readonly host: Pick<Host, 'newest'>; readonly board: Board },
  { state, limit, after }: ListFilter,
): Promise<ListPage> {
  const from = after === undefined ? undefined : readCursor(after);
  const ids: string[] = [];
  let last: string | null = after ?? null;
  const isEnded = state !== undefined && (state === 'stored' || finalStates.includes(state));
  if (from?.ended === undefined && !isEnded)
    for (const place of parts.board.onTheirWay(from?.place)) {
      if (state !== undefined && place.state !== state) continue;
      if (ids.length === limit) return { ids, more: true, next: last };
      ids.push(place.id);
      last = wayCursor(place);
    }
  if (state !== undefined && !isEnded) return { ids, more: false, next: null };
  let scanned = 0;
  // What was on its way when this page began may have ended before the receipts are read.
  const told = new Set(ids);
  for await (const { id, skipped } of ended(parts, state, from?.ended, limit + scannedMaxReceipts + 1)) {
    if (told.has(id)) continue;
    if (ids.length === limit || scanned === scannedMaxReceipts) return { ids, more: true, next: last };
    last = `e.${id}`;
    if (skipped) scanned += 1;
    else ids.push(id);
  }
  return { ids, more: false, next: null };
}

/** Newest first: what the board still knows and what is finished (receipts), merged by id. */
async function* ended(
  { host, board }: { readonly host: Pick<Host, 'newest'>; readonly board: Board },
  state: string | undefined,
  before: string | undefined,
  most: number,
): AsyncGenerator<{ readonly id: string; readonly skipped: boolean }> {
  const known = board.ended(most, before)[Symbol.iterator]();
  const receipts = state === 'stored' ? undefined : finished(host, before);
  let told: string | undefined;
  try {
    let one = known.next().value;
    let other = (await receipts?.next())?.value;
    while (one !== undefined || other !== undefined) {
      const fromBoard = other === undefined || (one !== undefined && one.id >= other.id);
      const { id, state: is } = fromBoard ? one! : other!;
      if (fromBoard) one = known.next().value;
      else other = (await receipts?.next())?.value;
      // Its receipt is there already.
      if (id === told) continue;
      told = id;
      yield { id, skipped: state !== undefined && is !== state };
    }
  } finally {
    await receipts?.return(undefined);
  }
}

async function* finished(
  host: Pick<Host, 'newest'>,
  before: string | undefined,
): AsyncGenerator<{ readonly id: string; readonly state: string }, undefined> {
  let from = before === undefined ? undefined : `upload/${before}`;
  for (let more = true; more; ) {
    let rows = 0;
    const range = { kind: 'upload', limit: receiptRows, ...(from === undefined ? {} : { before: from }) };
    for await (const { actor, cell } of host.newest(range)) {
      rows += 1;
      from = actor;
      yield { id: actor.slice('upload/'.length), state: cell.value };
    }
    more = rows === receiptRows;
  }
  return undefined;
}

function wayCursor({ priority, addedMs, id }: BoardPlace): string {
  return `w.${priority}.${addedMs}.${id}`;
}

function readCursor(text: string): { readonly place?: BoardPlace; readonly ended?: string } {
  const way = /^w\.(\d{1,2})\.(\d{1,15})\.([0-9A-Z]{26})$/.exec(text);
  if (way) return { place: { priority: Number(way[1]), addedMs: Number(way[2]), id: way[3]! } };
  const over = /^e\.([0-9A-Z]{26})$/.exec(text);
  if (over) return { ended: over[1]! };
  throw new TenderError('TENDER_COMMAND_INVALID', 'after needs the "next" of the page before.');
}

// The table of documents the page holds, keyed by id: what a list answer, a change or a figure does to it. Each step makes
// a new table only when something changed, and keeps the objects of rows that did not, so that the list draws only what
// moved. Pure; store.ts keeps the current one.
import { goesFirst, groupOf } from './order.ts';
import { isEnded, type Progress, type Upload } from './upload.ts';

/** Rows held at most; far more are queued on a big day, and the daemon is asked for those a person looks for. */
export const rowsKeptMax = 5_000;

export interface Rows {
  readonly byId: ReadonlyMap<string, Upload>;
  /**
   * Those on their way are complete up to this one (in the order they go) and left out behind it; null: all are here.
   * A change of a document behind it stays out, or the list would have holes.
   */
  readonly edge: Upload | null;
}

export const noRows: Rows = { byId: new Map(), edge: null };

/** What a document did, as far as the page saw it. */
export interface Step {
  readonly before: Upload | undefined;
  readonly now: Upload;
}

/** A fresh list replaces the table: after the start, after a reset. `more`: the daemon has more than it listed. */
export function listed(items: readonly Upload[], more: boolean): Rows {
  return { byId: new Map(items.map((item) => [item.id, item])), edge: edgeOf(items, more) };
}

/** The daemon lists those on their way in their order, then the ended: where one of those stands, the line is complete. */
function edgeOf(items: readonly Upload[], more: boolean): Upload | null {
  if (!more || items.some(isEnded)) return null;
  return [...items].sort(goesFirst).at(-1) ?? null;
}

/** Rows somebody searched for: added, whatever the edge says. */
export function found(rows: Rows, items: readonly Upload[]): Rows {
  const byId = new Map(rows.byId);
  for (const item of items) byId.set(item.id, item);
  return trimmed({ ...rows, byId });
}

/** What a list may show: without a filter and a search nothing that stands behind the end of the cut line. */
export function listedRows({ byId, edge }: Rows, filter: string, search: string): Iterable<Upload> {
  if (edge === null || filter !== 'all' || search.trim() !== '') return byId.values();
  return [...byId.values()].filter((row) => groupOf(row) !== 'line' || goesFirst(row, edge) <= 0);
}

/** The next part of a cut list, behind the one that was there. */
export function continued(rows: Rows, items: readonly Upload[], more: boolean): Rows {
  const next = found({ ...rows, edge: null }, items);
  // What was dropped again for want of room is behind the edge as well.
  return { ...next, edge: next.edge ?? edgeOf(items, more) };
}

/** Documents that changed. `steps` tells which were taken in, for notices. */
export function changed(
  rows: Rows,
  items: readonly Upload[],
): { readonly rows: Rows; readonly steps: readonly Step[] } {
  const steps: Step[] = [];
  const byId = new Map(rows.byId);
  for (const now of items) {
    const before = byId.get(now.id);
    const behind = rows.edge !== null && groupOf(now) === 'line' && goesFirst(now, rows.edge) > 0;
    if (behind && !before) continue;
    steps.push({ before, now });
    byId.set(now.id, now);
  }
  return steps.length === 0 ? { rows, steps } : { rows: trimmed({ ...rows, byId }), steps };
}

export function without(rows: Rows, ids: readonly string[]): Rows {
  if (!ids.some((id) => rows.byId.has(id))) return rows;
  const byId = new Map(rows.byId);
  for (const id of ids) byId.delete(id);
  return { ...rows, byId };
}

export function progressed(rows: Rows, figures: readonly Progress[]): Rows {
  let byId: Map<string, Upload> | undefined;
  for (const figure of figures) {
    const row = rows.byId.get(figure.id);
    if (!row || groupOf(row) !== 'line') continue;
    const { sentBytes, onTheWayBytes, rateBytesPerSecond, leftMs } = figure;
    byId ??= new Map(rows.byId);
    byId.set(row.id, {
      ...row,
      // A figure that is older than a record must not turn a bar back.
      sentBytes: Math.max(row.sentBytes, sentBytes),
      onTheWayBytes,
      rateBytesPerSecond,
      leftMs,
      held: false,
    });
  }
  return byId ? { ...rows, byId } : rows;
}

/** Drops what is shown last when there is too much: the oldest of the done, then the end of the line. */
function trimmed(rows: Rows): Rows {
  if (rows.byId.size <= rowsKeptMax) return rows;
  const over = rows.byId.size - Math.floor(rowsKeptMax * 0.9);
  const all = [...rows.byId.values()];
  const ended = all.filter((row) => groupOf(row) === 'done' || groupOf(row) === 'cancelled');
  const oldest = ended.sort((a, b) => (a.stored?.storedMs ?? a.addedMs) - (b.stored?.storedMs ?? b.addedMs));
  const drop = oldest.slice(0, over);
  const line = all.filter((row) => groupOf(row) === 'line').sort(goesFirst);
  const kept = line.slice(0, Math.max(0, line.length - (over - drop.length)));
  const byId = new Map(rows.byId);
  for (const row of [...drop, ...line.slice(kept.length)]) byId.delete(row.id);
  return { byId, edge: kept.length < line.length ? (kept.at(-1) ?? null) : rows.edge };
}

// In which order documents go, which of them a filter shows, and in which groups. The same rule as the daemon's scheduler:
// priority first, then age. Pure.
import { isDelivered, isEnded, type Upload } from './upload.ts';

export const filters = ['all', 'going', 'waiting', 'parked', 'done'] as const;
export type Filter = (typeof filters)[number];

export type GroupName = 'parked' | 'line' | 'done' | 'cancelled';

export interface Group {
  readonly name: GroupName;
  readonly rows: readonly Upload[];
}

/** Negative: `a` goes first. The order of those on their way. */
export function goesFirst(
  a: Pick<Upload, 'priority' | 'addedMs' | 'id'>,
  b: Pick<Upload, 'priority' | 'addedMs' | 'id'>,
): number {
  return a.priority - b.priority || a.addedMs - b.addedMs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** The last delivered first. */
function newestFirst(a: Upload, b: Upload): number {
  return endedMs(b) - endedMs(a) || (a.id < b.id ? 1 : -1);
}

const endedMs = (upload: Upload) => upload.indexedMs ?? upload.stored?.storedMs ?? upload.addedMs;

export function groupOf(upload: Upload): GroupName {
  if (upload.state === 'parked') return 'parked';
  if (upload.state === 'cancelled') return 'cancelled';
  return isDelivered(upload) ? 'done' : 'line';
}

/** States the daemon is asked for when a filter is chosen and not everything is here. */
export const statesOf: Readonly<Record<Filter, readonly string[]>> = {
  all: [],
  going: ['sighted', 'settling', 'sending', 'confirming'],
  waiting: ['waiting', 'paused'],
  parked: ['parked'],
  done: ['stored', 'indexed', 'cancelled'],
};

export function passes(upload: Upload, filter: Filter, search: string): boolean {
  if (filter !== 'all' && !inFilter(upload, filter)) return false;
  return search === '' || matches(upload, search);
}

function inFilter(upload: Upload, filter: Filter): boolean {
  if (filter === 'done') return isEnded(upload);
  if (filter === 'parked') return upload.state === 'parked';
  const waits = upload.state === 'waiting' || upload.state === 'paused';
  if (filter === 'waiting') return waits;
  return !waits && !isEnded(upload) && upload.state !== 'parked';
}

/** Every word of the search stands somewhere in the name, the id, the state or the code of the last error. */
export function matches(upload: Upload, search: string): boolean {
  const { name, id, state, errors } = upload;
  const text = `${name} ${id} ${state} ${errors.at(-1)?.code ?? ''}`.toLocaleLowerCase();
  return search
    .toLocaleLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** What the page shows, top to bottom; empty groups are left out. */
export function groupsOf(rows: Iterable<Upload>, filter: Filter, search: string): readonly Group[] {
  const wanted = search.trim();
  const groups: Record<GroupName, Upload[]> = { parked: [], line: [], done: [], cancelled: [] };
  for (const row of rows) if (passes(row, filter, wanted)) groups[groupOf(row)].push(row);
  groups.parked.sort(goesFirst);
  groups.line.sort(goesFirst);
  groups.done.sort(newestFirst);
  groups.cancelled.sort(newestFirst);
  return (['parked', 'line', 'done', 'cancelled'] as const)
    .map((name) => ({ name, rows: groups[name] }))
    .filter(({ rows }) => rows.length > 0);
}

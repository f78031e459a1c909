// The watched folders of the configuration: `[folders.<label>]` with a path and a priority. The label is the first part
// of every document's name ashore, so it stays when the path moves to another disk.
import type { Read } from './units.ts';

export interface WatchedFolder {
  readonly label: string;
  /** Absolute. */
  readonly path: string;
  /** 1 critical, 5 normal, 10 low. */
  readonly priority: number;
}

const labelRule = /^[a-z0-9][a-z0-9_-]{0,39}$/;
const foldersMax = 64;

/** Keys a folder may have; anything else is refused with the nearest of these. */
export const folderKeys = ['path', 'priority'] as const;
export type FolderKey = (typeof folderKeys)[number];

/** Why a label cannot be used, or undefined. `added` belongs to files handed over by `tender add`. */
export function labelProblem(label: string): string | undefined {
  if (label === 'added') return 'is the name of what `tender add` brings: choose another label';
  return labelRule.test(label) ? undefined : 'needs a label of a-z, 0-9, - and _, at most 40 of them';
}

export function readFolderKey(key: FolderKey, value: unknown, fromText: boolean): Read<string | number> {
  if (key === 'path') {
    if (typeof value !== 'string' || !value.startsWith('/') || value.includes('\0'))
      return { wrong: 'needs an absolute path in quotes, such as "/srv/scans"' };
    return { value: value.length > 1 ? value.replace(/\/+$/, '') : value };
  }
  const priority = fromText ? Number(value) : value;
  if (typeof priority !== 'number' || !Number.isInteger(priority) || priority < 1 || priority > 10)
    return { wrong: 'needs a whole number from 1 (critical) to 10 (low)' };
  return { value: priority };
}

/** Puts the parts together; what is missing or twice there is a finding for people. */
export function buildFolders(
  parts: ReadonlyMap<string, ReadonlyMap<FolderKey, string | number>>,
): Read<readonly WatchedFolder[]> {
  if (parts.size > foldersMax)
    return { wrong: `has ${parts.size} folders: at most ${foldersMax} can be watched` };
  const folders: WatchedFolder[] = [];
  for (const [label, keys] of parts) {
    const path = keys.get('path');
    if (typeof path !== 'string') return { wrong: `folders.${label} needs a path` };
    const twin = folders.find((other) => inside(other.path, path) || inside(path, other.path));
    if (twin) return { wrong: `folders.${label} and folders.${twin.label} hold the same files: keep one` };
    folders.push(Object.freeze({ label, path, priority: Number(keys.get('priority') ?? 5) }));
  }
  return { value: Object.freeze(folders.sort((a, b) => (a.label < b.label ? -1 : 1))) };
}

function inside(outer: string, path: string): boolean {
  return path === outer || path.startsWith(outer === '/' ? '/' : `${outer}/`);
}

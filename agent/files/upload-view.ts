// What the tracker needs to know of an upload: how far it is, what it was taken from, what of it is ashore.
import type { Json, JsonObject } from '../../machines/json.ts';
import type { Cell } from '../../machines/kernel.ts';
import type { FileStat } from '../ports.ts';
import { type StoredVersion, statFromJson } from './file-row.ts';

export type UploadView =
  /** The log does not know it: it was never created, or a rebuilt log lost it, or it is long ashore and forgotten. */
  | { readonly phase: 'unknown' }
  /** It looks after its file itself, also while it waits or is paused. */
  | { readonly phase: 'under-way' }
  /** Parked because its file was gone or could not be read. */
  | { readonly phase: 'missing' }
  /** Parked for another reason: only a person, or another state of the file, leads on. */
  | { readonly phase: 'parked'; readonly taken: FileStat | null }
  | { readonly phase: 'ashore'; readonly taken: FileStat | null; readonly stored: StoredVersion | null }
  | {
      readonly phase: 'cancelled';
      readonly reason: 'person' | 'superseded' | 'unchanged';
      readonly taken: FileStat | null;
    };

export function viewUpload(cell: Cell | undefined): UploadView {
  if (!cell) return { phase: 'unknown' };
  const { context, value } = cell;
  const taken = statFromJson(context.stat) ?? null;
  switch (value) {
    case 'stored':
    case 'indexed':
      return { phase: 'ashore', taken, stored: storedVersion(context) };
    case 'cancelled': {
      const reason = inside(context.cancelled)?.reason;
      if (reason === 'superseded' || reason === 'unchanged') return { phase: 'cancelled', reason, taken };
      return { phase: 'cancelled', reason: 'person', taken };
    }
    case 'parked': {
      const parkedClass = inside(context.parked)?.class;
      const missing = parkedClass === 'GONE' || parkedClass === 'UNREADABLE';
      return missing ? { phase: 'missing' } : { phase: 'parked', taken };
    }
    default:
      return { phase: 'under-way' };
  }
}

function storedVersion(context: JsonObject): StoredVersion | null {
  const sent = inside(context.sent);
  if (!sent || typeof context.version !== 'number') return null;
  return { version: context.version, lengthBytes: Number(sent.lengthBytes), sha256: String(sent.sha256) };
}

function inside(json: Json | undefined): JsonObject | undefined {
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as JsonObject) : undefined;
}

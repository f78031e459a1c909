// The row `file/<label>/<hex of the path>`: which version of a path was assigned last, what it was taken from, and what
// of it is surely ashore. Written in one batch with the upload it speaks of, so that a number is never given twice.
import { hexFromBytes } from '../../cloud/contract/ids.ts';
import type { Json, JsonObject } from '../../machines/json.ts';
import type { FileStat } from '../ports.ts';

/** The label of documents that came through `tender add`; no folder may have it. */
export const addedLabel = 'added';

export interface FileRow {
  /** Last version assigned, 1, 2, 3 … Never given twice, whatever became of it. */
  readonly version: number;
  /** The upload of that version; null when only the shore told of it. */
  readonly uploadId: string | null;
  /** True once that upload has ended and the rest of this row says how. */
  readonly ended: boolean;
  /** What that version was taken from; null when unknown. */
  readonly stat: FileStat | null;
  /** The version that is surely the head ashore until ours arrives; null when that is not sure. */
  readonly stored: StoredVersion | null;
}

export interface StoredVersion {
  readonly version: number;
  readonly lengthBytes: number;
  /** Hex. */
  readonly sha256: string;
}

export function fileRowKey(label: string, path: Uint8Array): string {
  return `file/${label}/${hexFromBytes(path)}`;
}

export function writeFileRow(row: FileRow): string {
  return JSON.stringify({ ...row, stat: row.stat && statFields(row.stat) });
}

/** A row as it was written; rows are under the log's checksums, so anything else is a programmer's error. */
export function readFileRow(text: string): FileRow {
  return JSON.parse(text) as FileRow;
}

/**
 * The version ashore that a document just read is equal to, if sending it again would change nothing: answer
 * `content.unchanged {version}` instead of the finish. `row.stored` is null whenever another version may have become
 * the head between (A → B → A must end at A).
 */
export function unchangedSince(
  row: FileRow | undefined,
  version: number,
  read: { readonly lengthBytes: number; readonly sha256: string },
): number | undefined {
  const stored = row?.stored;
  if (!stored || row.version !== version || stored.version >= version) return undefined;
  return stored.lengthBytes === read.lengthBytes && stored.sha256 === read.sha256
    ? stored.version
    : undefined;
}

/** A FileStat as JSON for an event, without anything beside it. */
export function statFields(stat: FileStat): FileStat {
  const { kind, sizeBytes, mtimeNs, ctimeNs, inode, device } = stat;
  return { kind, sizeBytes, mtimeNs, ctimeNs, inode, device };
}

/** The stat in an upload's context or an effect's params; undefined when there is none. */
export function statFromJson(json: Json | undefined): FileStat | undefined {
  if (typeof json !== 'object' || json === null || !('inode' in json)) return undefined;
  return statFields(json as JsonObject as unknown as FileStat);
}

// What the shore's inventory does to the rows of files, after a log was rebuilt or restored: versions go on from the
// shore's number, and what is ashore is known again, so that nothing is sent twice.
import { hexFromBytes } from '../../cloud/contract/ids.ts';
import { type Name, nameToBytes } from '../../cloud/contract/name.ts';
import type { FileRow } from './file-row.ts';

/** One document of this device as the shore has it: its newest version. */
export interface InventoryItem {
  readonly name: Name;
  readonly version: number;
  readonly uploadId: string;
  readonly lengthBytes: number;
  readonly sha256: Uint8Array;
}

/** A document's name taken apart at its first slash; undefined when no agent of ours can have given it. */
export function splitDocumentName(name: Name): { label: string; path: Uint8Array } | undefined {
  const bytes = nameToBytes(name);
  const slash = bytes.indexOf(0x2f);
  if (slash < 1 || slash === bytes.length - 1) return undefined;
  const label = new TextDecoder().decode(bytes.subarray(0, slash));
  return /^[a-z0-9_-]+$/.test(label) ? { label, path: bytes.slice(slash + 1) } : undefined;
}

/**
 * The row after the shore's word, undefined when it stays. `displaced`: an upload aboard that claims a number which the
 * shore gave to another one.
 */
export function rowAfterInventory(
  row: FileRow | undefined,
  item: InventoryItem,
): { readonly row: FileRow; readonly displaced?: string } | undefined {
  const { version, lengthBytes } = item;
  const stored = { version, lengthBytes, sha256: hexFromBytes(item.sha256) };
  const fromShore: FileRow = { version, uploadId: null, ended: true, stat: null, stored };
  if (!row || row.version < version) return { row: fromShore };
  // The same upload: the log knows more about it than the inventory, or has forgotten that it arrived.
  if (row.version === version && row.uploadId === item.uploadId) return { row: { ...row, stored } };
  // Ours is ahead.
  if (row.version > version || row.uploadId === null) return undefined;
  return { row: fromShore, displaced: row.uploadId };
}

// One page of what a device has ashore, as a frame: the yacht asks for the next with the last name it got.
import { frameLimits, type InventoryPageFrame } from '../contract/frames.ts';
import { type Name, nameFromBytes, nameToBytes } from '../contract/name.ts';
import type { Documents } from '../decide/documents.ts';
import type { DeviceScope } from '../ports.ts';

/** Besides its name an entry takes at most this. */
const entryMaxBytes = 8 + 8 + 16 + 8 + 32 + 1;

export async function inventoryPage(
  documents: Pick<Documents, 'inventory'>,
  scope: DeviceScope,
  after: Uint8Array | undefined,
  limit: number,
): Promise<InventoryPageFrame> {
  const from: Name | null = after ? nameFromBytes(Uint8Array.from(after)) : null;
  const rows = await documents.inventory(scope, from, limit);
  const entries: InventoryPageFrame['entries'][number][] = [];
  let room = frameLimits.frameMaxBytes - 16;
  for (const row of rows) {
    const name = nameToBytes(row.name);
    room -= name.length + entryMaxBytes;
    if (room < 0) break; // long names: the rest is for the next page
    entries.push({ ...row, name });
  }
  return { type: 'INVENTORY_PAGE', more: rows.length === limit || entries.length < rows.length, entries };
}

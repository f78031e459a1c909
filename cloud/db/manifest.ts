// A manifest as one value: 36 bytes a chunk in a finished version, 40 (with the index) in a part of an open one. A 5 GB
// document has about 75,000 chunks: 2.7 MB in one row instead of 75,000 rows. Big-endian, as docs of the schema say.
import type { ManifestEntry } from '../ports.ts';

const idBytes = 32;
export const versionEntryBytes = idBytes + 4;
const partEntryBytes = idBytes + 8;

/** Entries of a finished version, whose indexes are 0, 1, 2 …: id, length. */
export function packManifest(entries: readonly ManifestEntry[]): Buffer {
  const packed = Buffer.allocUnsafe(entries.length * versionEntryBytes);
  entries.forEach((entry, at) => {
    packed.set(entry.id, at * versionEntryBytes);
    packed.writeUInt32BE(entry.length, at * versionEntryBytes + idBytes);
  });
  return packed;
}

/** `first`: the index of what begins here. */
export function unpackManifest(packed: Buffer, first = 0): ManifestEntry[] {
  const entries: ManifestEntry[] = [];
  for (let at = 0; at < packed.length; at += versionEntryBytes)
    entries.push({
      index: first + at / versionEntryBytes,
      id: packed.subarray(at, at + idBytes),
      length: packed.readUInt32BE(at + idBytes),
    });
  return entries;
}

/** Entries of one durable batch, in any order: id, length, index. */
export function packPart(entries: readonly ManifestEntry[]): Buffer {
  const packed = Buffer.allocUnsafe(entries.length * partEntryBytes);
  entries.forEach((entry, i) => {
    const at = i * partEntryBytes;
    packed.set(entry.id, at);
    packed.writeUInt32BE(entry.length, at + idBytes);
    packed.writeUInt32BE(entry.index, at + idBytes + 4);
  });
  return packed;
}

/** All parts of an open document, oldest first, as ascending entries; an index recorded twice counts as recorded last. */
export function mergeParts(parts: readonly Buffer[]): ManifestEntry[] {
  const byIndex = new Map<number, ManifestEntry>();
  for (const part of parts)
    for (let at = 0; at < part.length; at += partEntryBytes) {
      const index = part.readUInt32BE(at + idBytes + 4);
      byIndex.set(index, {
        index,
        id: part.subarray(at, at + idBytes),
        length: part.readUInt32BE(at + idBytes),
      });
    }
  return [...byIndex.values()].sort((a, b) => a.index - b.index);
}

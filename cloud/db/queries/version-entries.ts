// What a finished version is made of, found by name: the base of a newer one.
import { type Name, nameToBytes } from '../../contract/name.ts';
import type { DeviceScope, EntryRange, ManifestEntry } from '../../ports.ts';
import { type Ask, question } from '../database.ts';
import { unpackManifest, versionEntryBytes } from '../manifest.ts';

/** More do not fit into one value of the database, 1 GB. */
const entriesMaxCount = Math.floor(2 ** 30 / versionEntryBytes);

const manifest = question<{ manifest: Buffer }>(
  'version-manifest',
  `select substring(v.manifest from $4 for $5) as manifest
   from tender.document d join tender.version v using (document_id)
   where d.device_id = $1 and sha256(d.name) = sha256($2) and d.name = $2 and v.version = $3`,
);

export async function versionEntries(
  ask: Ask,
  scope: DeviceScope,
  name: Name,
  version: number,
  { first, count }: EntryRange = { first: 0, count: entriesMaxCount },
): Promise<readonly ManifestEntry[] | undefined> {
  const [row] = await ask(manifest, [
    scope.deviceId,
    Buffer.from(nameToBytes(name)),
    version,
    Math.min(first, entriesMaxCount) * versionEntryBytes + 1, // counted from 1
    Math.min(count, entriesMaxCount) * versionEntryBytes,
  ]);
  return row && unpackManifest(row.manifest, first);
}

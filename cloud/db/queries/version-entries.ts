// What a finished version is made of, found by name: the base of a newer one.
import { type Name, nameToBytes } from '../../contract/name.ts';
import type { DeviceScope, ManifestEntry } from '../../ports.ts';
import { type Ask, question } from '../database.ts';
import { unpackManifest } from '../manifest.ts';

const manifest = question<{ manifest: Buffer }>(
  'version-manifest',
  `select v.manifest from tender.document d join tender.version v using (document_id)
   where d.device_id = $1 and sha256(d.name) = sha256($2) and d.name = $2 and v.version = $3`,
);

export async function versionEntries(
  ask: Ask,
  scope: DeviceScope,
  name: Name,
  version: number,
): Promise<readonly ManifestEntry[] | undefined> {
  const [row] = await ask(manifest, [scope.deviceId, Buffer.from(nameToBytes(name)), version]);
  return row && unpackManifest(row.manifest);
}

// What one device has ashore, by name bytes: for a yacht that rebuilds its log.
import { type Name, nameFromBytes, nameToBytes } from '../../contract/name.ts';
import type { DeviceScope } from '../../ports.ts';
import { type Ask, question } from '../database.ts';

interface Row {
  readonly name: Buffer;
  readonly version: number;
  readonly upload_id: string;
  readonly length_bytes: number;
  readonly sha256: Buffer;
  readonly state: string;
}

/** The first 1,024 bytes are indexed (a whole name may be too long for an index); the whole name decides. */
const page = question<Row>(
  'inventory',
  `select d.name, v.version, v.upload_id, v.length_bytes, v.sha256, v.state
   from tender.document d join tender.version v on v.document_id = d.document_id and v.version = d.head
   where d.device_id = $1
     and ($2::bytea is null
       or (substring(d.name from 1 for 1024), d.name) > (substring($2::bytea from 1 for 1024), $2::bytea))
   order by substring(d.name from 1 for 1024), d.name
   limit $3`,
);

export async function inventory(ask: Ask, scope: DeviceScope, after: Name | null, limit: number) {
  const from = after === null ? null : Buffer.from(nameToBytes(after));
  const rows = await ask(page, [scope.deviceId, from, limit]);
  return rows.map((row) => ({
    name: nameFromBytes(row.name),
    version: row.version,
    uploadId: row.upload_id,
    lengthBytes: row.length_bytes,
    sha256: row.sha256,
    indexed: row.state === 'indexed',
  }));
}

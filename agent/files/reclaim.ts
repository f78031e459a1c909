// After a rebuilt log: uploads and the rows of files were saved one by one, so an upload may have outlived the row that
// says which number it has. Without it a second upload of the same path would get that number again, and the shore would
// refuse one of the two for ever. Called by the tracker before the shore's inventory is taken.
import type { Name } from '../../cloud/contract/name.ts';
import type { Host } from '../host/contract.ts';
import { type FileRow, fileRowKey, readFileRow, statFromJson, writeFileRow } from './file-row.ts';
import { splitDocumentName } from './reconcile.ts';

/** Uploads read, and rows written, at once. */
const pageMaxUploads = 1_000;

/** Every upload that the log still has claims its number, unless its path has gone on to a higher one. */
export async function reclaimNumbers(host: Pick<Host, 'list' | 'row' | 'putRows'>): Promise<void> {
  let after: string | undefined;
  for (let more = true; more; ) {
    const claims = new Map<string, FileRow>();
    let listed = 0;
    const page = { kind: 'upload', limit: pageMaxUploads, ...(after === undefined ? {} : { after }) };
    for await (const { actor, cell } of host.list(page)) {
      listed += 1;
      after = actor;
      const split = splitDocumentName(cell.context.name as Name);
      if (!split) continue;
      const key = fileRowKey(split.label, split.path);
      const version = Number(cell.context.version);
      const text = await host.row(key);
      const before = claims.get(key) ?? (text === undefined ? undefined : readFileRow(text));
      if (before && before.version >= version) continue;
      const uploadId = actor.slice(actor.indexOf('/') + 1);
      const stat = statFromJson(cell.context.stat) ?? null;
      claims.set(key, { version, uploadId, ended: false, stat, stored: null });
    }
    const rows = [...claims].map(([key, row]) => ({ type: 'put', key, value: writeFileRow(row) }) as const);
    if (rows.length > 0) await host.putRows(rows, { soft: false });
    more = listed === pageMaxUploads;
  }
}

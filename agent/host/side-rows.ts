// Rows that belong to callers (`file/…`, `ch/…`, `cursor` …): they lie beside the host's own, sealed, and commit with the
// record they came with. The host never looks into them.
import { TenderError } from '../errors.ts';
import type { Change, KeyRange, KeyValue } from '../ports.ts';
import { isSideKey } from './keys.ts';
import { seal, unseal } from './sealed.ts';

/** As they go into a batch. Throws TENDER_INTERNAL for a key of the host. */
export function sealRows(changes: readonly Change[]): Change[] {
  return changes.map((change) => {
    checkSideKey(change.key);
    return change.type === 'del' ? change : { ...change, value: seal(change.key, change.value) };
  });
}

/** Throws TENDER_LOG_BROKEN when the row is not what was written. */
export async function readRow(kv: KeyValue, key: string): Promise<string | undefined> {
  checkSideKey(key);
  const sealed = await kv.get(key);
  return sealed === undefined ? undefined : unseal(key, sealed);
}

export async function* readRows(kv: KeyValue, range: KeyRange): AsyncGenerator<readonly [string, string]> {
  for await (const [key, sealed] of kv.iterate(range)) {
    if (isSideKey(key)) yield [key, unseal(key, sealed)] as const;
  }
}

function checkSideKey(key: string): void {
  if (isSideKey(key)) return;
  throw new TenderError(
    'TENDER_INTERNAL',
    `"${key.slice(0, 80)}" is no key of a side row: those of the host (log/…) are its own.`,
  );
}

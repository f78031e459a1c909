// A version's bytes as a stream, whole or one range of it, straight from the segments: chunk by chunk, each checked
// against its SHA-256 before a byte of it leaves. Used by routes/documents.ts.
import { createHash } from 'node:crypto';
import { CloudError } from '../cloud-error.ts';
import { type Name, nameForPeople } from '../contract/name.ts';
import type { Content } from '../library.ts';
import type { BlobStore } from '../ports.ts';

/** First and last byte, both included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The range a Range header asks for. `undefined`: none, or one that may be ignored (RFC 9110, 14.2: other units, several
 * ranges, nonsense); `'unsatisfiable'`: the document has no such bytes.
 */
export function parseRange(
  header: string | undefined,
  lengthBytes: number,
): ByteRange | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  if (match[1] === '') {
    const count = Number(match[2]);
    if (count === 0 || lengthBytes === 0) return 'unsatisfiable';
    return { first: Math.max(0, lengthBytes - count), last: lengthBytes - 1 };
  }
  const first = Number(match[1]);
  if (match[2] !== '' && Number(match[2]) < first) return undefined;
  if (first >= lengthBytes) return 'unsatisfiable';
  return { first, last: match[2] === '' ? lengthBytes - 1 : Math.min(Number(match[2]), lengthBytes - 1) };
}

/** The bytes of `range`. Rejects with TENDER_BLOB_MISSING when a chunk is not what its id says. */
export async function* bytesOf(
  blobs: BlobStore,
  tenantId: string,
  content: Content,
  range: ByteRange,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  let index = 0;
  for await (const place of content.places()) {
    const entry = content.entries[index++];
    const end = at + place.length;
    if (end > range.first && at <= range.last) {
      const bytes = await blobs.read(tenantId, place);
      const sound = entry && createHash('sha256').update(bytes).digest().equals(entry.id);
      if (!sound) throw new CloudError('TENDER_BLOB_MISSING');
      yield bytes.subarray(Math.max(0, range.first - at), Math.min(bytes.length, range.last + 1 - at));
    }
    at = end;
    if (at > range.last) return;
  }
}

/** RFC 6266: an ASCII name for old readers, the true one in RFC 8187 form. Paths and control characters never pass. */
export function contentDisposition(name: Name): string {
  const last = nameForPeople(name).split(/[/\\]/).at(-1) || 'document';
  const ascii = last.replace(/[^A-Za-z0-9 ._()-]/g, '_').slice(0, 150);
  const bytes = new TextEncoder().encode(last);
  const encoded = Array.from(bytes.subarray(0, 600), (byte) =>
    /[A-Za-z0-9._-]/.test(String.fromCharCode(byte))
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('');
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}

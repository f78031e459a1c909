// Full-text search over passages and file names of one tenant. tender.search (migration 1) finds and ranks; this file says
// how a person's words become a query, how pages follow each other, and what the snippet is.
import { CloudError } from '../../cloud-error.ts';
import { nameForPeople, nameFromBytes } from '../../contract/name.ts';
import type { SearchHit, SearchPage } from '../../library.ts';
import { type Ask, question } from '../database.ts';

interface Row {
  readonly document_id: string;
  readonly device_id: string;
  readonly device_name: string;
  readonly name: Buffer;
  readonly version: number;
  readonly stored_ms: number;
  readonly rank: number;
  readonly snippet: string | null;
}

// The marks are control characters: they stand in no name and are taken out of the text first, so that a document cannot
// forge a highlight.
const startMark = '\u0001';
const stopMark = '\u0002';
const headline =
  `StartSel="${startMark}", StopSel="${stopMark}", MaxWords=35, MinWords=15, MaxFragments=2, ` +
  'FragmentDelimiter=" … "';

const find = question<Row>(
  'search',
  `with words as (
     select websearch_to_tsquery('simple', $1) || websearch_to_tsquery('english', $1) as in_text,
       to_tsquery('simple', $2) as in_name
   )
   select d.document_id, d.device_id, v.name as device_name, d.name, d.indexed_head as version, d.stored_ms, s.rank,
     ts_headline('english', translate(p.text, $3, ''), words.in_text, $4) as snippet
   from words cross join tender.search(words.in_text, words.in_name, $5, $6, $7) s
   join tender.document d on d.document_id = s.document_id
   join tender.device v on v.device_id = d.device_id
   left join tender.passage p on p.document_id = s.document_id and p.ordinal = s.ordinal
   order by s.rank desc, s.document_id desc`,
);

export async function search(
  ask: Ask,
  query: { readonly text: string; readonly limit: number; readonly cursor?: string },
): Promise<SearchPage> {
  const text = query.text.replaceAll('\0', ' ');
  const words = wordsOf(text);
  const after = query.cursor === undefined ? null : readCursor(query.cursor);
  const rows = await ask(find, [
    text,
    words.map((word) => `${word}:*`).join(' & '),
    startMark + stopMark,
    headline,
    after?.rank ?? null,
    after?.documentId ?? null,
    // One more than wanted tells whether there is a next page.
    query.limit + 1,
  ]);
  const hits = rows.slice(0, query.limit).map((row) => hitOf(row, words));
  const last = hits.at(-1);
  return { hits, next: rows.length > query.limit && last ? writeCursor(last) : null };
}

function hitOf(row: Row, words: readonly string[]): SearchHit {
  const name = nameFromBytes(row.name);
  return {
    documentId: row.document_id,
    deviceId: row.device_id,
    deviceName: row.device_name,
    name,
    version: row.version,
    storedMs: row.stored_ms,
    rank: row.rank,
    matched: row.snippet === null ? 'name' : 'text',
    snippet:
      row.snippet === null
        ? markWords(nameForPeople(name), words)
        : row.snippet.split(new RegExp(`[${startMark}${stopMark}]`)),
  };
}

/** The words wanted (not those with a minus), letters and digits only: safe in a tsquery. At most wordsMax of them. */
const wordsMax = 16;
function wordsOf(text: string): string[] {
  return (text.match(/-?[\p{L}\p{N}]+/gu) ?? []).filter((word) => !word.startsWith('-')).slice(0, wordsMax);
}

/** Pieces of a name, the odd ones beginning with a wanted word. */
function markWords(name: string, words: readonly string[]): string[] {
  if (words.length === 0) return [name];
  return name.split(new RegExp(`(?<![\\p{L}\\p{N}])(${words.join('|')})`, 'giu'));
}

interface Cursor {
  readonly rank: number;
  readonly documentId: string;
}

function writeCursor(hit: SearchHit): string {
  return Buffer.from(JSON.stringify([hit.rank, hit.documentId])).toString('base64url');
}

function readCursor(text: string): Cursor {
  try {
    const [rank, documentId] = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as unknown[];
    if (typeof rank === 'number' && typeof documentId === 'string' && /^[0-9a-f-]{36}$/.test(documentId))
      return { rank, documentId };
  } catch {
    // Not JSON: answered below.
  }
  throw new CloudError('TENDER_CURSOR_INVALID');
}

// A record read at a glance: who, when, what kind of event, where it led; the event itself is not unpacked. A page of the
// timeline has thousands of them, and JSON.parse of whole rows would be most of its cost. Used by read-records.ts.
import type { Outline, Source } from './contract.ts';
import { decodeRecord, hashLength } from './record.ts';

/**
 * The outline of a row of the log; undefined when it cannot be one. Rows are spelled by encodeBody in a fixed order with
 * names that need no escapes; whatever is spelled otherwise is parsed as a whole.
 */
export function outlineOf(row: string): Outline | undefined {
  return fastOutline(row) ?? slowOutline(row);
}

function fastOutline(row: string): Outline | undefined {
  const start = hashLength;
  if (!row.startsWith('{"s":', start)) return undefined;
  const seqEnd = row.indexOf(',"a":"', start);
  const actorEnd = row.indexOf('","k":"', seqEnd);
  const kindEnd = row.indexOf('","n":', actorEnd);
  const nEnd = row.indexOf(',"t":', kindEnd);
  const atEnd = row.indexOf(',"w":', nEnd);
  const bootEnd = row.indexOf(',"r":"', atEnd);
  const srcEnd = row.indexOf('","o":"', bootEnd);
  const stateEnd = row.indexOf('","d":', srcEnd);
  const digestEnd = row.indexOf(',"e":{"type":"', stateEnd);
  const typeEnd = row.indexOf('"', digestEnd + 14);
  if (seqEnd < 0 || actorEnd < 0 || kindEnd < 0 || nEnd < 0 || atEnd < 0 || bootEnd < 0) return undefined;
  if (srcEnd < 0 || stateEnd < 0 || digestEnd < 0 || typeEnd < 0) return undefined;
  const seq = Number(row.slice(start + 5, seqEnd));
  const n = Number(row.slice(kindEnd + 6, nEnd));
  const at = Number(row.slice(nEnd + 5, atEnd));
  const actor = row.slice(seqEnd + 6, actorEnd);
  const state = row.slice(srcEnd + 7, stateEnd);
  const type = row.slice(digestEnd + 14, typeEnd);
  const src = row.slice(bootEnd + 6, srcEnd);
  if (!Number.isSafeInteger(seq) || !Number.isSafeInteger(n) || !Number.isFinite(at)) return undefined;
  // An escape or a quote would mean that a mark was found inside a text.
  if (!plain.test(actor) || !plain.test(state) || !plain.test(type) || !isSource(src)) return undefined;
  return { seq, actor, n, at, src, type, state };
}

const plain = /^[\w./@-]+$/;

function isSource(text: string): text is Source {
  return text === 'fx' || text === 'cmd' || text === 'tm' || text === 'sys';
}

function slowOutline(row: string): Outline | undefined {
  const rec = decodeRecord(row);
  if (rec === undefined) return undefined;
  const { seq, actor, n, at, src, state, event } = rec;
  return { seq, actor, n, at, src, type: event.type, state };
}

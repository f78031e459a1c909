// One spelling for one value, and 32 bits of it: how replay notices, at the exact record, that new code answers
// differently from the code that wrote the log. Not a defence against tampering; the log's SHA-256 chain is that.
import { MachineError } from './error.ts';
import type { Json } from './json.ts';

/** JSON with keys in code-unit order and no white space. Throws TENDER_VALUE_NOT_JSON for what JSON would change. */
export function canonical(value: Json): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw notJson(String(value));
    return Object.is(value, -0) ? '0' : String(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object') throw notJson(typeof value);
  const object = value as { readonly [key: string]: Json };
  let text = '';
  for (const key of Object.keys(object).sort())
    text += `${text ? ',' : ''}${JSON.stringify(key)}:${canonical(object[key] as Json)}`;
  return `{${text}}`;
}

/** FNV-1a, 32 bits, over UTF-16 code units (low byte, then high byte). http://www.isthe.com/chongo/tech/comp/fnv/ */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  return hash >>> 0;
}

function notJson(what: string): MachineError {
  return new MachineError('TENDER_VALUE_NOT_JSON', `A cell holds ${what}, which JSON would not keep.`);
}

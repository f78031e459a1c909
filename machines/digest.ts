// One spelling for one value, and 32 bits of it: how replay notices, at the exact record, that new code answers
// differently from the code that wrote the log. Not a defence against tampering; the log's SHA-256 chain is that.
import { MachineError } from './error.ts';
import type { Json } from './json.ts';

/** JSON with keys in code-unit order and no white space. Throws TENDER_VALUE_NOT_JSON for what JSON would change. */
export function canonical(value: Json): string {
  const parts: string[] = [];
  spell(value, (part) => parts.push(part));
  return parts.join('');
}

/**
 * FNV-1a, 32 bits, over the UTF-16 code units of a value's canonical JSON, without building that text.
 * http://www.isthe.com/chongo/tech/comp/fnv/
 */
export function digestOf(value: Json): number {
  hash = 0x811c9dc5;
  spell(value, absorb);
  return hash >>> 0;
}

let hash = 0;
function absorb(part: string): void {
  let running = hash;
  for (let i = 0; i < part.length; i++) running = Math.imul(running ^ part.charCodeAt(i), 0x01000193);
  hash = running;
}

function spell(value: Json, out: (part: string) => void): void {
  if (typeof value === 'string') out(quote(value));
  else if (value === null) out('null');
  else if (typeof value === 'boolean') out(value ? 'true' : 'false');
  else if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw notJson(String(value));
    out(Object.is(value, -0) ? '0' : String(value));
  } else if (Array.isArray(value)) {
    out('[');
    for (let i = 0; i < value.length; i++) {
      if (i > 0) out(',');
      spell(value[i] as Json, out);
    }
    out(']');
  } else if (typeof value === 'object') {
    const object = value as { readonly [key: string]: Json };
    const keys = sortedKeys(object);
    out('{');
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as string;
      if (i > 0) out(',');
      out(quote(key));
      out(':');
      spell(object[key] as Json, out);
    }
    out('}');
  } else throw notJson(typeof value);
}

/** Sorting costs more than looking: contexts are built in order, so mostly there is nothing to sort. */
function sortedKeys(object: object): string[] {
  const keys = Object.keys(object);
  for (let i = 1; i < keys.length; i++) if ((keys[i - 1] as string) > (keys[i] as string)) return keys.sort();
  return keys;
}

/** Most of our text needs no escapes; asking first is faster than JSON.stringify for it. */
function quote(text: string): string {
  return plain.test(text) ? `"${text}"` : JSON.stringify(text);
}
const plain = /^[ !#-[\]-~]*$/;

function notJson(what: string): MachineError {
  return new MachineError('TENDER_VALUE_NOT_JSON', `A cell holds ${what}, which JSON would not keep.`);
}

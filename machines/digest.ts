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
 * 32 bits of a value: equal for values with equal canonical JSON. Every event pays for one, so nothing is spelled, sorted or
 * allocated: texts are FNV-1a over their UTF-16 units (http://www.isthe.com/chongo/tech/comp/fnv/), the members of an object
 * are added up, each hashed with its key, so that their order does not matter (1 µs for an upload's cell where hashing the
 * canonical text took 3.5). Throws TENDER_VALUE_NOT_JSON.
 */
export function digestOf(value: Json): number {
  return hashOf(value) >>> 0;
}

/** Different beginnings, so that 1, "1" and [1] are three things. */
const seeds = { text: 0x811c9dc5, number: 0x1b873593, list: 0x2545f491, object: 0x3c6ef372 } as const;
const constants = { null: 0x5bd1e995, true: 0x27d4eb2f, false: 0x165667b1 } as const;

function hashOf(value: Json): number {
  switch (typeof value) {
    case 'string':
      return hashText(seeds.text, value);
    case 'number':
      return hashNumber(value);
    case 'boolean':
      return value ? constants.true : constants.false;
    case 'object': {
      if (value === null) return constants.null;
      if (Array.isArray(value)) {
        let running: number = seeds.list;
        for (let i = 0; i < value.length; i++)
          running = mix(Math.imul(running, 31) + hashOf(value[i] as Json));
        return running;
      }
      const object = value as { readonly [key: string]: Json };
      let sum: number = seeds.object;
      for (const key in object) sum = (sum + mix(hashKey(key) ^ hashOf(object[key] as Json))) | 0;
      return mix(sum);
    }
    default:
      throw notJson(typeof value);
  }
}

function hashText(seed: number, text: string): number {
  let running = seed;
  for (let i = 0; i < text.length; i++) running = Math.imul(running ^ text.charCodeAt(i), 0x01000193);
  return mix(running ^ text.length);
}

function hashNumber(value: number): number {
  if (!Number.isFinite(value)) throw notJson(String(value));
  if (!Number.isSafeInteger(value)) return hashText(seeds.number, String(value));
  return mix(mix(seeds.number ^ (value | 0)) + Math.floor(value / 2 ** 32));
}

/** Keys are few and come again with every event. */
const keyHashes = new Map<string, number>();
const keyHashesMax = 4_096;

function hashKey(key: string): number {
  const known = keyHashes.get(key);
  if (known !== undefined) return known;
  const hash = hashText(seeds.object, key);
  if (keyHashes.size < keyHashesMax) keyHashes.set(key, hash);
  return hash;
}

/** MurmurHash3's finaliser: every bit in depends on every bit out. */
function mix(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
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

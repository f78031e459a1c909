// The facts behind a "why", as pairs of words: names of fields become words, moments become times, nested facts are named by
// their path. Whatever the daemon adds is shown too, bounded. Pure.
import { sizeText } from './amounts.ts';
import { fullText, lengthText } from './times.ts';

const factsMax = 24;
const textMaxCharacters = 400;

export interface Fact {
  readonly name: string;
  readonly text: string;
}

export function factsOf(facts: Readonly<Record<string, unknown>>, zone: string | undefined): readonly Fact[] {
  const found: Fact[] = [];
  const walk = (name: string, key: string, value: unknown, depth: number): void => {
    if (found.length >= factsMax || value === null || value === undefined) return;
    if (typeof value === 'object' && depth < 3) {
      const entries = Object.entries(value);
      for (const [below, inner] of entries)
        walk(
          Array.isArray(value) ? name : `${name}${name ? ': ' : ''}${wordOf(below)}`,
          below,
          inner,
          depth + 1,
        );
      return;
    }
    found.push({ name, text: textOfFact(key, value, zone) });
  };
  walk('', '', facts, 0);
  return found;
}

/** bytesDurable → "bytes durable"; atMs → "at". */
function wordOf(key: string): string {
  const words = key
    .replace(/(Ms|Bytes)$/, '')
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase();
  return words || key;
}

/** A number of milliseconds this large is a moment, not a length. */
const momentMinMs = 1e11;

function textOfFact(key: string, value: unknown, zone: string | undefined): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') {
    if (/Ms$/.test(key)) return value > momentMinMs ? fullText(value, zone) : lengthText(value);
    if (/[bB]ytes/.test(key)) return sizeText(value);
    return String(value);
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > textMaxCharacters ? `${text.slice(0, textMaxCharacters)}…` : text;
}

// One made-up name for each true one, the same each time within a bundle, and worth nothing outside it: the names come from
// a keyed hash whose key is thrown away. Also remembers the true names, so that messages can be searched for them.
import { createHmac } from 'node:crypto';

export interface Pseudonyms {
  /** `doc-7F3K`, `person-Q2M8`: letters of the hash after `kind`, four or, where two would be alike, more. */
  of(kind: string, text: string): string;
  /** As `of`, keeping an extension that tells the kind of file: `doc-7F3K.pdf`. */
  file(text: string): string;
  /** So many hex digits in place of others. */
  hex(text: string, digits: number): string;
  /** Whether this is a pseudonym that was given here. */
  isGiven(text: string): boolean;
  /** `text` with every name met so far replaced by its pseudonym. */
  replaceKnown(text: string): string;
}

const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const lettersMin = 4;
/** Shorter names are not searched for in messages: they are parts of too many words. */
const knownMinLength = 3;
/** Names are found by how they begin. */
const beginningLength = 3;
/** Names remembered for the search; a bundle with more has the rest replaced by the rule for words. */
const knownMaxNames = 200_000;
const extension = /\.([A-Za-z0-9]{1,5})$/;
/** Kinds of documents: what else follows a dot may be half of a name. */
const kinds =
  /^(pdf|docx?|xlsx?|pptx?|od[tsp]|rtf|txt|md|csv|json|xml|html?|eml|msg|jpe?g|png|gif|tiff?|heic|webp|svg|mp[34]|mov|avi|zip|gz|7z|tar|dwg|log|bin|dat|bytes)$/i;

export function createPseudonyms(salt: Uint8Array): Pseudonyms {
  const given = new Map<string, string>();
  const taken = new Map<string, string>();
  /** First letters → length → the name in small letters → its pseudonym. */
  const beginnings = new Map<string, Map<number, Map<string, string>>>();

  const digest = (text: string) => createHmac('sha256', salt).update(text).digest();

  function of(kind: string, text: string): string {
    const key = `${kind}\0${text}`;
    const known = given.get(key);
    if (known !== undefined) return known;
    const bytes = digest(key);
    let name = '';
    for (let length = lettersMin; ; length++) {
      name = `${kind}-${[...bytes.subarray(0, length)].map((byte) => letters[byte & 31]).join('')}`;
      const holder = taken.get(name);
      if (holder === undefined || holder === key || length === bytes.length) break;
    }
    given.set(key, name);
    taken.set(name, key);
    // What was replaced because nobody knows the word is no name: the same letters may be innocent elsewhere.
    if (kind !== 'word') remember(text, name);
    return name;
  }

  function remember(text: string, name: string): void {
    if (text.length < knownMinLength || given.size > knownMaxNames) return;
    const lower = text.toLowerCase();
    const lengths = entry(
      beginnings,
      lower.slice(0, beginningLength),
      () => new Map<number, Map<string, string>>(),
    );
    entry(lengths, lower.length, () => new Map<string, string>()).set(lower, name);
  }

  /** The longest name that begins here, so that a path is replaced before the folder it begins with. */
  function knownAt(
    text: string,
    lower: string,
    at: number,
  ): { readonly length: number; readonly name: string } | undefined {
    const lengths = beginnings.get(lower.slice(at, at + beginningLength));
    if (!lengths) return undefined;
    for (const length of [...lengths.keys()].sort((a, b) => b - a)) {
      const name = lengths.get(length)?.get(lower.slice(at, at + length));
      if (name !== undefined && standsAlone(text, at, length)) return { length, name };
    }
    return undefined;
  }

  return {
    of,
    file(text) {
      const found = extension.exec(text);
      const name = of('doc', text);
      // A name's extension is kept where it is one; "Smith.Jones" has none.
      if (!found || !kinds.test(found[1] as string) || text.length === found[0].length) return name;
      const full = `${name}.${(found[1] as string).toLowerCase()}`;
      taken.set(full, full);
      return full;
    },
    isGiven: (text) => taken.has(text),
    hex: (text, digits) => digest(`hex\0${text}`).toString('hex').repeat(4).slice(0, digits),
    replaceKnown(text) {
      const lower = text.toLowerCase();
      let out = '';
      let from = 0;
      for (let at = 0; at + beginningLength <= text.length; at++) {
        const found = knownAt(text, lower, at);
        if (!found) continue;
        out += text.slice(from, at) + found.name;
        from = at + found.length;
        at = from - 1;
      }
      return out + text.slice(from);
    },
  };
}

/** Not the middle of a longer word. */
function standsAlone(text: string, at: number, length: number): boolean {
  const word = /[\p{L}\p{N}]/u;
  const before = text[at - 1];
  const after = text[at + length];
  return !(before && word.test(before)) && !(after && word.test(after));
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

// Reads the target of a request as it stands in the request line, strictly: one way to write an address, no second one that
// another part might understand differently. What is not plainly a path of ours is no path at all.

export interface Target {
  /** `/s/<path>` in front, without which no cookie is sent: see docs/decisions/0084. Undefined: the bare address. */
  readonly prefix: string | undefined;
  /** As it stands in the request, behind the prefix: `/`, `/assets/index-Bx1.js`. */
  readonly rest: string;
  /** The same in decoded segments. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
}

const targetMaxCharacters = 4_096;
const plain = /^\/[\w\-.~!$&'()*+,;=:@%/]*$/;
const prefixPattern = /^\/s\/([\w-]{22})(\/.*)$/;

/** Undefined for everything that is not `/path?query`: absolute addresses, `//`, `..`, `.`, encoded slashes and zeros. */
export function readTarget(text: string): Target | undefined {
  if (text.length > targetMaxCharacters) return undefined;
  const mark = text.indexOf('?');
  const address = mark < 0 ? text : text.slice(0, mark);
  if (!plain.test(address) || address.includes('//')) return undefined;
  const [, prefix, behind] = prefixPattern.exec(address) ?? [];
  const rest = behind ?? address;
  const path: string[] = [];
  for (const segment of rest.slice(1).split('/')) {
    const decoded = decode(segment);
    if (decoded === undefined || decoded === '.' || decoded === '..') return undefined;
    path.push(decoded);
  }
  return { prefix, rest, path, query: new URLSearchParams(mark < 0 ? '' : text.slice(mark + 1)) };
}

function decode(segment: string): string | undefined {
  if (!segment.includes('%')) return segment;
  try {
    const text = decodeURIComponent(segment);
    // A slash that came in disguise would be a segment here and a folder elsewhere.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    return /[/\\\0-\x1f\x7f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

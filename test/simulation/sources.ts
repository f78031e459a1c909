// Everything a file ever was: each name with every content its source really had at one moment. A version ashore must
// be one of them (P4), and the last one must end up there (P1).
import { createHash } from 'node:crypto';

export interface Content {
  readonly sha256: string;
  readonly bytes: Uint8Array;
  readonly sinceMs: number;
}

export class Sources {
  readonly #contents = new Map<string, Content[]>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The source of this document name now holds these bytes. */
  has(name: string, bytes: Uint8Array): Content {
    const content = { sha256: sha256Hex(bytes), bytes, sinceMs: this.#now() };
    const all = this.#contents.get(name);
    if (all) all.push(content);
    else this.#contents.set(name, [content]);
    return content;
  }

  /** Whether the source ever held exactly this. */
  everHeld(name: string, sha256: string): boolean {
    return this.#contents.get(name)?.some((content) => content.sha256 === sha256) ?? false;
  }

  first(name: string): Content | undefined {
    return this.#contents.get(name)?.[0];
  }

  last(name: string): Content | undefined {
    return this.#contents.get(name)?.at(-1);
  }

  names(): string[] {
    return [...this.#contents.keys()];
  }
}

const known = new WeakMap<Uint8Array, string>();

/** Of arrays that nobody changes: each is hashed once. */
export function sha256Hex(bytes: Uint8Array): string {
  const before = known.get(bytes);
  if (before) return before;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  known.set(bytes, sha256);
  return sha256;
}

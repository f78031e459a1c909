// From an upload's id to a small number and back, for a hundred thousand of them: 26 letters each in one block of memory and
// an open-addressing table beside it, 4 MB where a Map of strings takes 12. Used by board.ts only.

const letters = 26;
const free = -1;
const tombstone = -2;

export class BoardIds {
  #bytes = new Uint8Array(letters * 1_024);
  #table = new Int32Array(4_096).fill(free);
  /** Numbers given back. */
  readonly #unused: number[] = [];
  #used = 0;
  #tombstones = 0;

  /** Ids have 26 letters; others are none. */
  static fits(id: string): boolean {
    return id.length === letters;
  }

  get capacity(): number {
    return this.#bytes.length / letters;
  }

  /** The number of an id, or -1. */
  find(id: string): number {
    const at = this.#place(id);
    return at < 0 ? -1 : this.#table[at]!;
  }

  /** Gives it a number; it must have none. */
  add(id: string): number {
    if ((this.#used - this.#unused.length + this.#tombstones + 1) * 2 > this.#table.length) this.#rebuild();
    const number = this.#unused.pop() ?? this.#used++;
    if (number >= this.capacity) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    for (let i = 0; i < letters; i++) this.#bytes[number * letters + i] = id.charCodeAt(i);
    this.#put(number);
    return number;
  }

  remove(id: string): void {
    const at = this.#place(id);
    if (at < 0) return;
    this.#unused.push(this.#table[at]!);
    this.#table[at] = tombstone;
    this.#tombstones += 1;
  }

  id(number: number): string {
    const from = number * letters;
    return String.fromCharCode(...this.#bytes.subarray(from, from + letters));
  }

  /** Negative: the id of `a` comes first. */
  compare(a: number, b: number): number {
    for (let i = 0; i < letters; i++) {
      const difference = this.#bytes[a * letters + i]! - this.#bytes[b * letters + i]!;
      if (difference !== 0) return difference;
    }
    return 0;
  }

  #place(id: string): number {
    const mask = this.#table.length - 1;
    for (let at = hashOf((i) => id.charCodeAt(i)) & mask; ; at = (at + 1) & mask) {
      const number = this.#table[at]!;
      if (number === free) return -1;
      if (number >= 0 && this.#is(number, id)) return at;
    }
  }

  #is(number: number, id: string): boolean {
    for (let i = 0; i < letters; i++)
      if (this.#bytes[number * letters + i] !== id.charCodeAt(i)) return false;
    return true;
  }

  #put(number: number): void {
    const mask = this.#table.length - 1;
    let at = hashOf((i) => this.#bytes[number * letters + i]!) & mask;
    while (this.#table[at]! >= 0) at = (at + 1) & mask;
    if (this.#table[at] === tombstone) this.#tombstones -= 1;
    this.#table[at] = number;
  }

  #rebuild(): void {
    const numbers = this.#table.filter((number) => number >= 0);
    let size = 4_096;
    while (size < numbers.length * 4) size *= 2;
    this.#table = new Int32Array(size).fill(free);
    this.#tombstones = 0;
    for (const number of numbers) this.#put(number);
  }
}

/** FNV-1a over the letters. */
function hashOf(letter: (index: number) => number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < letters; i++) hash = Math.imul(hash ^ letter(i), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

// A sorted list of small numbers that knows the place of each and the weight of all before it: chunks of a few hundred, so
// that adding, removing and finding a place cost some microseconds among a hundred thousand. Used by board.ts only.

const chunkMax = 512;

interface Chunk {
  items: number[];
  weight: number;
}

export class Ranked {
  readonly #compare: (a: number, b: number) => number;
  readonly #weightOf: (item: number) => number;
  #chunks: Chunk[] = [];
  size = 0;

  /** An item must not change its order or weight while it is in the list. */
  constructor(compare: (a: number, b: number) => number, weightOf: (item: number) => number = () => 0) {
    this.#compare = compare;
    this.#weightOf = weightOf;
  }

  add(item: number): void {
    this.size += 1;
    const at = this.#chunkOf(item);
    const chunk = this.#chunks[at];
    if (chunk === undefined) {
      this.#chunks.push({ items: [item], weight: this.#weightOf(item) });
      return;
    }
    chunk.items.splice(this.#placeIn(chunk.items, item), 0, item);
    chunk.weight += this.#weightOf(item);
    if (chunk.items.length <= chunkMax) return;
    // What is appended fills its chunk; what comes between halves it.
    const from = at === this.#chunks.length - 1 ? chunkMax : chunkMax / 2;
    const tail = chunk.items.splice(from);
    const weight = this.#sum(tail, tail.length);
    chunk.weight -= weight;
    this.#chunks.splice(at + 1, 0, { items: tail, weight });
  }

  remove(item: number): void {
    const at = this.#chunkOf(item);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return;
    const place = this.#placeIn(chunk.items, item);
    if (chunk.items[place] !== item) return;
    chunk.items.splice(place, 1);
    chunk.weight -= this.#weightOf(item);
    this.size -= 1;
    if (chunk.items.length === 0) this.#chunks.splice(at, 1);
  }

  /** Of all together. */
  weight(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.weight, 0);
  }

  /** How many stand before it, and what they weigh. */
  before(item: number): { readonly count: number; readonly weight: number } {
    const at = this.#chunkOf(item);
    let count = 0;
    let weight = 0;
    for (let i = 0; i < at; i++) {
      count += this.#chunks[i]!.items.length;
      weight += this.#chunks[i]!.weight;
    }
    const items = this.#chunks[at]?.items ?? [];
    const place = this.#placeIn(items, item);
    return { count: count + place, weight: weight + this.#sum(items, place) };
  }

  /** In order, from the first for which `from` is true (it must stay true behind that one). */
  *walk(from: (item: number) => boolean = () => true): Generator<number> {
    let at = 0;
    while (at < this.#chunks.length && !from(this.#chunks[at]!.items.at(-1)!)) at += 1;
    for (; at < this.#chunks.length; at++)
      for (const item of this.#chunks[at]!.items) if (from(item)) yield item;
  }

  /** The first chunk whose last item does not come before this one; the last chunk for what comes behind all. */
  #chunkOf(item: number): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#compare(this.#chunks[middle]!.items.at(-1)!, item) < 0) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low);
  }

  #placeIn(items: readonly number[], item: number): number {
    let low = 0;
    let high = items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#compare(items[middle]!, item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #sum(items: readonly number[], count: number): number {
    let weight = 0;
    for (let i = 0; i < count; i++) weight += this.#weightOf(items[i]!);
    return weight;
  }
}

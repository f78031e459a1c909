// Chance that a test holds: one seed, many independent streams. The generator is sfc32 (Chris Doty-Humphrey,
// PractRand; 128 bits of state, period ≥ 2^32), seeded by FNV-1a over "seed/label" expanded with splitmix32.
// Each part of a voyage draws from a stream of its own label, so that one more draw in one part moves no other part.

export class FakeRandom {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;
  readonly label: string;

  constructor(seed: number | string, label = '') {
    this.label = `${seed}/${label}`;
    let state = fnv1a(this.label);
    const expand = (): number => {
      state = (state + 0x9e3779b9) | 0;
      let word = state ^ (state >>> 16);
      word = Math.imul(word, 0x21f0aaad);
      word ^= word >>> 15;
      word = Math.imul(word, 0x735a2d97);
      return word ^ (word >>> 15);
    };
    this.#a = expand();
    this.#b = expand();
    this.#c = expand();
    for (let round = 0; round < 12; round++) this.#word();
  }

  /** A stream that depends on this one's label only, not on what was drawn from it. */
  fork(label: string): FakeRandom {
    return new FakeRandom(this.label, label);
  }

  /** Uniform in [0, 1), 32 bits of it. */
  unit(): number {
    return this.#word() / 0x1_0000_0000;
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    let at = 0;
    while (at < count) {
      let word = this.#word();
      for (let i = 0; i < 4 && at < count; i++, at++, word >>>= 8) bytes[at] = word & 0xff;
    }
    return bytes;
  }

  /** Whole number, both ends included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.unit() * (high - low + 1));
  }

  /** Spread evenly over orders of magnitude: waits and sizes of the world look like this. */
  spread(low: number, high: number): number {
    return low * (high / low) ** this.unit();
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('nothing to pick from');
    return items[Math.floor(this.unit() * items.length)] as T;
  }

  shuffle<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.between(0, i);
      [result[i], result[j]] = [result[j] as T, result[i] as T];
    }
    return result;
  }

  #word(): number {
    const word = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + word) | 0;
    return word >>> 0;
  }
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}

// A map whose keys come in byte order, for the fake disk. Keys are ASCII (paths are hex in them), where the order of
// strings is the order of bytes. Sorted only when somebody looks.
import type { KeyRange } from '../../agent/ports.ts';

export class SortedMap {
  #values = new Map<string, string>();
  #keys: string[] = [];
  #sorted = true;

  static of(values: Map<string, string>): SortedMap {
    const map = new SortedMap();
    map.#values = values;
    map.#keys = [...values.keys()];
    map.#sorted = false;
    return map;
  }

  get(key: string): string | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: string): void {
    if (!this.#values.has(key)) {
      if (this.#sorted && this.#keys.length > 0 && key <= this.#keys[this.#keys.length - 1]!) {
        this.#keys.splice(this.#from(key, false), 0, key);
      } else this.#keys.push(key);
    }
    this.#values.set(key, value);
  }

  delete(key: string): void {
    if (!this.#values.delete(key)) return;
    this.#sort();
    this.#keys.splice(this.#from(key, false), 1);
  }

  range(range: KeyRange): (readonly [string, string])[] {
    this.#sort();
    const from =
      range.gte !== undefined
        ? this.#from(range.gte, false)
        : range.gt !== undefined
          ? this.#from(range.gt, true)
          : 0;
    const to =
      range.lt !== undefined
        ? this.#from(range.lt, false)
        : range.lte !== undefined
          ? this.#from(range.lte, true)
          : this.#keys.length;
    let keys = this.#keys.slice(from, Math.max(from, to));
    if (range.reverse) keys.reverse();
    if (range.limit !== undefined && range.limit >= 0) keys = keys.slice(0, range.limit);
    return keys.map((key) => [key, this.#values.get(key)!] as const);
  }

  /** First position whose key is not below `key` (with `after`: is above it). */
  #from(key: string, after: boolean): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const found = this.#keys[middle]!;
      if (found < key || (after && found === key)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #sort(): void {
    if (this.#sorted) return;
    this.#keys.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    this.#sorted = true;
  }
}

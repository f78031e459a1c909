// What one document has ready to leave: manifest entries to be said, and chunks in hand that leave slice by slice. Filled by the
// reading half of outgoing.ts, emptied by the line; what turns out to be ashore is taken out again.
import { encodeSlice, encodeYachtFrame } from '../../cloud/contract/frame-encoder.ts';
import { frameLimits } from '../../cloud/contract/frames.ts';
import type { Run } from '../../cloud/contract/runs.ts';
import type { ChunkBook, Entry } from './chunk-book.ts';

/** Bytes in hand. `pooled`: they belong to the reader and go back to it. */
interface InHand {
  readonly index: number;
  readonly bytes: Uint8Array;
  readonly pooled: boolean;
  at: number;
}

/** Entries of one MANIFEST: a frame of ids stays below 20 KB. */
const manifestEntriesPerFrame = Math.min(512, frameLimits.manifestEntriesMaxCount);

export class Cargo {
  /** Of the chunks in hand. */
  bytes = 0;
  readonly #book: ChunkBook;
  readonly #letGo: (index: number) => void;
  #entries: Entry[] = [];
  #hand: InHand[] = [];

  /** `letGo` is called for each pooled chunk that is not needed any more. */
  constructor(book: ChunkBook, letGo: (index: number) => void) {
    this.#book = book;
    this.#letGo = letGo;
  }

  holds(index: number): boolean {
    return this.#hand.some((item) => item.index === index);
  }

  announce(entry: Entry): void {
    this.#entries.push(entry);
  }

  /** A chunk whose bytes are to leave, from where the cloud's part of it ends. */
  load(index: number, bytes: Uint8Array, pooled: boolean): void {
    const at = Math.min(this.#book.prefixOf(index), bytes.length);
    this.#hand.push({ index, bytes, pooled, at });
    this.bytes += bytes.length;
  }

  /** A new lane: what was said is to be said again, once it is known what the cloud holds. */
  restart(): void {
    this.#entries = [];
    for (const item of this.#hand) {
      item.at = 0;
      this.#book.again.delete(item.index);
    }
  }

  /** The cloud has said what it holds. */
  goOn(): void {
    for (const item of this.#hand) item.at = Math.min(this.#book.prefixOf(item.index), item.bytes.length);
    this.#entries = this.#book.entriesAnew();
  }

  /** Bytes and entries of these need not leave any more. */
  cancel(run: Run): void {
    this.#book.again.delete(run.start, run.end);
    this.#entries = this.#entries.filter(({ index }) => index < run.start || index >= run.end);
    for (let at = this.#hand.length - 1; at >= 0; at--) {
      const { index } = this.#hand[at]!;
      if (index >= run.start && index < run.end) this.#drop(at);
    }
  }

  clear(): void {
    this.#hand = [];
    this.bytes = 0;
  }

  /** The next MANIFEST, one run of consecutive entries; undefined when all is said. */
  manifest(handle: number): Uint8Array | undefined {
    if (this.#entries.length === 0) return undefined;
    const entries = this.#entries.sort((a, b) => a.index - b.index);
    const first = entries[0]!.index;
    let count = 1;
    while (entries[count]?.index === first + count && count < manifestEntriesPerFrame) count++;
    this.#entries = entries.slice(count);
    const said = { handle, first, entries: entries.slice(0, count), extensions: [] };
    return encodeYachtFrame({ type: 'MANIFEST', ...said });
  }

  /** The next SLICE, at most `maxBytes` of content, in memory that `allocate` gives; undefined when the hand is empty. */
  slice(
    handle: number,
    maxBytes: number,
    allocate: (count: number) => Uint8Array,
  ): { readonly frame: Uint8Array; readonly contentBytes: number } | undefined {
    while (this.#hand[0] && this.#hand[0].at === this.#hand[0].bytes.length) this.#drop(0);
    const item = this.#hand[0];
    if (!item) return undefined;
    const { index, at } = item;
    const bytes = item.bytes.subarray(at, at + maxBytes);
    const frame = encodeSlice(handle, index, at, bytes, allocate);
    item.at += bytes.length;
    if (item.at === item.bytes.length) this.#drop(0);
    return { frame, contentBytes: bytes.length };
  }

  #drop(position: number): void {
    const [item] = this.#hand.splice(position, 1);
    if (!item) return;
    this.bytes -= item.bytes.length;
    if (item.pooled) this.#letGo(item.index);
  }
}

// What one document has ready to leave: manifest entries to be said, and chunks in hand that leave slice by slice. Filled by the
// reading half of outgoing.ts, emptied by the line; what turns out to be ashore is taken out again.
import { encodeSlice, encodeYachtFrame } from '../../cloud/contract/frame-encoder.ts';
import { frameLimits } from '../../cloud/contract/frames.ts';
import { type Run, RunSet } from '../../cloud/contract/runs.ts';
import type { ChunkBook, Entry } from './chunk-book.ts';

/** Bytes in hand, and the ranges of them that are to leave. `pooled`: they belong to the reader and go back to it. */
interface InHand {
  readonly index: number;
  readonly bytes: Uint8Array;
  readonly pooled: boolean;
  left: RunSet;
}

/** A SLICE to leave, and what it carries. */
export interface Cut {
  readonly frame: Uint8Array;
  readonly index: number;
  readonly from: number;
  readonly to: number;
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

  /** All of this chunk is to leave again. False: it is not in hand. */
  whole(index: number): boolean {
    const item = this.#hand.find((one) => one.index === index);
    item?.left.add(0, item.bytes.length);
    return item !== undefined;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0 && this.#hand.length === 0;
  }

  /** The bytes of a document of one chunk, all of which is to leave. */
  get only(): Uint8Array | undefined {
    const [item] = this.#hand;
    if (this.#hand.length !== 1 || !item || item.index !== 0) return undefined;
    const [run] = item.left.runs;
    return run?.start === 0 && run.end === item.bytes.length ? item.bytes : undefined;
  }

  /** It left by other means. */
  dropOnly(): void {
    this.#entries = [];
    this.#drop(0);
  }

  announce(entry: Entry): void {
    this.#entries.push(entry);
  }

  /** A chunk whose bytes are to leave: all that the cloud has not, or only what lanes have lost of it. */
  load(index: number, bytes: Uint8Array, pooled: boolean): void {
    const lost = this.#book.takeLost(index);
    if (lost) this.#hand.unshift({ index, bytes, pooled, left: lost });
    else this.#hand.push({ index, bytes, pooled, left: this.#beyondPrefix(index, bytes.length) });
    this.bytes += bytes.length;
  }

  /** A lane lost these bytes of a chunk: they leave again, read once more if they are not in hand. True: they must be read. */
  lost(index: number, from: number, to: number): boolean {
    const item = this.#hand.find((one) => one.index === index);
    if (item) item.left.add(from, to);
    else this.#book.lose(index, from, to);
    return item === undefined;
  }

  /** Bytes of a chunk that are still to leave; undefined: it is not in hand. */
  unsentOf(index: number): number | undefined {
    return this.#hand.find((one) => one.index === index)?.left.count;
  }

  /** They arrived after all. */
  arrived(index: number, from: number, to: number): void {
    this.#hand.find((one) => one.index === index)?.left.delete(from, to);
    this.#book.find(index, from, to);
  }

  /** A new session: what was said is to be said again, once it is known what the cloud holds. */
  restart(): void {
    this.#entries = [];
    for (const item of this.#hand) {
      item.left = RunSet.of([{ start: 0, end: item.bytes.length }]);
      this.#book.again.delete(item.index);
    }
  }

  /** The cloud has said what it holds. */
  goOn(): void {
    for (const item of this.#hand) item.left = this.#beyondPrefix(item.index, item.bytes.length);
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
  slice(handle: number, maxBytes: number, allocate: (count: number) => Uint8Array): Cut | undefined {
    while (this.#hand[0]?.left.isEmpty) this.#drop(0);
    const item = this.#hand[0];
    const run = item?.left.runs[0];
    if (!item || !run) return undefined;
    const { index } = item;
    const from = run.start;
    const to = Math.min(run.end, from + maxBytes);
    const frame = encodeSlice(handle, index, from, item.bytes.subarray(from, to), allocate);
    item.left.delete(from, to);
    if (item.left.isEmpty) this.#drop(0);
    return { frame, index, from, to };
  }

  #beyondPrefix(index: number, length: number): RunSet {
    const left = new RunSet();
    left.add(Math.min(this.#book.prefixOf(index), length), length);
    return left;
  }

  #drop(position: number): void {
    const [item] = this.#hand.splice(position, 1);
    if (!item) return;
    this.bytes -= item.bytes.length;
    if (item.pooled) this.#letGo(item.index);
  }
}

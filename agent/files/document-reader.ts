// Reads one document for sending, in one pass: read → cut by content → SHA-256 of each chunk and of the whole. One
// descriptor from start to end; after every read the file is looked at again, and a file that is no longer the one that
// was opened ends the pass with `changed`: two states are never spliced. Memory is the same for 5 GB as for 5 MB.
// sendDocument (agent/line) opens it, the tracker does for comparing with the shore.
import { createHash, type Hash, hash } from 'node:crypto';
import type { Failure } from '../../cloud/contract/failure.ts';
import type { FileStat, Files } from '../ports.ts';
import { ChunkMap } from './chunk-map.ts';
import { chunkMaxBytes, findCut } from './chunker.ts';
import { pieceBytes } from './signatures.ts';
import { type OpenSource, openSource, type Source, type SourceRoots, sameStat } from './source.ts';
import { failureOf, type SourceFailure, sourceFailure } from './source-failure.ts';

/** Read at a time at most; at least `chunkMaxBytes` must be in it before a cut is looked for. */
const readBufferBytes = 512 * 1024;
/** Chunk buffers kept for reuse, 256 KiB each. A caller may hold more: those are simply not reused. */
const pooledMaxChunks = 16;
/** Documents up to so long get memory for each chunk as it is, and give it back to the system. */
const unpooledMaxBytes = 1024 * 1024;

export interface DocumentReader {
  /** The next step, strictly in order; one call at a time. After `end`, `changed` or `failed` the same answer again. */
  next(): Promise<ReadStep>;
  /**
   * The bytes of an earlier chunk in a buffer of the caller's own, read again and checked against its hash. Any index
   * already given by `next` works, however old. Undefined: the bytes are not there any more, and `next` says why.
   */
  again(index: number): Promise<Uint8Array | undefined>;
  /** Gives a chunk's buffer back for reuse. The bytes must not be touched after it. Optional; unknown indexes are fine. */
  release(index: number): void;
  close(): Promise<void>;
}

export type ReadStep =
  | { readonly chunk: ReadChunk }
  | { readonly end: { readonly lengthBytes: number; readonly sha256: Uint8Array; readonly chunks: number } }
  | { readonly changed: true }
  | { readonly failed: Failure };

/** `bytes` belong to the caller until it calls `release(index)`. `id` is their SHA-256 (32 bytes). */
export interface ReadChunk {
  readonly index: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly id: Uint8Array;
  /** What follows it in the document as far as that was read, at most `pieceBytes`: a view, until the next step. */
  readonly after?: Uint8Array;
}

/** `settled`: what checkSettled saw; a file that differs from it on opening is `changed` at once. Opens on first use. */
export function openDocument(
  files: Files,
  roots: SourceRoots,
  source: Source,
  settled?: FileStat,
  map = new ChunkMap(),
): DocumentReader {
  const ifChanged: Ending =
    source.kind === 'watched' ? { changed: true } : { failed: sourceFailure('TENDER_SPOOL_DAMAGED') };
  return new Reader(files, () => openSource(files, roots, source), settled, ifChanged, map);
}

const noBytes = new Uint8Array(0);

/** What a pass ends with. */
type Ending = Exclude<ReadStep, { chunk: ReadChunk }>;

class Reader implements DocumentReader {
  readonly #files: Files;
  readonly #open: () => Promise<OpenSource | { failed: SourceFailure }>;
  readonly #settled: FileStat | undefined;
  #source: OpenSource | undefined;
  #outcome: Ending | undefined;
  /** A watched file that changes is a newer version to come; bytes in our own spool never change. */
  readonly #ifChanged: Ending;
  #closed = false;

  #buffer: Buffer = Buffer.alloc(0);
  /** Bytes in `#buffer` not yet cut: from `#from` to `#to`. `#position` in the file is where the next read begins. */
  #from = 0;
  #to = 0;
  #position = 0;
  /** Of a document of one chunk the chunk's hash is the whole's. */
  #whole: Hash | undefined;
  #only: Buffer | undefined;
  readonly #map: ChunkMap;
  readonly #free: Uint8Array[] = [];
  readonly #held = new Map<number, Uint8Array>();

  constructor(
    files: Files,
    open: () => Promise<OpenSource | { failed: SourceFailure }>,
    settled: FileStat | undefined,
    ifChanged: Ending,
    map: ChunkMap,
  ) {
    this.#ifChanged = ifChanged;
    this.#map = map;
    this.#files = files;
    this.#open = open;
    this.#settled = settled;
  }

  async next(): Promise<ReadStep> {
    if (this.#closed) throw new Error('the document was closed');
    if (this.#outcome) return this.#outcome;
    try {
      const step = (await this.#begin()) ?? (await this.#fill()) ?? this.#cut() ?? (await this.#finish());
      if ('chunk' in step) return step;
      this.#outcome ??= step;
    } catch (error) {
      this.#outcome ??= { failed: failureOf(error) };
    }
    return this.#outcome;
  }

  async #begin(): Promise<Ending | undefined> {
    if (this.#source) return undefined;
    const opened = await this.#open();
    if ('failed' in opened) return opened;
    this.#source = opened;
    this.#buffer = Buffer.allocUnsafeSlow(Math.min(readBufferBytes, opened.stat.sizeBytes));
    if (this.#settled && !sameStat(this.#settled, opened.stat)) return this.#ifChanged;
    return undefined;
  }

  /** Makes sure that a cut can be found: a longest chunk, or all the rest, is in the buffer. */
  async #fill(): Promise<Ending | undefined> {
    const { handle, stat } = this.#source!;
    if (this.#to - this.#from >= chunkMaxBytes || this.#position === stat.sizeBytes) return undefined;
    this.#buffer.copyWithin(0, this.#from, this.#to);
    this.#to -= this.#from;
    this.#from = 0;
    while (this.#to < this.#buffer.length && this.#position < stat.sizeBytes) {
      const wanted = Math.min(this.#buffer.length - this.#to, stat.sizeBytes - this.#position);
      const count = await handle.read(this.#buffer, this.#to, wanted, this.#position);
      if (count === 0) break; // shorter than it was: the stat below says so
      this.#to += count;
      this.#position += count;
    }
    return this.#verdict();
  }

  #cut(): { chunk: ReadChunk } | undefined {
    if (this.#from === this.#to) return undefined;
    const end = findCut(this.#buffer, this.#from, this.#to);
    const length = end - this.#from;
    const store = this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#storeBytes(length));
    store.set(this.#buffer.subarray(this.#from, end));
    this.#from = end;
    const bytes = store.subarray(0, length);
    const id = hash('sha256', bytes, 'buffer');
    const { count: index, offset } = this.#map;
    if (length === this.#source!.stat.sizeBytes) this.#only = id;
    else {
      this.#whole ??= createHash('sha256');
      this.#whole.update(bytes);
    }
    this.#map.add(length, id);
    this.#hold(index, store);
    const after = this.#buffer.subarray(end, Math.min(this.#to, end + pieceBytes));
    return { chunk: { index, offset, bytes, id, after } };
  }

  /** Buffers of a long document are used again, so any chunk must fit; many short ones at once must not hold more than they are. */
  #storeBytes(length: number): number {
    return this.#source!.stat.sizeBytes <= unpooledMaxBytes
      ? length
      : Math.min(chunkMaxBytes, this.#buffer.length);
  }

  async #finish(): Promise<Ending> {
    const { path, stat } = this.#source!;
    const changed = await this.#verdict();
    if (changed) return changed;
    // A share may keep a replaced file's ctime: the name must still lead to what was read.
    const named = await this.#files.stat(path);
    if (named.inode !== stat.inode || named.device !== stat.device) return this.#ifChanged;
    const { count: chunks, offset: lengthBytes } = this.#map;
    const sha256 = this.#only ?? this.#whole?.digest() ?? hash('sha256', noBytes, 'buffer');
    this.#buffer = Buffer.alloc(0); // read to its end: only single chunks are read again
    return { end: { lengthBytes, sha256, chunks } };
  }

  /** Compares the open file with what was opened. Gone by name is `failed`: it may come back as it was. */
  async #verdict(): Promise<Ending | undefined> {
    const { handle, stat, path } = this.#source!;
    const complete = this.#position === stat.sizeBytes || this.#to === this.#buffer.length;
    if (complete && sameStat(stat, await handle.stat())) return undefined;
    await this.#files.stat(path); // rejects when it is gone
    return this.#ifChanged;
  }

  async again(index: number): Promise<Uint8Array | undefined> {
    if (this.#closed) throw new Error('the document was closed');
    const known = this.#map.find(index); // a chunk that was never given is the caller's fault
    try {
      const block = 'forgotten' in known ? known.forgotten : undefined;
      const place = !block || (await this.#cutAgain(block)) ? this.#map.find(index) : known;
      if (!('forgotten' in place)) {
        const bytes = await this.#readAt(place.offset, place.length);
        if (bytes && hash('sha256', bytes, 'buffer').equals(place.id)) return bytes;
      }
      await this.#files.stat(this.#source!.path); // rejects when it is gone
      this.#outcome = this.#ifChanged;
    } catch (error) {
      this.#outcome = { failed: failureOf(error) };
    }
    return undefined;
  }

  /** Cuts an old block again: the same bytes give the same cuts, and must end where the next block began. */
  async #cutAgain(block: { block: number; from: number; to: number }): Promise<boolean> {
    const chunks: { length: number; id: Uint8Array }[] = [];
    let at = block.from;
    while (at < block.to) {
      const window = await this.#readAt(at, Math.min(chunkMaxBytes, this.#source!.stat.sizeBytes - at));
      if (!window) return false;
      const length = findCut(window, 0, window.length);
      chunks.push({ length, id: hash('sha256', window.subarray(0, length), 'buffer') });
      at += length;
    }
    if (at !== block.to || !sameStat(this.#source!.stat, await this.#source!.handle.stat())) return false;
    this.#map.restore(block.block, chunks);
    return true;
  }

  async #readAt(offset: number, length: number): Promise<Uint8Array | undefined> {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const count = await this.#source!.handle.read(bytes, done, length - done, offset + done);
      if (count === 0) return undefined;
      done += count;
    }
    return bytes;
  }

  #hold(index: number, store: Uint8Array): void {
    this.#held.set(index, store);
    if (this.#held.size <= pooledMaxChunks) return;
    const [oldest] = this.#held.keys();
    this.#held.delete(oldest!);
  }

  release(index: number): void {
    const store = this.#held.get(index);
    if (!store) return;
    this.#held.delete(index);
    if (this.#source && this.#source.stat.sizeBytes > unpooledMaxBytes) this.#free.push(store);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#held.clear();
    this.#free.length = 0;
    await this.#source?.handle.close();
  }
}

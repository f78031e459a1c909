// Remembers where each chunk of one document lay, in bounded memory, so that the reader can read an earlier one again.
// Chunks are kept in blocks: recent blocks hold length and id of every chunk, older ones only where they began.

/** Chunks in one block; a block is 36 KiB, the first one of a short document less. */
const defaultBlockChunks = 1024;
const firstBlockChunks = 4;
/** Blocks kept whole: the last 65,536 chunks, about 4.7 GB of document, in 2.3 MB. */
const defaultBlocksMaxCount = 64;

interface Block {
  count: number;
  lengths: Int32Array;
  ids: Uint8Array;
}

export interface ChunkPlace {
  readonly offset: number;
  readonly length: number;
  readonly id: Uint8Array;
}

export class ChunkMap {
  #blocks = new Map<number, Block>();
  /** Offset in the document at which each block began. Eight bytes for about 74 MB of document. */
  #starts: number[] = [];
  #count = 0;
  #offset = 0;
  readonly #blockChunks: number;
  readonly #blocksMaxCount: number;

  constructor(blockChunks = defaultBlockChunks, blocksMaxCount = defaultBlocksMaxCount) {
    this.#blockChunks = blockChunks;
    this.#blocksMaxCount = blocksMaxCount;
  }

  get count(): number {
    return this.#count;
  }

  /** Bytes of all chunks so far: where the next one begins. */
  get offset(): number {
    return this.#offset;
  }

  add(length: number, id: Uint8Array): void {
    const number = Math.floor(this.#count / this.#blockChunks);
    if (this.#count % this.#blockChunks === 0) {
      this.#starts.push(this.#offset);
      const oldest = this.#blocks.get(number - this.#blocksMaxCount);
      this.#blocks.delete(number - this.#blocksMaxCount);
      this.#blocks.set(number, this.#emptied(oldest));
    }
    this.#append(this.#blocks.get(number)!, length, id);
    this.#count += 1;
    this.#offset += length;
  }

  /** The chunk's place, or the block that must be cut again first (then `restore` it and ask again). */
  find(index: number): ChunkPlace | { readonly forgotten: { block: number; from: number; to: number } } {
    if (!Number.isInteger(index) || index < 0 || index >= this.#count) {
      throw new RangeError(`chunk ${index} was not cut yet (${this.#count} were)`);
    }
    const number = Math.floor(index / this.#blockChunks);
    const block = this.#blocks.get(number);
    const from = this.#starts[number]!;
    if (!block) return { forgotten: { block: number, from, to: this.#starts[number + 1]! } };
    const place = index % this.#blockChunks;
    let offset = from;
    for (let i = 0; i < place; i++) offset += block.lengths[i]!;
    return { offset, length: block.lengths[place]!, id: block.ids.slice(place * 32, place * 32 + 32) };
  }

  /** Takes a block that was cut again. Only one such block is kept beside the recent ones. */
  restore(number: number, chunks: readonly { readonly length: number; readonly id: Uint8Array }[]): void {
    const oldestKept = Math.floor((this.#count - 1) / this.#blockChunks) - this.#blocksMaxCount + 1;
    for (const kept of this.#blocks.keys()) if (kept < oldestKept) this.#blocks.delete(kept);
    const block = this.#emptied(undefined);
    for (const chunk of chunks) this.#append(block, chunk.length, chunk.id);
    this.#blocks.set(number, block);
  }

  /** A block to fill: a forgotten one's memory is used again. */
  #emptied(block: Block | undefined): Block {
    if (!block) return newBlock(this.#count === 0 ? firstBlockChunks : this.#blockChunks);
    block.count = 0;
    return block;
  }

  #append(block: Block, length: number, id: Uint8Array): void {
    if (block.count === block.lengths.length) {
      const { lengths, ids } = block;
      Object.assign(block, newBlock(Math.min(this.#blockChunks, 4 * block.count)), { count: block.count });
      block.lengths.set(lengths);
      block.ids.set(ids);
    }
    block.lengths[block.count] = length;
    block.ids.set(id, block.count * 32);
    block.count += 1;
  }
}

function newBlock(chunks: number): Block {
  return { count: 0, lengths: new Int32Array(chunks), ids: new Uint8Array(chunks * 32) };
}

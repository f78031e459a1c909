// Whole small documents in one frame, created in their first bytes: no offer, no finish, no answer awaited. Documents.ts asks for one
// when it is the turn of a document that fits; what a lane loses of it goes again as it was, as long as one inside still matters.
import { constants, zstdCompressSync } from 'node:zlib';
import { encodeYachtFrame } from '../../cloud/contract/frame-encoder.ts';
import { encodePack, type PackDocument } from '../../cloud/contract/pack.ts';
import { messageBytes } from './lane.ts';
import type { Parcel, SliceLoad, SliceOwner } from './parcel.ts';

/** A document that may travel whole. */
export interface Packable {
  /** It is in memory to its end, nothing of it was said, and it is at most so long: what goes into the pack. */
  inPack(maxBytes: number): PackDocument | undefined;
  /** It has left, at the price of so many bytes on the line; compressing saved so many. */
  packed(wireBytes: number, savedBytes: number): void;
  /** A pack that had it was lost: does anybody still wait for this one, under this handle? */
  isMissing(handle: number): boolean;
}

/** A pack is this many slices long, and a document in it at most twice that: 50 to 100 ms of the line. */
export const slicesPerPack = 2;
const slicesPerDocument = 4;
/** Compressed, a pack carries up to so many times more: the line's grain is what leaves, not what was read. */
const expansionMaxTimes = 4;
/** Below a saving of 3 % a pack goes as it is. */
const worthwhileShare = 0.97;
/** A pack's frame leaves room for its header. */
const packMaxBytes = 120 * 1024;
const documentsMaxCount = 200;
/** Zstandard's default: 80 MB/s on a weak core, where a pack is a few KB. */
const level = 3;

/** The longest content that may go in a pack while slices are so long. */
export function documentMaxBytes(sliceMaxBytes: number): number {
  return sliceMaxBytes * slicesPerDocument;
}

export class Packer {
  /** Compressed length of recent packs by their length. */
  #share = 1;
  /** Lost by a lane. */
  readonly #again: Pack[] = [];

  /** A pack that begins with this one, if it is ready for one, and goes on with those of the others that are. */
  gather(first: Packable, others: () => readonly Packable[], sliceMaxBytes: number): Parcel | undefined {
    const documentMax = documentMaxBytes(sliceMaxBytes);
    if (!first.inPack(documentMax)) return undefined;
    const times = Math.min(expansionMaxTimes, 1 / this.#share);
    const wanted = Math.min(packMaxBytes, sliceMaxBytes * slicesPerPack * times);
    const inside: { readonly document: Packable; readonly said: PackDocument }[] = [];
    let bytes = 0;
    for (const document of [first, ...others()]) {
      const said = document.inPack(documentMax);
      if (!said) continue;
      const size = said.content.length + said.name.length + 96;
      if (bytes > 0 && bytes + size > wanted) break;
      inside.push({ document, said });
      bytes += size;
      if (bytes >= wanted || inside.length === documentsMaxCount) break;
    }
    if (inside.length === 0) return undefined;
    const frame = this.#encode(inside.map(({ said }) => said));
    const perByte = messageBytes(frame.length) / bytes;
    const owner = new Pack(frame, inside, this.#again);
    for (const { document, said } of inside) {
      const size = said.content.length + said.name.length + 96;
      // What the frame is smaller than its contents, each its share.
      const savedBytes = Math.max(0, Math.floor(said.content.length * (1 - perByte)));
      document.packed(Math.round(size * perByte), savedBytes);
    }
    return owner.parcel;
  }

  /** What a lane has lost. */
  again(): Parcel | undefined {
    for (let pack = this.#again.shift(); pack; pack = this.#again.shift())
      if (pack.isMissing) return pack.parcel;
    return undefined;
  }

  /** A new session: its documents are bound anew, each by itself. */
  forget(): void {
    this.#again.length = 0;
  }

  #encode(documents: readonly PackDocument[]): Uint8Array {
    const list = encodePack(documents);
    const lengthBytes = list.length;
    // Told how much comes, it takes memory for that, not for megabytes.
    const params = { [constants.ZSTD_c_compressionLevel]: level };
    const small = zstdCompressSync(list, { pledgedSrcSize: lengthBytes, params });
    this.#share = (3 * this.#share + Math.min(1, small.length / lengthBytes)) / 4;
    return small.length <= lengthBytes * worthwhileShare
      ? encodeYachtFrame({ type: 'PACK', encoding: 'zstd', lengthBytes, bytes: small })
      : encodeYachtFrame({ type: 'PACK', lengthBytes, bytes: list });
  }
}

/** A pack that left. */
class Pack implements SliceOwner {
  readonly parcel: Parcel;
  readonly #inside: readonly { readonly document: Packable; readonly said: { readonly handle: number } }[];
  readonly #again: Pack[];

  constructor(
    frame: Uint8Array,
    inside: readonly { readonly document: Packable; readonly said: PackDocument }[],
    again: Pack[],
  ) {
    // Contents are in the frame: only who is inside is remembered.
    this.#inside = inside.map(({ document, said: { handle } }) => ({ document, said: { handle } }));
    this.#again = again;
    const load: SliceLoad = {
      kind: 'slice',
      owner: this,
      handle: inside[0]!.said.handle,
      index: 0,
      from: 0,
      to: frame.length,
    };
    this.parcel = { frame, load };
  }

  get isMissing(): boolean {
    return this.#inside.some(({ document, said }) => document.isMissing(said.handle));
  }

  lost(): void {
    if (this.isMissing && !this.#again.includes(this)) this.#again.push(this);
  }

  arrived(): void {
    const at = this.#again.indexOf(this);
    if (at >= 0) this.#again.splice(at, 1);
  }
}

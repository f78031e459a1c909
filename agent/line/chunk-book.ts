// What is known of one document's chunks, by index: announced, named by id, whole or in part ashore, durable there, to be sent
// again. Only chunks on their way are kept; a durable one is a bit in a run. Used by outgoing.ts.
import type { EncodedForm, Encoding, HeldFrame, PartialHeld } from '../../cloud/contract/frames.ts';
import { type Run, RunSet } from '../../cloud/contract/runs.ts';

/** The form in which a chunk goes, and at which level its bytes were made: the same ones can be made again. */
export interface GoingForm extends EncodedForm {
  readonly level?: number;
}

/** A manifest entry to be said; with an id no bytes follow. `encoded`: the form in which they do. */
export interface Entry {
  readonly index: number;
  readonly length: number;
  readonly id?: Uint8Array;
  readonly encoded?: EncodedForm;
}

/** Announced and not durable. */
interface Announced {
  readonly length: number;
  readonly id: Uint8Array;
  /** Absent: its bytes go as they are. */
  encoded?: GoingForm | undefined;
}

export class ChunkBook {
  /** Chunks whose bytes must be read and sent again. */
  readonly again = new RunSet();
  /** Bytes announced and not durable. */
  undurableBytes = 0;
  durableBytes = 0;
  readonly #durable = new RunSet();
  readonly #announced = new Map<number, Announced>();
  readonly #named = new Set<number>();
  /** Named, and the cloud said that it does not know it: bytes must go. */
  readonly #unknownAshore = new RunSet();
  #prefixes = new Map<number, PartialHeld>();
  /** Ranges of chunks that lanes have lost and that are not in hand any more. */
  readonly #lost = new Map<number, RunSet>();

  isDurable(index: number): boolean {
    return this.#durable.has(index);
  }

  isAnnounced(index: number): boolean {
    return this.#announced.has(index);
  }

  /** May this chunk be named instead of sent? Not after the cloud has asked for its bytes. */
  mayName(index: number): boolean {
    return !this.#unknownAshore.has(index);
  }

  /** How much of its beginning is ashore, in the form in which it goes. */
  prefixOf(index: number): number {
    const held = this.#prefixes.get(index);
    return held && sameForm(held.encoded, this.#announced.get(index)?.encoded) ? held.prefixBytes : 0;
  }

  /** The form in which a chunk on its way goes; undefined: as it is. */
  formOf(index: number): GoingForm | undefined {
    return this.#announced.get(index)?.encoded;
  }

  /** What the cloud has of a chunk's beginning, in whatever form. */
  heldOf(index: number): PartialHeld | undefined {
    return this.#prefixes.get(index);
  }

  /** The cloud has the beginning of these in another form than the one announced here. */
  get heldOtherwise(): number[] {
    return [...this.#prefixes.values()]
      .filter(({ index, encoded }) => {
        const announced = this.#announced.get(index);
        return announced && !this.#isNamed(index) && !sameForm(announced.encoded, encoded);
      })
      .map(({ index }) => index);
  }

  /** As if it had never been read. */
  unsay(index: number): void {
    const announced = this.#announced.get(index);
    if (!announced) return;
    this.#announced.delete(index);
    this.#named.delete(index);
    this.#lost.delete(index);
    this.undurableBytes -= announced.length;
  }

  /** So much of the content are these bytes of the form in which it goes. */
  contentBytes(index: number, from: number, to: number): number {
    const announced = this.#announced.get(index);
    if (!announced?.encoded) return to - from;
    const times = announced.length / announced.encoded.lengthBytes;
    return Math.round(to * times) - Math.round(from * times);
  }

  /** A chunk on its way as its manifest entry. */
  entryOf(index: number): Entry | undefined {
    const announced = this.#announced.get(index);
    if (!announced) return undefined;
    const { length, id, encoded } = announced;
    return { index, length, ...(this.#isNamed(index) ? { id } : encoded && { encoded }) };
  }

  announce(index: number, length: number, id: Uint8Array, isNamed: boolean, encoded?: GoingForm): void {
    this.#announced.set(index, { length, id, ...(encoded && { encoded }) });
    if (isNamed) this.#named.add(index);
    this.undurableBytes += length;
  }

  /** Read past a chunk that was durable before. */
  pass(length: number): void {
    this.durableBytes += length;
  }

  /** These bytes of a chunk must be read again, and only these. */
  lose(index: number, from: number, to: number): void {
    if (!this.#announced.has(index)) return; // durable meanwhile
    const lost = this.#lost.get(index);
    if (!lost && this.again.has(index)) return; // all of it goes again
    if (lost) lost.add(from, to);
    else this.#lost.set(index, RunSet.of([{ start: from, end: to }]));
    this.again.add(index);
  }

  /** They need not. */
  find(index: number, from: number, to: number): void {
    const lost = this.#lost.get(index);
    lost?.delete(from, to);
    if (!lost?.isEmpty) return;
    this.#lost.delete(index);
    this.again.delete(index);
  }

  /** The ranges of a chunk that was read again; undefined: all of it. */
  takeLost(index: number): RunSet | undefined {
    const lost = this.#lost.get(index);
    this.#lost.delete(index);
    return lost;
  }

  /** Bytes on their way that need not leave any more; `unsentOf` knows the chunks in hand. */
  leftBytes(unsentOf: (index: number) => number | undefined): number {
    let sum = 0;
    for (const [index, announced] of this.#announced) {
      if (this.#isNamed(index)) continue;
      const length = announced.encoded?.lengthBytes ?? announced.length;
      const toRead = this.#lost.get(index)?.count ?? (this.again.has(index) ? length : 0);
      sum += length - Math.min(length, unsentOf(index) ?? toRead);
    }
    return sum;
  }

  isLost(index: number): boolean {
    return this.#lost.has(index);
  }

  /** A new session: what is ashore is unknown until HELD, so everything announced is doubtful. */
  doubtAll(): void {
    this.#prefixes = new Map();
    this.#lost.clear();
    for (const index of this.#announced.keys()) this.again.add(index);
  }

  /** Prefixes as the cloud tells them. */
  hold(partial: HeldFrame['partial']): void {
    for (const held of partial) this.#prefixes.set(held.index, held);
  }

  /** After HELD: every entry to be said anew; what is named, or whole ashore, need not be read again. */
  entriesAnew(): Entry[] {
    const entries: Entry[] = [];
    for (const [index, { length, id, encoded }] of this.#announced) {
      const isNamed = this.#isNamed(index);
      entries.push({ index, length, ...(isNamed ? { id } : encoded && { encoded }) });
      if (isNamed || this.prefixOf(index) >= (encoded?.lengthBytes ?? length)) this.again.delete(index);
    }
    return entries;
  }

  /** The cloud wants the bytes, as they are. Answers the id that it turned out not to know. */
  want(index: number): Uint8Array | undefined {
    const stranger = this.#isNamed(index) ? this.#announced.get(index)?.id : undefined;
    this.#unknownAshore.add(index);
    const announced = this.#announced.get(index);
    if (announced) announced.encoded = undefined;
    this.#durable.delete(index);
    this.#prefixes.delete(index);
    this.#lost.delete(index);
    return stranger;
  }

  /** These are durable ashore. Answers the ids of those whose bytes were on their way, and the bytes that did not have to go. */
  settle(run: Run): {
    readonly ids: Uint8Array[];
    readonly namedBytes: number;
    /** Of those that went encoded: what the form has saved. */
    readonly savedBytes: Readonly<Record<Encoding, number>>;
  } {
    this.#durable.add(run.start, run.end);
    const ids: Uint8Array[] = [];
    let namedBytes = 0;
    const savedBytes = { zstd: 0, patch: 0 };
    for (const index of this.#announcedIn(run)) {
      const { length, id, encoded } = this.#announced.get(index)!;
      const isNamed = this.#isNamed(index);
      if (isNamed) namedBytes += length;
      else if (encoded) savedBytes[encoded.encoding] += length - encoded.lengthBytes;
      this.#announced.delete(index);
      this.#named.delete(index);
      this.#lost.delete(index);
      this.undurableBytes -= length;
      this.durableBytes += length;
      if (!isNamed) ids.push(id);
    }
    return { ids, namedBytes, savedBytes };
  }

  /** Each ACK repeats the runs of the last ones, a chunk or two long: what is on its way is not gone through for each. */
  #announcedIn({ start, end }: Run): number[] {
    const announced = this.#announced;
    if (end - start > announced.size)
      return [...announced.keys()].filter((index) => index >= start && index < end);
    const found: number[] = [];
    for (let index = start; index < end; index++) if (announced.has(index)) found.push(index);
    return found;
  }

  #isNamed(index: number): boolean {
    return this.#named.has(index) && this.mayName(index);
  }
}

function sameForm(one: EncodedForm | undefined, other: EncodedForm | undefined): boolean {
  return one?.encoding === other?.encoding && one?.lengthBytes === other?.lengthBytes;
}

// The handles of a session: open documents, and the last word on those that ended, to be said again when the yacht repeats itself. A
// handle is used once; whether it was ever used is a bit in a run.
import type { RefusedFrame } from '../contract/frames.ts';
import { RunSet } from '../contract/runs.ts';
import type { Receipt } from '../ports.ts';
import type { OpenDocument } from './open-document.ts';

export type LastWord = { readonly receipt: Receipt } | { readonly refused: RefusedFrame };

export class Handles {
  readonly #open = new Map<number, OpenDocument>();
  readonly #used = new RunSet();
  readonly #ended = new Map<number, LastWord>();
  readonly #endedMax: number;

  constructor(endedMax: number) {
    this.#endedMax = endedMax;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** How scattered the used ones are: one run, if a yacht counts as it should. */
  get gaps(): number {
    return this.#used.runs.length;
  }

  open(): IterableIterator<[number, OpenDocument]> {
    return this.#open.entries();
  }

  find(handle: number): OpenDocument | undefined {
    return this.#open.get(handle);
  }

  wasUsed(handle: number): boolean {
    return this.#used.has(handle);
  }

  use(handle: number): void {
    this.#used.add(handle);
  }

  add(handle: number, document: OpenDocument): void {
    this.#used.add(handle);
    this.#open.set(handle, document);
  }

  /** Answers the document that was open under it. */
  close(handle: number): OpenDocument | undefined {
    const document = this.#open.get(handle);
    this.#open.delete(handle);
    return document;
  }

  end(handle: number, word: LastWord): void {
    this.#ended.delete(handle);
    this.#ended.set(handle, word);
    if (this.#ended.size > this.#endedMax) this.#ended.delete(this.#ended.keys().next().value!);
  }

  lastWord(handle: number): LastWord | undefined {
    return this.#ended.get(handle);
  }
}

// COPY: chunks named by their place in an older version of the same document. That version's manifest is read once, then its entries
// are announced as references, some at a time, so that a large document does not fill memory or queue.
import type { AnnouncedChunk, CopyFrame } from '../contract/frames.ts';
import type { Run } from '../contract/runs.ts';
import type { ManifestEntry } from '../ports.ts';

/** Announced at once. */
const pageCount = 256;
/** Runs that wait, of one document; more are answered as unknown, so their bytes come. */
const runsMaxCount = 65_536;

export interface CopyPorts {
  /** Undefined: that version is not ashore. */
  readonly base: (version: number) => Promise<readonly ManifestEntry[] | undefined>;
  readonly announce: (first: number, entries: readonly AnnouncedChunk[]) => void;
  readonly hasRoom: () => boolean;
  readonly unknown: (run: Run) => void;
  readonly failed: (error: unknown) => void;
  /** Nothing waits any more. */
  readonly idle: () => void;
}

interface Waiting {
  readonly version: number;
  first: number;
  baseIndex: number;
  count: number;
}

export class CopyRuns {
  readonly #ports: CopyPorts;
  readonly #waiting: Waiting[] = [];
  #base: { readonly version: number; readonly entries: readonly ManifestEntry[] | undefined } | undefined;
  #reading = false;

  constructor(ports: CopyPorts) {
    this.#ports = ports;
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0 && !this.#reading;
  }

  add({ first, baseVersion, runs }: CopyFrame): void {
    let at = first;
    for (const { baseIndex, count } of runs) {
      if (this.#waiting.length >= runsMaxCount) this.#ports.unknown({ start: at, end: at + count });
      else this.#waiting.push({ version: baseVersion, first: at, baseIndex, count });
      at += count;
    }
  }

  /** The offer was answered, or there is room again. */
  start(): void {
    if (this.#reading) return;
    while (this.#waiting.length > 0 && this.#ports.hasRoom()) {
      const next = this.#waiting[0]!;
      if (this.#base?.version !== next.version) {
        this.#read(next.version);
        return;
      }
      const { entries } = this.#base;
      if (!entries || next.baseIndex + next.count > entries.length) {
        this.#waiting.shift();
        this.#ports.unknown({ start: next.first, end: next.first + next.count });
        continue;
      }
      const count = Math.min(pageCount, next.count);
      const page = entries.slice(next.baseIndex, next.baseIndex + count);
      const { first } = next;
      next.first += count;
      next.baseIndex += count;
      next.count -= count;
      if (next.count === 0) this.#waiting.shift();
      this.#ports.announce(first, page);
    }
  }

  #read(version: number): void {
    this.#reading = true;
    this.#ports.base(version).then(
      (entries) => {
        this.#reading = false;
        this.#base = { version, entries };
        this.start();
        if (this.isIdle) this.#ports.idle();
      },
      (error: unknown) => {
        this.#reading = false;
        this.#waiting.length = 0;
        this.#ports.failed(error);
      },
    );
  }
}

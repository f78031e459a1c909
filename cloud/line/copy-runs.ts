// COPY: chunks named by their place in an older version of the same document. That version's manifest is read where runs
// point, a window of it at a time, and its entries are announced as references, so that a large document fills neither memory nor queue.
import type { AnnouncedChunk, CopyFrame } from '../contract/frames.ts';
import type { Run } from '../contract/runs.ts';
import type { EntryRange, ManifestEntry } from '../ports.ts';

/** Read and held of a manifest: 18 KB packed, of each open document. */
const windowCount = 512;
/** Announced at once. */
const pageCount = 256;
/** Runs that wait, of one document; more are answered as unknown, so their bytes come. */
const runsMaxCount = 65_536;

export interface CopyPorts {
  /** Of that version what lies in the range, less beyond its end; undefined: it is not ashore. */
  readonly base: (version: number, range: EntryRange) => Promise<readonly ManifestEntry[] | undefined>;
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

interface Window {
  readonly version: number;
  readonly first: number;
  /** Undefined: that version is not ashore. */
  readonly entries: readonly ManifestEntry[] | undefined;
  /** So many entries that version has at least. */
  readonly surelyCount: number;
}

export class CopyRuns {
  readonly #ports: CopyPorts;
  readonly #waiting: Waiting[] = [];
  #base: Window | undefined;
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
      const base = this.#base?.version === next.version ? this.#base : undefined;
      // First whether there is all of a run: one that goes beyond the end is of another document than the yacht believes.
      const last = next.baseIndex + next.count - 1;
      const needed = last < (base?.surelyCount ?? 0) ? next.baseIndex : last;
      const first = needed - (needed % windowCount);
      if (!base || (base.entries && base.first !== first)) {
        this.#read(next.version, first);
        return;
      }
      if (!base.entries || needed - first >= base.entries.length) {
        this.#waiting.shift();
        this.#ports.unknown({ start: next.first, end: next.first + next.count });
        continue;
      }
      const from = next.baseIndex - first;
      const page = base.entries.slice(from, from + Math.min(pageCount, next.count));
      const at = next.first;
      next.first += page.length;
      next.baseIndex += page.length;
      next.count -= page.length;
      if (next.count === 0) this.#waiting.shift();
      this.#ports.announce(at, page);
    }
  }

  #read(version: number, first: number): void {
    this.#reading = true;
    this.#ports.base(version, { first, count: windowCount }).then(
      (entries) => {
        this.#reading = false;
        const before = this.#base?.version === version ? this.#base.surelyCount : 0;
        const end = entries && entries.length > 0 ? first + entries.length : 0;
        this.#base = { version, first, entries, surelyCount: Math.max(before, end) };
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

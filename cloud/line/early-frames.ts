// Frames of a handle whose OFFER is still on another lane: kept for a while, in bounded memory, and replayed in order when it comes.
// What is let go of costs bytes sent again: the finish asks for them, or the yacht is told that nobody knows the document.
import type { CopyFrame, FinishFrame, ManifestFrame, SliceFrame } from '../contract/frames.ts';
import type { Clock } from '../ports.ts';
import type { LineLimitsAshore } from './limits.ts';

export type EarlyFrame = ManifestFrame | CopyFrame | SliceFrame | FinishFrame;

interface Waiting {
  readonly frames: EarlyFrame[];
  readonly sinceMs: number;
  bytes: number;
}

/** A frame in memory, besides its contents. */
const frameBytes = 192;
const entryBytes = 64;

export class EarlyFrames {
  /** In order of their first frame. */
  readonly #handles = new Map<number, Waiting>();
  readonly #clock: Clock;
  readonly #limits: LineLimitsAshore;
  readonly #expired: (handle: number) => void;
  #bytes = 0;
  #cancel: (() => void) | undefined;

  /** `expired`: its OFFER did not come in time, or there was no room for it. */
  constructor(clock: Clock, limits: LineLimitsAshore, expired: (handle: number) => void) {
    this.#clock = clock;
    this.#limits = limits;
    this.#expired = expired;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(frame: EarlyFrame): void {
    const kept = copyOf(frame);
    const waiting = this.#handles.get(frame.handle) ?? {
      frames: [],
      sinceMs: this.#clock.monotonicMs(),
      bytes: 0,
    };
    this.#handles.set(frame.handle, waiting);
    waiting.frames.push(kept.frame);
    waiting.bytes += kept.bytes;
    this.#bytes += kept.bytes;
    while (this.#bytes > this.#limits.earlyMaxBytes) this.#expire(this.#handles.keys().next().value!);
    this.#watch();
  }

  /** The OFFER is here. */
  take(handle: number): readonly EarlyFrame[] {
    const waiting = this.#handles.get(handle);
    if (!waiting) return [];
    this.#handles.delete(handle);
    this.#bytes -= waiting.bytes;
    return waiting.frames;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#handles.clear();
    this.#bytes = 0;
  }

  #expire(handle: number): void {
    this.take(handle);
    this.#expired(handle);
  }

  #watch(): void {
    const [oldest] = this.#handles.values();
    if (!oldest || this.#cancel) return;
    const leftMs = oldest.sinceMs + this.#limits.earlyKeptMs - this.#clock.monotonicMs();
    this.#cancel = this.#clock.after(leftMs, () => {
      this.#cancel = undefined;
      const now = this.#clock.monotonicMs();
      for (const [handle, { sinceMs }] of [...this.#handles])
        if (now - sinceMs >= this.#limits.earlyKeptMs) this.#expire(handle);
      this.#watch();
    });
  }
}

/** The frame's bytes are views into what the socket gave, which may be many times larger: copied. */
function copyOf(frame: EarlyFrame): { readonly frame: EarlyFrame; readonly bytes: number } {
  switch (frame.type) {
    case 'SLICE':
      return {
        frame: { ...frame, bytes: Uint8Array.from(frame.bytes) },
        bytes: frameBytes + frame.bytes.length,
      };
    case 'FINISH':
      return {
        frame: { ...frame, sha256: Uint8Array.from(frame.sha256), extensions: [] },
        bytes: frameBytes,
      };
    case 'MANIFEST': {
      const entries = frame.entries.map((one) => ({
        ...one,
        ...(one.id && { id: Uint8Array.from(one.id) }),
      }));
      const bytes = frameBytes + entries.length * 2 * entryBytes;
      return { frame: { ...frame, entries, extensions: [] }, bytes };
    }
    case 'COPY':
      return { frame: { ...frame, extensions: [] }, bytes: frameBytes + frame.runs.length * entryBytes };
  }
}

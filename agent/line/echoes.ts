// Short urgent documents leave twice, each frame over two lanes: a segment that is lost, or a lane that waits for an earlier one, would
// cost a round trip, and nobody can know it sooner. What it costs is bounded by time on the line. Held by documents.ts.
import { messageBytes } from './lane.ts';
import type { Parcel } from './parcel.ts';

/** A document that takes the line for longer leaves once: its own length is what it waits for. */
const echoedMaxMs = 500;
/** Of all frames that wait to leave again. */
const waitingMaxBytes = 256 * 1024;

/** Whose frames they are. */
export interface Echoed {
  /** Does anybody still wait for it, under this handle? */
  isMissing(handle: number): boolean;
  readonly meter: { sent(wireBytes: number): void };
}

interface Waiting {
  readonly frame: Uint8Array;
  /** Serial of the lane that carries it already. */
  readonly lane: number;
  readonly document: Echoed;
  readonly handle: number;
}

export class Echoes {
  readonly #bytesPerSecond: () => number | undefined;
  #waiting: Waiting[] = [];
  #bytes = 0;

  /** `bytesPerSecond`: what the line carries; undefined while nobody knows. */
  constructor(bytesPerSecond: () => number | undefined) {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** May a document of this length leave twice? */
  isShort(sizeBytes: number): boolean {
    return sizeBytes <= ((this.#bytesPerSecond() ?? 0) * echoedMaxMs) / 1_000;
  }

  /** This frame leaves over that lane. */
  note(frame: Uint8Array, lane: number, document: Echoed, handle: number): void {
    if (this.#bytes + frame.length > waitingMaxBytes) return;
    // Copied: the memory of a slice is used again as soon as the socket has taken it.
    this.#waiting.push({ frame: Uint8Array.from(frame), lane, document, handle });
    this.#bytes += frame.length;
  }

  /** The oldest that left over another lane than this one. */
  take(lane: number, maxBytes: number): Parcel | undefined {
    if (this.#waiting.length === 0) return undefined;
    this.#keep(({ document, handle }) => document.isMissing(handle));
    const at = this.#waiting.findIndex((one) => one.lane !== lane && one.frame.length <= maxBytes);
    const [one] = at < 0 ? [] : this.#waiting.splice(at, 1);
    if (!one) return undefined;
    this.#bytes -= one.frame.length;
    one.document.meter.sent(messageBytes(one.frame.length));
    return { frame: one.frame, load: { kind: 'passing' } };
  }

  /** A new session: handles mean others. */
  forget(): void {
    this.#keep(() => false);
  }

  #keep(which: (one: Waiting) => boolean): void {
    this.#waiting = this.#waiting.filter(which);
    this.#bytes = this.#waiting.reduce((sum, { frame }) => sum + frame.length, 0);
  }
}

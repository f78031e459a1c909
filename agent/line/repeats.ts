// What TCP sends again is on the wire, and nobody tells a program. The system counts it for all programs together: our part of it is
// our part of what was sent. Without such counters (another system than Linux) nothing is known, and nothing counted. Used by pace.ts.

/** Since the system started, all programs together; pure acknowledgements are sent segments, too. */
export interface TcpCount {
  readonly sentSegments: number;
  readonly repeatedSegments: number;
}

/** Counted anew at most so often. */
const lookEveryMs = 25;
/** Shares are those of the last seconds. */
const keptPerLook = 0.99;
/** After so long without a look, what was sent meanwhile is told by nobody. */
const staleMs = 10_000;
/** A bare acknowledgement is no measure of a segment that is sent again. */
const bareMostBytes = 100;

export class Repeats {
  readonly #read: () => TcpCount | undefined;
  #before: TcpCount | undefined;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #all = 0;
  #ours = 0;
  #full = { segments: 0, bytes: 0 };

  constructor(read: () => TcpCount | undefined) {
    this.#read = read;
  }

  /** So many segments of ours left, headers and all. */
  sent(segments: number, wireBytes: number): void {
    this.#ours += segments;
    if (wireBytes > bareMostBytes) {
      this.#full.segments += segments;
      this.#full.bytes += wireBytes;
    }
  }

  /** Wire bytes of ours that TCP has sent again since this was asked last. */
  since(nowMs: number): number {
    if (nowMs - this.#lookedMs < lookEveryMs) return 0;
    const isFresh = nowMs - this.#lookedMs < staleMs;
    this.#lookedMs = nowMs;
    const before = this.#before;
    const now = this.#read();
    this.#before = now;
    if (!now || !before || !isFresh) return 0;
    this.#all += Math.max(0, now.sentSegments - before.sentSegments);
    const repeated = Math.max(0, now.repeatedSegments - before.repeatedSegments);
    const share = this.#all > 0 ? Math.min(1, this.#ours / this.#all) : 0;
    const { segments, bytes } = this.#full;
    const due = segments > 0 ? (repeated * share * bytes) / segments : 0;
    this.#all *= keptPerLook;
    this.#ours *= keptPerLook;
    this.#full = { segments: segments * keptPerLook, bytes: bytes * keptPerLook };
    return due;
  }
}

// What a session said and its yacht may not have heard: kept with the lane that carried it until that lane has proved to be awake, or
// for a while. A lane that dies or sleeps takes nothing along: it is said again on another. The yacht takes everything twice well.
import type { CloudFrame } from '../contract/frames.ts';
import type { Clock } from '../ports.ts';
import type { Lane } from './lane.ts';
import type { LineLimitsAshore } from './limits.ts';

/** Frames that belong together go over one lane, in order. */
interface Kept {
  readonly frames: readonly CloudFrame[];
  readonly bytes: number;
  readonly lane: Lane | undefined;
  readonly saidMs: number;
  readonly times: number;
}

/** Said on so many lanes at most while they live. */
const timesMax = 3;
/** A frame in memory, besides its contents. */
const keptFrameBytes = 256;

export interface SaidPorts {
  readonly clock: Clock;
  readonly limits: LineLimitsAshore;
  readonly lanes: () => Iterable<Lane>;
  readonly roundTripMs: () => number;
}

export class Said {
  readonly #ports: SaidPorts;
  #kept: Kept[] = [];
  #keptBytes = 0;
  #cancelLook: (() => void) | undefined;

  constructor(ports: SaidPorts) {
    this.#ports = ports;
  }

  /** Says it on the lane where it will be heard soonest; without a lane it waits for one. */
  say(...frames: readonly CloudFrame[]): void {
    this.#say(frames, 1);
  }

  /** What this lane may have swallowed is said on the others. */
  laneGone(lane: Lane): void {
    for (const one of this.#take((kept) => kept.lane === lane)) this.#say(one.frames, 1);
  }

  /** There is a lane: what waited for one is said. */
  laneJoined(): void {
    for (const one of this.#take((kept) => kept.lane === undefined)) this.#say(one.frames, 1);
  }

  stop(): void {
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    this.#kept = [];
    this.#keptBytes = 0;
  }

  #say(frames: readonly CloudFrame[], times: number, avoid?: Lane): void {
    if (frames.length === 0) return;
    const { clock, limits } = this.#ports;
    const lane = this.#pick(avoid);
    let bytes = frames.length * keptFrameBytes;
    for (const frame of frames) bytes += lane?.send(frame) ?? 0;
    this.#kept.push({ frames, bytes, lane, saidMs: clock.monotonicMs(), times });
    this.#keptBytes += bytes;
    while (this.#keptBytes > limits.saidKeptMaxBytes && this.#kept.length > 1)
      this.#keptBytes -= this.#kept.shift()!.bytes;
    this.#cancelLook ??= clock.after(this.#patienceMs(), () => this.#look());
  }

  /** Heard from lately and with little unsent; else the one heard from last. */
  #pick(avoid?: Lane): Lane | undefined {
    const { clock, limits, lanes, roundTripMs } = this.#ports;
    const open = [...lanes()].filter((lane) => lane.isOpen && lane !== avoid);
    const since = clock.monotonicMs() - Math.max(limits.silenceMs, 2 * roundTripMs());
    const awake = open.filter((lane) => lane.arrivalMs >= since && lane.receivedBytes > 0);
    const [best] = awake.sort((a, b) => a.bufferedBytes() - b.bufferedBytes() || b.arrivalMs - a.arrivalMs);
    return best ?? open.sort((a, b) => b.arrivalMs - a.arrivalMs)[0];
  }

  /** A lane from which bytes come so long after a word carries words too. */
  #patienceMs(): number {
    return Math.max(2 * this.#ports.limits.silenceMs, 4 * this.#ports.roundTripMs());
  }

  /** Lets go of what was heard surely enough; says again what a sleeping lane holds while others are awake. */
  #look(): void {
    this.#cancelLook = undefined;
    const { clock, limits, lanes, roundTripMs } = this.#ports;
    const now = clock.monotonicMs();
    const open = [...lanes()].filter((lane) => lane.isOpen);
    const patienceMs = this.#patienceMs();
    const isDone = ({ lane, saidMs }: Kept) =>
      now - saidMs > limits.saidKeptMs ||
      (lane !== undefined && lane.arrivalMs - saidMs >= Math.max(limits.ackEveryMs, 2 * roundTripMs()));
    this.#take(isDone);
    const isAsleep = ({ lane, saidMs, times }: Kept) =>
      lane !== undefined &&
      times < timesMax &&
      now - saidMs >= patienceMs &&
      open.some((other) => other !== lane && other.arrivalMs > saidMs);
    for (const one of this.#take(isAsleep)) this.#say(one.frames, one.times + 1, one.lane);
    if (this.#kept.length > 0) this.#cancelLook ??= clock.after(patienceMs, () => this.#look());
  }

  #take(which: (kept: Kept) => boolean): Kept[] {
    const taken = this.#kept.filter(which);
    if (taken.length === 0) return taken;
    this.#kept = this.#kept.filter((kept) => !taken.includes(kept));
    for (const { bytes } of taken) this.#keptBytes -= bytes;
    return taken;
  }
}

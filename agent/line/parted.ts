// Lanes that have ended with something unconfirmed on them. Part of it has arrived, and the shore knows how much: it is asked (LEFT)
// over another lane, and only what never arrived goes again. Nobody waits for the answer: new bytes leave meanwhile, and without
// an answer all of it goes again. Held by link.ts.
import type { CountedFrame, YachtFrame } from '../../cloud/contract/frames.ts';
import { frameLimits } from '../../cloud/contract/frames.ts';
import type { Clock } from '../ports.ts';
import type { Lane } from './lane.ts';
import type { Parcel } from './parcel.ts';

/** The answer is waited for two round trips and so long. */
const answerSlackMs = 500;

export interface PartedPorts {
  readonly clock: Clock;
  /** False: there is no lane now; asked again when there is one. */
  readonly say: (frame: YachtFrame) => boolean;
  readonly roundTripMs: () => number;
  /** What these lanes have not brought: it goes again. */
  readonly repeat: (parcels: readonly Parcel[]) => void;
  /** Nothing is unknown any more. */
  readonly settled: () => void;
}

export class Parted {
  readonly #ports: PartedPorts;
  readonly #lanes = new Map<number, Lane>();
  #cancel: (() => void) | undefined;

  constructor(ports: PartedPorts) {
    this.#ports = ports;
  }

  get isEmpty(): boolean {
    return this.#lanes.size === 0;
  }

  /** It has ended. */
  add(lane: Lane): void {
    if (lane.oldestMs === undefined) return;
    this.#lanes.set(lane.serial, lane);
    if (this.#lanes.size > frameLimits.lanesLeftMaxCount) this.#end([...this.#lanes.values()].slice(0, 1));
  }

  /** Asks for all of them; called when one was added, and when a lane has opened. */
  ask(): void {
    if (this.isEmpty || !this.#ports.say({ type: 'LEFT', serials: [...this.#lanes.keys()] })) return;
    this.#cancel?.();
    const patienceMs = 2 * this.#ports.roundTripMs() + answerSlackMs;
    this.#cancel = this.#ports.clock.after(patienceMs, () => this.giveUp());
  }

  /** The shore's answer. */
  counted({ lanes }: CountedFrame): void {
    const known: Lane[] = [];
    for (const { serial, receivedBytes } of lanes) {
      const lane = this.#lanes.get(serial);
      if (!lane) continue;
      lane.confirm({ serial, receivedBytes, heldMs: 0 }, this.#ports.clock.monotonicMs());
      known.push(lane);
    }
    this.#end(known);
  }

  /** There is no answer, or nobody left who could know: all of it goes again. */
  giveUp(): void {
    this.#end([...this.#lanes.values()]);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #end(lanes: readonly Lane[]): void {
    if (lanes.length === 0) return;
    for (const lane of lanes) this.#lanes.delete(lane.serial);
    if (this.isEmpty) this.stop();
    for (const lane of lanes) this.#ports.repeat(lane.giveUp());
    if (this.isEmpty) this.#ports.settled();
  }
}

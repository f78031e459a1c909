// What the rate finder is told and what it tells: arrivals in, states, reasons and figures out. Used by rate-finder.ts, the line, people.

export type RateState = 'train' | 'search' | 'follow' | 'drain' | 'hold';

/** A frame that was confirmed, the newest of its lane in this ACK. */
export interface Arrival {
  readonly lane: number;
  /** What `sent` answered for the frame. */
  readonly mark: number;
  /** Bytes newly confirmed on the lane. */
  readonly bytes: number;
  /** The cloud's monotonic clock when it arrived. */
  readonly arrivalMs: number;
}

export interface RateEvent {
  readonly atMs: number;
  readonly from: RateState;
  readonly to: RateState;
  readonly why: string;
  readonly bytesPerSecond: number | null;
}

export interface RateDescription {
  readonly state: RateState;
  /** The bottleneck as far as known, in bytes as given to `sent`; null before the first estimate. */
  readonly capacityBytesPerSecond: number | null;
  /** How sure that is: standard deviation, percent. */
  readonly capacityDoubtPercent: number | null;
  /** The queue foreseen now, and the one aimed at. */
  readonly queueMs: number;
  readonly targetMs: number;
  /** The delay of the empty path, on two clocks: only its changes mean something. */
  readonly baseMs: number | null;
  /** How far delays stray from what was foreseen. */
  readonly noiseMs: number;
  readonly roundTripMs: number | null;
  readonly deliveredBytesPerSecond: number | null;
  readonly unconfirmedBytes: number;
  readonly events: readonly RateEvent[];
}

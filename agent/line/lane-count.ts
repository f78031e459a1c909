// How many lanes a line is worth, from what is measured of it. A TCP connection that loses packets at random holds only a few
// segments in flight, however long the way is: so many lanes that each needs to hold no more than that. Pure; asked by
// lane-keeper.ts.

/** What a lane is asked to hold in flight: CUBIC holds 10 at 2 % loss (measured: docs/performance.md), less after a bad start. */
const segmentsPerLane = 8;
const segmentBytes = 1_448;
/** Before a rate is known, by round trip: a far line is worth more lanes. */
const unknown: readonly (readonly [roundTripMs: number, count: number])[] = [
  [20, 2],
  [250, 4],
];
const unknownFarCount = 12;
/** Fewer are not enough to go on when one sleeps. */
export const leastCount = 2;
const leastFarCount = 3;
const farMs = 100;
const shortMs = 20;
/** Far away a fresh lane takes four round trips; one of so many carrying lanes stands by, and no more than that. */
const reserveDivisor = 4;
const reserveMostCount = 3;
/** What carries so much over a short way is not held back by loss: further lanes would only cost memory. */
const fastBytesPerSecond = 12_500_000;
const fastMostCount = 4;

export interface Measured {
  readonly roundTripMs: number | undefined;
  /** The least of late: what the way itself takes, whatever queues and busy machines add. */
  readonly leastRoundTripMs?: number | undefined;
  readonly bytesPerSecond: number | undefined;
  /** The rate will be known in a moment: a thin link has no room for handshakes that it will not need. */
  readonly isBeingMeasured?: boolean;
}

export interface LaneCounts {
  /** Lanes that carry. */
  readonly carryingCount: number;
  /** Lanes kept free of bytes beside them: see Lane.inReserve. */
  readonly reserveCount: number;
}

export function lanesWanted(measured: Measured, mostCount: number): LaneCounts {
  const { roundTripMs, leastRoundTripMs = Number.POSITIVE_INFINITY } = measured;
  const isFar =
    !measured.isBeingMeasured &&
    roundTripMs !== undefined &&
    Math.min(roundTripMs, leastRoundTripMs) >= farMs;
  const most = mostCount - (isFar ? Math.min(reserveMostCount, Math.floor(mostCount / reserveDivisor)) : 0);
  const carryingCount = carryingWanted(measured, most);
  const reserveCount = isFar ? Math.ceil(carryingCount / reserveDivisor) : 0;
  return { carryingCount, reserveCount: Math.min(mostCount - carryingCount, reserveMostCount, reserveCount) };
}

function carryingWanted(measured: Measured, mostCount: number): number {
  const { bytesPerSecond, leastRoundTripMs = Number.POSITIVE_INFINITY } = measured;
  // Over a short way answers take long for other reasons, and more lanes do not mend them.
  const roundTripMs = leastRoundTripMs < shortMs ? leastRoundTripMs : measured.roundTripMs;
  if (roundTripMs === undefined) return Math.min(mostCount, leastCount);
  if (bytesPerSecond === undefined) {
    if (measured.isBeingMeasured) return Math.min(mostCount, leastCount);
    const known = unknown.find(([ms]) => roundTripMs <= ms);
    return Math.min(mostCount, known?.[1] ?? unknownFarCount);
  }
  const isFast = roundTripMs < farMs && bytesPerSecond >= fastBytesPerSecond;
  const most = isFast ? Math.min(mostCount, fastMostCount) : mostCount;
  const flightBytes = (bytesPerSecond * roundTripMs) / 1_000;
  const least = roundTripMs < farMs ? leastCount : leastFarCount;
  return Math.min(most, Math.max(least, Math.ceil(flightBytes / (segmentsPerLane * segmentBytes))));
}

// Whether the next turn is decided while the last one is on its way to the disk. That lets processor and disk work at the
// same time, at the price of two fsyncs where one would do, so it pays only while deciding takes longer than an fsync. Both
// are watched. Measured with 100 uploads at once: 19 µs per event without, 16 with, on two cores with half a core to spare; no
// difference where others take both. Used by the turn loop only.

/** Fewer events are not worth a second fsync, whatever it costs. */
const splitMinEvents = 32;
/** Share of the newest observation in what is remembered. */
const newestShare = 1 / 8;
/**
 * Of a write's time, the part that a second write pays again, the fsync above all; the rest goes with the rows. Measured:
 * 418 µs for 50 events, 470 for 100; a little less here, since this thread's own delays are in it.
 */
const fixedShare = 0.7;

export interface Pace {
  /** Are so many events, those on their way included, longer work than another fsync? */
  overlaps(events: number): boolean;
  /** How many of the waiting events the next turn takes; `idle`: nothing is on its way. */
  take(waiting: number, idle: boolean): number;
  /** A turn took this thread so long, from its decision to its answers. */
  worked(events: number, tookMs: number): void;
  written(tookMs: number): void;
}

export function createPace(): Pace {
  let eventMs = 0;
  let writeMs = 0;

  const overlaps = (events: number): boolean => events * eventMs >= writeMs * fixedShare;

  return {
    overlaps,
    take: (waiting, idle) =>
      // The disk is given the first half while the second is decided; from then on both take turns.
      idle && waiting >= splitMinEvents && overlaps(waiting) ? Math.ceil(waiting / 2) : waiting,
    worked: (events, tookMs) => {
      if (events > 0) eventMs += (tookMs / events - eventMs) * newestShare;
    },
    written: (tookMs) => {
      writeMs += (tookMs - writeMs) * newestShare;
    },
  };
}

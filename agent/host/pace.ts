// Whether the next turn is decided while the last one is on its way to the disk. That keeps processor and disk busy at the
// same time, at the price of two fsyncs where one would do: with a fast disk it gains a third, with one whose fsync takes
// longer than the whole decision it would cost up to a half (measured). So both are watched. Used by the turn loop only.

/** Fewer events are not worth a second fsync, whatever it costs. */
const splitMinEvents = 32;
/** Share of the newest observation in what is remembered. */
const newestShare = 1 / 8;
/**
 * Of a write's time, the part that is fsync, which a second write pays again: half on a quiet disk, four fifths on one that
 * others use too (100 events, two cores of an AMD EPYC). The rest goes with the rows.
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

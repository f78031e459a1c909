// The links that the demo can put between yacht and shore. Rates are per direction; the round trip is split evenly.

export interface LinkProfile {
  readonly upBitsPerSecond: number;
  readonly downBitsPerSecond: number;
  readonly roundTripMs: number;
  /** Outages that come by themselves: mean lengths, drawn from a seeded generator. */
  readonly outages?: { readonly upMeanMs: number; readonly downMeanMs: number };
}

export const linkProfiles = {
  geo: { upBitsPerSecond: 2_000_000, downBitsPerSecond: 10_000_000, roundTripMs: 600 },
  leo: {
    upBitsPerSecond: 10_000_000,
    downBitsPerSecond: 50_000_000,
    roundTripMs: 60,
    outages: { upMeanMs: 30_000, downMeanMs: 1_200 },
  },
  storm: {
    upBitsPerSecond: 2_000_000,
    downBitsPerSecond: 10_000_000,
    roundTripMs: 600,
    outages: { upMeanMs: 20_000, downMeanMs: 10_000 },
  },
  none: { upBitsPerSecond: 1e11, downBitsPerSecond: 1e11, roundTripMs: 0 },
} as const satisfies Record<string, LinkProfile>;

export type LinkName = keyof typeof linkProfiles;

// What the host's tests share: a host on real LevelDB in a directory of its own, with held time.

import { createLevelStorage } from '../../agent/adapters/level-storage.ts';
import type { Host } from '../../agent/host/contract.ts';
import { createHost, type HostOptions } from '../../agent/host/host.ts';
import type { Random, Storage } from '../../agent/ports.ts';
import type { JsonObject } from '../../machines/json.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** The same bytes at every run. */
export function countingRandom(seed = 1): Random {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
  return {
    bytes: (count) => Uint8Array.from({ length: count }, () => next() >>> 24),
    unit: () => next() / 2 ** 32,
  };
}

let seeds = 0;

export interface Kit {
  readonly host: Host;
  readonly clock: FakeClock;
  readonly lines: string[];
}

export function hostOn(
  directory: string,
  options: HostOptions & { readonly clock?: FakeClock; readonly storage?: Storage } = {},
): Kit {
  const lines: string[] = [];
  const clock = options.clock ?? new FakeClock();
  const storage = options.storage ?? createLevelStorage(directory);
  seeds += 1;
  const ports = { storage, clock, random: countingRandom(seeds), log: (line: string) => lines.push(line) };
  return { host: createHost(ports, options), clock, lines };
}

export const uploadId = (number: number): string => `upload/${String(number).padStart(26, '0')}`;

export function spooled(number: number, more: JsonObject = {}): JsonObject {
  return {
    source: { kind: 'spooled', spool: `${number}.bin`, sizeBytes: 1_000 },
    name: `added/${number}.pdf`,
    version: 1,
    priority: 5,
    addedMs: 1_000 + number,
    ...more,
  };
}

export function watched(number: number, more: JsonObject = {}): JsonObject {
  return {
    source: { kind: 'watched', folder: 'scans', path: `${number}.pdf` },
    name: `scans/${number}.pdf`,
    version: 1,
    priority: 5,
    addedMs: 1_000 + number,
    ...more,
  };
}

/** Polls until `ready` answers something, for what happens on the disk's own time. */
export async function until<T>(
  ready: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  for (let attempt = 0; attempt < 2_000; attempt++) {
    const value = await ready();
    if (value !== undefined && value !== false) return value;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw new Error('waited 4 s in vain');
}

export async function collect<T>(from: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of from) all.push(item);
  return all;
}

// Whether a file has been written to its end. Size and time alone lie (Samba reserves the full length first, a copy may
// set the time back), so a settled file is one whose size, times and a sparse sample of its bytes are equal in two
// looks at least `settleQuietMs` apart. The first look is taken when the tracker sights the file, so that thousands of
// files grow quiet side by side; the effect checkSettled takes the next ones.
import { createHash } from 'node:crypto';
import type { Clock, FileHandle, FileStat, Files } from '../ports.ts';
import { createGate } from './gate.ts';
import { openSource, type Source, type SourceRoots, sameStat } from './source.ts';
import { failureOf, type SourceFailure } from './source-failure.ts';

/** Sampled: head, tail and three places between, this much of each. A file of up to five pieces is read whole. */
export const samplePieceBytes = 16 * 1024;
const pieces = 5;

export interface SettleLimits {
  /** Two looks must be at least this far apart. */
  readonly settleQuietMs: number;
  /** Files open for a look at once. */
  readonly looksMaxConcurrent: number;
  /** First looks remembered, 600 bytes each. With more files than that at once, the later ones wait for theirs. */
  readonly looksMaxRemembered: number;
  /** A remembered look that was not used for so long is forgotten. */
  readonly looksKeptMs: number;
}

export const settleLimits: SettleLimits = {
  settleQuietMs: 2_000,
  looksMaxConcurrent: 4,
  looksMaxRemembered: 4_096,
  looksKeptMs: 600_000,
};

/** `stat` of `file.settled`: what the file system said, and the sample's SHA-256 in hex. */
export type SettledStat = FileStat & { readonly digest: string };

export interface Settler {
  /** Takes the first look, in the background of the sighting. Failures show when `settled` looks again. */
  sighted(source: Source): Promise<void>;
  /** Resolves when the file holds still; keeps looking as long as it does not. Rejects when `signal` fires. */
  settled(source: Source, signal: AbortSignal): Promise<{ settled: SettledStat } | { failed: SourceFailure }>;
}

interface Look {
  readonly atMs: number;
  readonly stat: SettledStat;
}

export function createSettler(ports: {
  readonly files: Files;
  readonly clock: Clock;
  readonly roots: SourceRoots;
  readonly limits?: Partial<SettleLimits>;
}): Settler {
  const { files, clock, roots } = ports;
  const limits = { ...settleLimits, ...ports.limits };
  const gate = createGate(limits.looksMaxConcurrent);
  const remembered = new Map<string, Look>();

  async function look(source: Source): Promise<Look | { failed: SourceFailure }> {
    return gate.run(async () => {
      const stat = await lookOnce(files, roots, source);
      return 'failed' in stat ? stat : { atMs: clock.monotonicMs(), stat };
    });
  }

  /** A look that nobody came for (its upload was cancelled, say) makes room after a while. */
  function forgetOldest(): void {
    for (const [key, { atMs }] of remembered) {
      if (clock.monotonicMs() - atMs < limits.looksKeptMs) return;
      remembered.delete(key);
    }
  }

  return {
    async sighted(source) {
      const seen = await look(source);
      if ('failed' in seen) return;
      forgetOldest();
      if (remembered.size < limits.looksMaxRemembered) remembered.set(keyOf(source), seen);
    },
    async settled(source, signal) {
      const key = keyOf(source);
      let last = remembered.get(key);
      remembered.delete(key);
      // Bounded by the file's own unrest: each turn but the first follows a change, and waits the quiet time.
      for (;;) {
        const agoMs = last ? clock.monotonicMs() - last.atMs : limits.settleQuietMs;
        await pause(clock, limits.settleQuietMs - agoMs, signal);
        const next = await look(source);
        if ('failed' in next) {
          if (next.failed.class !== 'LOCAL') return next;
          await pause(clock, limits.settleQuietMs, signal);
          last = undefined;
        } else if (last && same(last.stat, next.stat)) {
          return { settled: next.stat };
        } else {
          last = next;
        }
      }
    },
  };
}

/** Stat and sample of a source, both of one and the same state of the file as far as the stat can tell. */
export async function lookOnce(
  files: Files,
  roots: SourceRoots,
  source: Source,
): Promise<SettledStat | { failed: SourceFailure }> {
  const opened = await openSource(files, roots, source);
  if ('failed' in opened) return opened;
  try {
    return { ...opened.stat, digest: await sampleDigest(opened.handle, opened.stat.sizeBytes) };
  } catch (error) {
    return { failed: failureOf(error) };
  } finally {
    await opened.handle.close();
  }
}

/** SHA-256 (hex) over the sampled pieces in order. A file that shrank meanwhile gives some other digest. */
async function sampleDigest(handle: FileHandle, sizeBytes: number): Promise<string> {
  const digest = createHash('sha256');
  const piece = new Uint8Array(samplePieceBytes);
  for (const { from, length } of samplePlaces(sizeBytes)) {
    for (let done = 0; done < length; ) {
      const count = await handle.read(piece, 0, length - done, from + done);
      if (count === 0) break;
      digest.update(piece.subarray(0, count));
      done += count;
    }
  }
  return digest.digest('hex');
}

export function samplePlaces(sizeBytes: number): { from: number; length: number }[] {
  const places: { from: number; length: number }[] = [];
  if (sizeBytes <= pieces * samplePieceBytes) {
    for (let from = 0; from < sizeBytes; from += samplePieceBytes)
      places.push({ from, length: Math.min(samplePieceBytes, sizeBytes - from) });
    return places;
  }
  const last = sizeBytes - samplePieceBytes;
  for (let i = 0; i < pieces; i++)
    places.push({ from: Math.floor((last * i) / (pieces - 1)), length: samplePieceBytes });
  return places;
}

function same(a: SettledStat, b: SettledStat): boolean {
  return sameStat(a, b) && a.digest === b.digest;
}

function keyOf(source: Source): string {
  return source.kind === 'spooled' ? source.spool : JSON.stringify([source.folder, source.path]);
}

async function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (delayMs <= 0) return;
  await new Promise<void>((resolve, reject) => {
    const stop = () => {
      cancel();
      reject(signal.reason);
    };
    const cancel = clock.after(delayMs, () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
    signal.addEventListener('abort', stop, { once: true });
  });
}

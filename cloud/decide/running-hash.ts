// The whole-file SHA-256 of an upload, computed while its chunks arrive in order, so that a finish need not read them
// back. It is a saving only: what it lacks (chunks that came out of order, references, another instance's part) is
// read from the blob store at the finish. Used by documents.ts.
import { createHash, type Hash } from 'node:crypto';

interface Running {
  /** Chunks 0 … next − 1 are in both hashes. */
  next: number;
  readonly content: Hash;
  /** Over the ids of the same chunks: proves at the finish that the hashed bytes are the recorded ones. */
  readonly ids: Hash;
}

/** What is known of an upload's beginning: `sha256` may be taken further with the bytes from chunk `next` on. */
export interface Prefix {
  readonly next: number;
  readonly content: Hash;
}

export interface RunningHashes {
  /** Takes chunks that were just stored, in any order; only those that continue the prefix count. */
  advance(key: string, chunks: readonly { index: number; bytes: Uint8Array; id: Uint8Array }[]): void;
  /** The prefix that agrees with these recorded ids (by index), or an empty one. Keeps its own state untouched. */
  prefix(key: string, ids: readonly Uint8Array[]): Prefix;
  forget(key: string): void;
}

/** At most `uploadsMax` uploads are followed; the one idle longest is given up first. */
export function createRunningHashes(uploadsMax: number): RunningHashes {
  // Insertion order is order of use: a touched upload is moved to the end.
  const running = new Map<string, Running>();

  function touch(key: string): Running {
    const known = running.get(key) ?? { next: 0, content: createHash('sha256'), ids: createHash('sha256') };
    running.delete(key);
    running.set(key, known);
    if (running.size > uploadsMax) running.delete(running.keys().next().value!);
    return known;
  }

  return {
    advance(key, chunks) {
      if (!running.has(key) && !chunks.some((chunk) => chunk.index === 0)) return;
      const state = touch(key);
      for (const chunk of [...chunks].sort((a, b) => a.index - b.index)) {
        if (chunk.index !== state.next) continue;
        state.content.update(chunk.bytes);
        state.ids.update(chunk.id);
        state.next += 1;
      }
    },
    prefix(key, ids) {
      const state = running.get(key);
      const empty = { next: 0, content: createHash('sha256') };
      if (!state || state.next > ids.length) return empty;
      const recorded = createHash('sha256');
      for (const id of ids.slice(0, state.next)) recorded.update(id);
      if (!recorded.digest().equals(state.ids.copy().digest())) return empty;
      return { next: state.next, content: state.content.copy() };
    },
    forget(key) {
      running.delete(key);
    },
  };
}

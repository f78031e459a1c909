// Gathers what the system says about watched directories: "something changed here". Hints come in bursts, so they wait a
// moment and are followed together; too many of them only bring the next full scan forward. The watcher owns it.
import { hexFromBytes } from '../../cloud/contract/ids.ts';
import type { Clock, Files } from '../ports.ts';
import { joinPath } from './path-bytes.ts';
import type { WatchedRoot, WatcherLimits } from './watcher.ts';

export interface Hint {
  readonly root: WatchedRoot;
  readonly path: Uint8Array;
}

export interface Hints {
  /** Asks for hints about one directory, or keeps asking: `round` is the number of the scan that saw it. */
  watch(root: WatchedRoot, directory: Uint8Array, round: number): void;
  /** Ends the watches of directories that this round no longer saw. */
  sweep(round: number): void;
  add(hint: Hint): void;
  stop(): void;
}

export function createHints(ports: {
  readonly files: Pick<Files, 'watch'>;
  readonly clock: Clock;
  readonly limits: Pick<WatcherLimits, 'hintDelayMs' | 'hintsMaxCount' | 'watchesMaxCount'>;
  readonly follow: (hints: readonly Hint[]) => void;
  /** Hints were lost. */
  readonly overflow: () => void;
}): Hints {
  const { files, clock, limits } = ports;
  const watches = new Map<string, { round: number; end: () => void }>();
  let gathered = new Map<string, Hint>();
  let cancel: (() => void) | undefined;

  function add(hint: Hint): void {
    if (gathered.size >= limits.hintsMaxCount) {
      ports.overflow();
      return;
    }
    gathered.set(keyOf(hint.root, hint.path), hint);
    cancel ??= clock.after(limits.hintDelayMs, () => {
      const followed = [...gathered.values()];
      gathered = new Map();
      cancel = undefined;
      ports.follow(followed);
    });
  }

  return {
    watch(root, directory, round) {
      const key = keyOf(root, directory);
      const known = watches.get(key);
      if (known) known.round = round;
      if (known || watches.size >= limits.watchesMaxCount) return;
      const end = files.watch(joinPath(root.path, directory), (name) => {
        if (name === null) ports.overflow();
        else add({ root, path: joinPath(directory, name) });
      });
      watches.set(key, { round, end });
    },
    sweep(round) {
      for (const [key, watch] of watches) {
        if (watch.round === round) continue;
        watch.end();
        watches.delete(key);
      }
    },
    add,
    stop() {
      cancel?.();
      for (const watch of watches.values()) watch.end();
      watches.clear();
      gathered.clear();
    },
  };
}

function keyOf(root: WatchedRoot, path: Uint8Array): string {
  return `${root.label}/${hexFromBytes(path)}`;
}

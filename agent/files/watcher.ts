// Looks after the watched folders: a full scan again and again, and between the scans a quick look where the system says
// that something changed. The hints may be missing altogether (network shares) or be too many; only the scan counts. A
// folder that is not there is waited for. Started by main.ts, its status is shown by `tender status`.
import type { Clock, Files } from '../ports.ts';
import { createTally, type FolderStatus, folderProblem, neverScanned } from './folder-status.ts';
import { createHints, type Hint } from './hints.ts';
import { admits, type ScanLimits, type ScanOptions, scan, scanLimits } from './scan.ts';
import type { Sighting } from './tracker.ts';

export interface WatcherLimits extends ScanLimits {
  /** Rest between two full scans; after a long scan it is `restPerScan` times that scan's length. */
  readonly rescanMs: number;
  /** Hints gather for so long, then their files are looked at together. */
  readonly hintDelayMs: number;
  /** Files hinted at; with more than this the next full scan is brought forward instead. */
  readonly hintsMaxCount: number;
  /** Directories for which the system is asked for hints; for the others the scan has to do. */
  readonly watchesMaxCount: number;
  /** Entries passed over that are kept for people, per folder. */
  readonly skippedMaxCount: number;
}

export const watcherLimits: WatcherLimits = {
  ...scanLimits,
  rescanMs: 60_000,
  hintDelayMs: 100,
  hintsMaxCount: 1_000,
  watchesMaxCount: 1_024,
  skippedMaxCount: 100,
};

/** So that a folder that takes minutes to walk is walked a fifth of the time at most. */
const restPerScan = 4;

export interface WatchedRoot {
  readonly label: string;
  /** Absolute. */
  readonly path: Uint8Array;
  readonly priority: number;
}

export interface Watcher {
  start(): void;
  /** Resolves when nothing of it runs any more. */
  stop(): Promise<void>;
  /** A full scan of all folders now; resolves at its end. */
  rescan(): Promise<void>;
  /** Looks at one file soon: somebody knows that it changed. */
  lookAt(folder: string, path: Uint8Array): void;
  status(): readonly FolderStatus[];
}

export function createWatcher(ports: {
  readonly files: Files;
  readonly clock: Clock;
  readonly folders: readonly WatchedRoot[];
  /** The tracker's. A rejection ends the scan; the next one finds the file again. */
  readonly sighted: (sighting: Sighting) => Promise<unknown>;
  /** A scan ended early. */
  readonly failed: (folder: string, error: unknown) => void;
  /** Names that begin with a dot are sent, too. */
  readonly hidden?: boolean;
  /** Absolute paths that are passed over in silence: the agent's own state. */
  readonly excluded?: readonly Uint8Array[];
  readonly limits?: Partial<WatcherLimits>;
}): Watcher {
  const { files, clock, folders } = ports;
  const limits = { ...watcherLimits, ...ports.limits };
  const life = new AbortController();
  const statuses = new Map(folders.map(({ label }) => [label, neverScanned(label)]));
  const hints = createHints({
    files,
    clock,
    limits,
    follow: (followed) => void inTurn(() => follow(followed)),
    overflow: () => plan(limits.hintDelayMs),
  });
  let round = 0;
  let work: Promise<void> = Promise.resolve();
  let cancelPlan = () => {};
  let dueMs = Number.POSITIVE_INFINITY;

  /** All walking happens one after the other. */
  function inTurn(task: () => Promise<void>): Promise<void> {
    work = work.then(() => (life.signal.aborted ? undefined : task()));
    return work;
  }

  /** The next full scan, at the latest in `delayMs`. */
  function plan(delayMs: number): void {
    const due = clock.monotonicMs() + delayMs;
    if (life.signal.aborted || due >= dueMs) return;
    cancelPlan();
    dueMs = due;
    cancelPlan = clock.after(delayMs, () => void inTurn(scanAll));
  }

  async function scanAll(): Promise<void> {
    cancelPlan();
    dueMs = Number.POSITIVE_INFINITY;
    round += 1;
    const startedMs = clock.monotonicMs();
    for (const root of folders) if (!life.signal.aborted) await scanFolder(root);
    hints.sweep(round);
    plan(Math.max(limits.rescanMs, restPerScan * (clock.monotonicMs() - startedMs)));
  }

  async function scanFolder(root: WatchedRoot): Promise<void> {
    const problem = await folderProblem(files, root.path);
    const before = statuses.get(root.label)!;
    if (problem) {
      statuses.set(root.label, { ...before, ...problem });
      return;
    }
    const tally = createTally(limits.skippedMaxCount);
    const complete = await walk(root, new Uint8Array(0), tally);
    const message = complete ? '' : 'The last scan ended early; the next one goes on.';
    const scannedMs = complete ? clock.wallMs() : before.scannedMs;
    statuses.set(root.label, {
      folder: root.label,
      state: 'watched',
      message,
      ...tally.figures(),
      scannedMs,
    });
  }

  async function follow(followed: readonly Hint[]): Promise<void> {
    for (const { root, path } of followed) {
      if (life.signal.aborted) return;
      if (admits(optionsFor(root), path)) await walk(root, path, createTally(0));
    }
  }

  /** False when it ended early. */
  async function walk(
    root: WatchedRoot,
    from: Uint8Array,
    tally: ReturnType<typeof createTally>,
  ): Promise<boolean> {
    const visitor = {
      directory: (path: Uint8Array) => hints.watch(root, path, round),
      file(path: Uint8Array, stat: Sighting['stat']) {
        tally.file();
        return ports.sighted({ folder: root.label, path, stat, priority: root.priority });
      },
      skipped: tally.skip,
    };
    try {
      await scan(optionsFor(root), visitor, from);
      return true;
    } catch (error) {
      const gone = from.length > 0 && (error as { code?: unknown }).code === 'ENOENT'; // a hint about a removal
      if (!gone && !life.signal.aborted) ports.failed(root.label, error);
      return false;
    }
  }

  function optionsFor(root: WatchedRoot): ScanOptions {
    const { hidden = false, excluded = [] } = ports;
    return { files, clock, root: root.path, hidden, excluded, limits, signal: life.signal };
  }

  return {
    start: () => plan(0),
    async stop() {
      life.abort();
      cancelPlan();
      hints.stop();
      await work;
    },
    rescan: () => inTurn(scanAll),
    lookAt(folder, path) {
      const root = folders.find(({ label }) => label === folder);
      if (root && !life.signal.aborted) hints.add({ root, path });
    },
    status: () => folders.map(({ label }) => statuses.get(label)!),
  };
}

// Notices in order, page by page, into the log; only then is the cloud told that they are seen. What cannot be kept ends the lane:
// it comes again with the next one.
import type { NoticeFrame } from '../../cloud/contract/frames.ts';
import type { Clock } from '../ports.ts';

export interface NoticeQueue {
  add(notice: NoticeFrame): void;
  /** What still waits is forgotten: a new lane replays it. */
  clear(): void;
  readonly length: number;
}

/** Kept in one go. */
const pageMax = 64;
/** The cloud is told at once what was kept after a silence, then so often or after so many: each word costs a packet. */
const seenEveryMs = 1_000;
const seenEveryCount = 64;

export function createNoticeQueue(ports: {
  /** Resolves with the cursor when notices and cursor are in the log. */
  readonly keep: (notices: readonly NoticeFrame[]) => Promise<number>;
  readonly clock: Clock;
  readonly seen: (cursor: number) => void;
  readonly drained: () => void;
  readonly failed: (error: unknown) => void;
}): NoticeQueue {
  const waiting: NoticeFrame[] = [];
  let working = false;
  let kept = 0;
  let said = 0;
  let cancel: (() => void) | undefined;

  const say = () => {
    cancel?.();
    cancel = undefined;
    if (kept === said) return;
    said = kept;
    ports.seen(kept);
    cancel = ports.clock.after(seenEveryMs, say);
  };

  const work = async () => {
    working = true;
    try {
      while (waiting.length > 0) {
        kept = await ports.keep(waiting.splice(0, pageMax));
        if (!cancel || kept - said >= seenEveryCount) say();
        ports.drained();
      }
    } catch (error) {
      waiting.length = 0;
      ports.failed(error);
    } finally {
      working = false;
    }
  };

  return {
    add(notice) {
      waiting.push(notice);
      if (!working) void work();
    },
    clear() {
      waiting.length = 0;
      cancel?.();
      cancel = undefined;
    },
    get length() {
      return waiting.length;
    },
  };
}

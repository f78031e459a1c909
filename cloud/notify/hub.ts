// Brings a device's notices to its connected session: replayed from the yacht's cursor, then pushed as they come. A wake
// (LISTEN/NOTIFY) only says "look again"; a poll finds what a lost wake missed. Rows stay until the yacht has acknowledged
// them, so nothing here can lose one: a reader that is too slow is told to come back later. Used by cloud/line.
import { codeOf } from '../cloud-error.ts';
import type { ProblemCode } from '../contract/problems.ts';
import type { Notices } from '../decide/notices.ts';
import type { Clock, DeviceScope, Notice, Wakes } from '../ports.ts';

/** One connected session, as the hub sees it. */
export interface NoticeReader {
  /** Hands over notices in sequence, without gaps from the cursor given at attach. */
  deliver(notices: readonly Notice[]): void;
  /** Bytes handed over that have not left this process. */
  bufferedBytes(): number;
  /** The session may not go on: fenced, revoked, or too slow. Called at most once, as the last thing. */
  end(code: ProblemCode, retryAfterMs: number): void;
}

export interface NoticeHub {
  /** Replays what is after `cursor` and goes on pushing. The answer detaches; nothing is delivered afterwards. */
  attach(scope: DeviceScope, cursor: number, reader: NoticeReader): () => void;
  /** Everybody looks again: wakes were lost. */
  wakeAll(): void;
  close(): void;
}

export interface HubLimits {
  /** Notices read and handed over at once. */
  readonly pageMax: number;
  /** What falls within this after a notice left leaves together: each costs a packet, and the answer to it. */
  readonly gatherMs: number;
  /** A wake that never came costs at most this long. */
  readonly pollMs: number;
  /** More than this waiting to leave: nothing is added. */
  readonly bufferedMaxBytes: number;
  /** A reader that stays above it this long is ended. */
  readonly slowMaxMs: number;
  /** How soon a full reader is looked at again. */
  readonly drainCheckMs: number;
}

export const hubLimits: HubLimits = {
  pageMax: 64,
  gatherMs: 200,
  pollMs: 5000,
  bufferedMaxBytes: 256 * 1024,
  slowMaxMs: 30_000,
  drainCheckMs: 250,
};

export interface HubPorts {
  readonly notices: Notices;
  readonly wakes: Wakes;
  readonly clock: Clock;
  readonly limits?: HubLimits;
}

export function createNoticeHub({ notices, wakes, clock, limits = hubLimits }: HubPorts): NoticeHub {
  const byDevice = new Map<string, Set<Following>>();
  const wake = (deviceId: string) => {
    for (const { look } of byDevice.get(deviceId) ?? []) look();
  };
  const stopNotices = wakes.onNotice((deviceId) => {
    for (const { lookSoon } of byDevice.get(deviceId) ?? []) lookSoon();
  });
  // A newer session or a revocation: the next read is refused by the store, which ends the reader at once.
  const stopDevices = wakes.onDevice(wake);
  const detachers = new Set<() => void>();

  return {
    attach(scope, cursor, reader) {
      const following = follow({ scope, cursor, reader, notices, clock, limits });
      const looks = byDevice.get(scope.deviceId) ?? new Set();
      looks.add(following);
      byDevice.set(scope.deviceId, looks);
      const detach = () => {
        following.stop();
        looks.delete(following);
        if (looks.size === 0 && byDevice.get(scope.deviceId) === looks) byDevice.delete(scope.deviceId);
        detachers.delete(detach);
      };
      detachers.add(detach);
      following.look();
      return detach;
    },
    wakeAll() {
      for (const deviceId of [...byDevice.keys()]) wake(deviceId);
    },
    close() {
      stopNotices();
      stopDevices();
      for (const detach of detachers) detach();
    },
  };
}

interface Following {
  readonly look: () => void;
  /** There is something new; what left a moment ago is not followed at once. */
  readonly lookSoon: () => void;
  readonly stop: () => void;
}

interface Follower {
  readonly scope: DeviceScope;
  readonly cursor: number;
  readonly reader: NoticeReader;
  readonly notices: Notices;
  readonly clock: Clock;
  readonly limits: HubLimits;
}

/** One reader's loop: at most one read at a time, however many wakes come. */
function follow(follower: Follower): Following {
  const { scope, reader, notices, clock, limits } = follower;
  let cursor = follower.cursor;
  let stopped = false;
  let reading = false;
  let again = false;
  let gathering = false;
  let slowSince: number | undefined;
  let cancel = () => {};

  const later = (delayMs: number) => {
    cancel();
    if (!stopped) cancel = clock.after(delayMs, look);
  };
  const stop = () => {
    stopped = true;
    cancel();
  };

  /** Reads page after page until there is no more or no room; answers when to look next. */
  const drain = async (): Promise<number> => {
    for (;;) {
      again = false;
      if (reader.bufferedBytes() > limits.bufferedMaxBytes) {
        slowSince ??= clock.monotonicMs();
        if (clock.monotonicMs() - slowSince < limits.slowMaxMs) return limits.drainCheckMs;
        stop();
        reader.end('TENDER_READER_SLOW', limits.pollMs);
        return 0;
      }
      slowSince = undefined;
      const page = await notices.after(scope, cursor, limits.pageMax);
      if (stopped) return 0;
      const last = page.at(-1);
      if (last) {
        cursor = last.sequence;
        reader.deliver(page);
        if (page.length < limits.pageMax) return limits.gatherMs;
      } else if (!again) return limits.pollMs;
    }
  };

  const look = () => {
    again = true;
    if (reading || stopped) return;
    reading = true;
    gathering = false;
    cancel();
    drain()
      .catch((error: unknown) => {
        const code = codeOf(error);
        // The database is away: the poll asks again. Anything else ends this reader, never the process.
        if (code === 'TENDER_STORE_UNAVAILABLE' || stopped) return limits.pollMs;
        stop();
        reader.end(code ?? 'TENDER_CLOUD_INTERNAL', limits.pollMs);
        return 0;
      })
      .then((delayMs) => {
        reading = false;
        gathering = delayMs === limits.gatherMs;
        later(again && delayMs === limits.pollMs && !stopped ? 0 : delayMs);
      });
  };
  const lookSoon = () => {
    if (!gathering) look();
  };
  return { look, lookSoon, stop };
}

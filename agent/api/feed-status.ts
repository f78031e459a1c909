// The status in the feed: built once for all who listen, told on change and at most once a second, and every ten seconds
// even when no record says that anything changed (disk space, folders, memory). Used by feed.ts.
import type { JsonObject } from '../../machines/json.ts';
import type { Clock } from '../ports.ts';

const changedEveryMs = 1_000;
const looksEveryMs = 10_000;
/** Change all the time and are no news. */
const restless: readonly string[] = ['uptimeMs', 'rssBytes', 'log', 'line', 'left'];

export interface FeedStatus {
  /** One client's view of it. */
  reader(): {
    /** The event to send, if there is one to send now. */
    news(nowMs: number): Promise<string | undefined>;
    /** When to ask again at the latest, monotonic ms. */
    dueMs(): number;
  };
}

export function createFeedStatus(ports: {
  readonly clock: Clock;
  status(): Promise<JsonObject>;
  /** Grows with every change that may be seen in the status. */
  changeCount(): number;
}): FeedStatus {
  const { clock } = ports;
  let builtMs = Number.NEGATIVE_INFINITY;
  let builtAt = -1;
  let text = '';
  let calm = '';
  let building: Promise<void> | undefined;

  async function build(): Promise<void> {
    builtAt = ports.changeCount();
    builtMs = clock.monotonicMs();
    const status = await ports.status();
    calm = JSON.stringify({ ...status, ...Object.fromEntries(restless.map((key) => [key, null])) });
    text = `event: status\ndata: ${JSON.stringify(status)}\n\n`;
  }

  const dueMs = () => builtMs + (ports.changeCount() === builtAt ? looksEveryMs : changedEveryMs);

  return {
    reader() {
      let shown: string | undefined;
      let shownMs = 0;
      return {
        async news(nowMs) {
          if (nowMs >= dueMs()) {
            building ??= build().finally(() => {
              building = undefined;
            });
          }
          await building;
          if (shown === calm && builtMs - shownMs < looksEveryMs) return undefined;
          shown = calm;
          shownMs = builtMs;
          return text;
        },
        dueMs,
      };
    },
  };
}

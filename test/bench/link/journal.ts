// Follows the agent's own log while a case runs: when each document was settled aboard, when its receipt was verified. The stream
// costs the agent nothing per look, unlike asking for a thousand documents again and again.
import type { ApiClient } from '../../../agent/cli/client.ts';

export interface Journey {
  /** Log time, ms: the clock runs from here … */
  settledMs?: number;
  /** … to here. */
  storedMs?: number;
  /** `performance.now()` when the record reached us. */
  settledAt?: number;
  storedAt?: number;
}

export interface Journal {
  /** By upload id. */
  readonly journeys: ReadonlyMap<string, Journey>;
  /** Resolves when so many documents are stored in all; rejects when it takes longer, or one comes to rest. */
  stored(count: number, maxSeconds: number): Promise<void>;
  /** Resolves when so many are settled in all. */
  settled(count: number, maxSeconds: number): Promise<void>;
  close(): void;
}

export function keepJournal(api: ApiClient): Journal {
  const journeys = new Map<string, Journey>();
  const counts = { settled: 0, stored: 0 };
  let trouble: Error | undefined;
  let wake = () => {};
  let closed = false;
  const follow = async () => {
    for await (const { event, data } of api.events('/v1/events?after=0')) {
      if (event !== 'record') continue;
      const [kind, id] = String(data.actor).split('/');
      if (kind !== 'upload' || id === undefined) continue;
      const journey = journeys.get(id) ?? {};
      journeys.set(id, journey);
      if (data.type === 'file.settled' && journey.settledMs === undefined) {
        journey.settledMs = Number(data.at);
        journey.settledAt = performance.now();
        counts.settled++;
      }
      if (data.type === 'upload.stored' && journey.storedMs === undefined) {
        journey.storedMs = Number(data.at);
        journey.storedAt = performance.now();
        counts.stored++;
      }
      if (data.state === 'parked') trouble ??= new Error(`a document is parked: ${JSON.stringify(data)}`);
      wake();
    }
  };
  follow().catch((error: unknown) => {
    if (closed) return;
    trouble ??= error instanceof Error ? error : new Error(String(error));
    wake();
  });
  const reached = async (what: 'settled' | 'stored', count: number, maxSeconds: number) => {
    const deadline = performance.now() + maxSeconds * 1000;
    while (counts[what] < count) {
      if (trouble) throw trouble;
      const leftMs = deadline - performance.now();
      if (leftMs <= 0)
        throw new Error(`${counts[what]} of ${count} documents are ${what} after ${maxSeconds} s`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  return {
    journeys,
    stored: (count, maxSeconds) => reached('stored', count, maxSeconds),
    settled: (count, maxSeconds) => reached('settled', count, maxSeconds),
    close() {
      closed = true;
      wake();
    },
  };
}

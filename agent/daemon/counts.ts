// How many documents are in which state. Counted over the host's rows when somebody asks, and remembered for a while
// that grows with the cost of counting: a page that asks every second must not keep a yacht with 100,000 documents busy.
import type { Host } from '../host/contract.ts';
import type { Clock } from '../ports.ts';

const pageRows = 1_000;
const rememberedMinMs = 500;
/** At most a twentieth of the time goes into counting. */
const restPerCount = 20;

export interface Counts {
  states(): Promise<Readonly<Record<string, number>>>;
}

export function createCounts({ host, clock }: { host: Pick<Host, 'list' | 'status'>; clock: Clock }): Counts {
  let last: { states: Record<string, number>; seq: number; freshUntilMs: number } | undefined;
  let counting: Promise<Readonly<Record<string, number>>> | undefined;

  async function count(): Promise<Readonly<Record<string, number>>> {
    const startedMs = clock.monotonicMs();
    const seq = host.status().lastSeq;
    const states: Record<string, number> = {};
    let after: string | undefined;
    for (let more = true; more; ) {
      let rows = 0;
      const page = { kind: 'upload', limit: pageRows, ...(after === undefined ? {} : { after }) };
      for await (const { actor, cell } of host.list(page)) {
        rows++;
        after = actor;
        states[cell.value] = (states[cell.value] ?? 0) + 1;
      }
      more = rows === pageRows;
    }
    const endedMs = clock.monotonicMs();
    const restMs = Math.max(rememberedMinMs, (endedMs - startedMs) * restPerCount);
    last = { states, seq, freshUntilMs: endedMs + restMs };
    return states;
  }

  return {
    async states() {
      if (last && (last.seq === host.status().lastSeq || clock.monotonicMs() < last.freshUntilMs))
        return last.states;
      counting ??= count().finally(() => {
        counting = undefined;
      });
      return counting;
    },
  };
}

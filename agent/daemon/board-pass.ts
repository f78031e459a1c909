// The one pass over all rows that fills the board: a page at a time with a pause after each, so that it takes a third of
// the time at most and delays nothing; whoever asks meanwhile makes it hurry. Records that come while it reads are put
// right: a page may be older than they are. Used by board.ts only.
import type { Host } from '../host/contract.ts';
import type { Clock } from '../ports.ts';
import type { Seen } from './board-seen.ts';
import { finalStates } from './upload-json.ts';

const pageRows = 500;
const pauseMs = 10;
/** The first effects come first. */
const startAfterMs = 250;
const retryMs = 5_000;

export interface BoardPass {
  start(): void;
  stop(): void;
  settled(): Promise<void>;
  /** A record of an upload the board does not know yet. */
  missed(id: string, seen: Seen): void;
  /** An upload the board knew has ended. */
  ended(id: string, state: string): void;
  /** Rows went away unseen: count again. */
  again(): void;
}

export function createBoardPass(ports: {
  readonly host: Pick<Host, 'glances'>;
  readonly clock: Clock;
  knows(id: string): boolean;
  insert(id: string, seen: Seen): void;
  /** How many have ended, by state. */
  finished(counted: Record<string, number>): void;
}): BoardPass {
  const { host, clock } = ports;
  let finals: Record<string, number> = {};
  /** News of uploads the pass has still to meet, and of those that ended while it ran. */
  const missed = new Map<string, Seen>();
  const over = new Set<string>();
  let running: Promise<void> | undefined;
  let complete = false;
  let stopped = false;
  let hurry = false;
  let wake = () => {};

  function pause(ms: number): Promise<void> {
    if (hurry || stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = clock.after(ms, () => resolve());
      wake = () => {
        cancel();
        resolve();
      };
    });
  }

  async function run(): Promise<void> {
    let after: string | undefined;
    for (let more = true; more && !stopped; ) {
      let rows = 0;
      const page = { kind: 'upload', limit: pageRows, ...(after === undefined ? {} : { after }) };
      for await (const glance of host.glances(page)) {
        rows += 1;
        after = glance.actor;
        meet(after.slice('upload/'.length), glance);
      }
      more = rows === pageRows;
      if (more) await pause(pauseMs);
    }
    if (stopped) return;
    complete = true;
    missed.clear();
    over.clear();
    ports.finished(finals);
  }

  function meet(id: string, row: Seen): void {
    if (over.has(id) || ports.knows(id) || id.length !== 26) return;
    const newer = missed.get(id);
    missed.delete(id);
    const seen = newer !== undefined && newer.n > row.n ? { ...row, ...newer } : row;
    if (finalStates.includes(seen.state)) finals[seen.state] = (finals[seen.state] ?? 0) + 1;
    else ports.insert(id, seen);
  }

  function begin(firstMs: number): void {
    if (running !== undefined) return;
    complete = false;
    finals = {};
    missed.clear();
    over.clear();
    running = pause(firstMs)
      .then(run)
      .catch(() => {
        // The log cannot be read now; it is tried again, and until then what is known is told.
        hurry = false;
        if (!stopped) clock.after(retryMs, () => begin(0));
      })
      .finally(() => {
        running = undefined;
      });
  }

  return {
    start: () => begin(startAfterMs),
    stop() {
      stopped = true;
      wake();
    },
    async settled() {
      if (complete || running === undefined) return;
      hurry = true;
      wake();
      await running;
      hurry = false;
    },
    missed(id, seen) {
      if (!complete) missed.set(id, { ...missed.get(id), ...seen });
    },
    ended(id, state) {
      if (complete) return;
      over.add(id);
      finals[state] = (finals[state] ?? 0) + 1;
    },
    again() {
      if (complete && !stopped) begin(startAfterMs);
    },
  };
}

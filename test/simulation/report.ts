// What a voyage has seen: the trace that two runs of one seed must share, the counts, and the first rule that broke.
import { createHash } from 'node:crypto';

/** The promises of design section 2 and the invariants behind them, as the checkers name them. */
export type Rule =
  | 'P1 accepted is kept'
  | 'P2 stored means stored'
  | 'P3 once'
  | 'P4 whole or nothing'
  | 'P5 in order'
  | 'P5 notices without gaps'
  | 'P8 back by itself'
  | 'P10 every wait has a name'
  | 'L1 log contiguous and chained'
  | 'L2 fold is head'
  | 'L3 durable before effect'
  | 'L4 one effect per id, one result'
  | 'L5 nobody’s turn'
  | 'X no exception escapes';

export interface Violation {
  readonly rule: Rule;
  readonly detail: string;
  /** Virtual ms since the voyage began. */
  readonly at: number;
}

export class Report {
  readonly #hash = createHash('sha256');
  readonly #now: () => number;
  readonly #verbose: ((line: string) => void) | undefined;
  readonly faults = new Map<string, number>();
  readonly crashes = new Map<string, number>();
  violation: Violation | undefined;

  constructor(now: () => number, verbose?: (line: string) => void) {
    this.#now = now;
    this.#verbose = verbose;
  }

  /** One line of the trace. Everything in it must follow from the seed. */
  trace(line: string): void {
    const text = `${this.#now().toFixed(3)} ${line}`;
    this.#hash.update(text).update('\n');
    this.#verbose?.(text);
  }

  fault(kind: string): void {
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
    this.trace(`fault ${kind}`);
  }

  crash(who: string): void {
    this.crashes.set(who, (this.crashes.get(who) ?? 0) + 1);
    this.trace(`crash ${who}`);
  }

  /** Notes a broken rule; only the first counts, what follows from it would mislead. */
  violate(rule: Rule, detail: string): void {
    if (this.violation) return;
    this.violation = { rule, detail, at: this.#now() };
    this.trace(`VIOLATION ${rule}: ${detail}`);
  }

  /** Hex digest of the whole trace. Ends it. */
  digest(): string {
    return this.#hash.digest('hex');
  }
}

export const total = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0);

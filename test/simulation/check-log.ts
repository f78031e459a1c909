// The checker that watches the yacht's disk: every record in the moment it becomes durable. It keeps its own copy of the
// log and its own idea of the chain, and answers whether a record is durable when an effect says it was caused by it.
import { createHash } from 'node:crypto';
import { cursorKey } from '../../agent/daemon/notices.ts';
import type { Rec } from '../../agent/host/contract.ts';
import { decodeRecord, hashLength } from '../../agent/host/record.ts';
import type { Change } from '../../agent/ports.ts';
import type { Cell } from '../../machines/kernel.ts';
import { foldRecord } from '../../machines/replay.ts';
import type { Report } from './report.ts';

/** Side rows carry a checksum of this many characters before their value. */
const sealLength = 8;

/** A log that cannot be written for a while delays its timers by so much at most. */
const overdueMaxMs = 180_000;

/** The end of one log, from which the next record must follow. */
interface Tip {
  seq: number;
  hash: string;
  readonly actors: Map<string, number>;
}

export class CheckLog {
  readonly #report: Report;
  readonly #tips: Tip[] = [];
  readonly #durable = new Set<string>();
  /** Results by `actor/fx`: each closes its effect once. */
  readonly #closed = new Set<string>();
  readonly #indexed = new Set<string>();
  /** Actors as their durable records fold; those whose beginning this log does not hold are not here. */
  readonly cells = new Map<string, Cell>();
  /** A new log may begin: the database is new, or was set aside after damage. */
  mayBegin = true;
  #cursor = 0;
  /** Logs begun so far: a second one means that damage was found, and what it lost may come again. */
  #logs = 0;
  readonly #now: () => number;
  /** When each armed timer became durable, by actor, id and due time. */
  readonly #armed = new Map<string, number>();

  constructor(report: Report, now: () => number) {
    this.#report = report;
    this.#now = now;
  }

  /** Every armed timer must have fired once the agent was up for the timer's whole length, whatever its clock says. */
  overdue(upSinceMs: number): void {
    for (const [actor, cell] of this.cells)
      for (const [id, { due, len }] of Object.entries(cell.tm)) {
        const sinceMs = Math.max(upSinceMs, this.#armed.get(`${actor}/${id}/${due}`) ?? 0);
        if (this.#now() - sinceMs > len + overdueMaxMs)
          this.#report.violate('L5 nobody’s turn', `the timer ${id} of ${actor} (${len} ms) does not fire`);
      }
  }

  /** A batch that has just become durable. */
  batch(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.type !== 'put') continue;
      if (change.key.startsWith(cursorKey(''))) this.#moved(Number(change.value.slice(sealLength)));
      if (!change.key.startsWith('log/')) continue;
      const rec = decodeRecord(change.value);
      if (!rec) this.#report.violate('L1 log contiguous and chained', `${change.key} is no record`);
      else this.#record(rec, change.value);
    }
  }

  /** The cursor of notices counts one by one: none is left out, none counted twice. */
  #moved(cursor: number): void {
    if (cursor !== this.#cursor + 1 && this.#logs < 2 && !this.mayBegin)
      this.#report.violate('P5 notices without gaps', `the cursor went from ${this.#cursor} to ${cursor}`);
    this.#cursor = cursor;
  }

  isDurable(actor: string, n: number): boolean {
    return this.#durable.has(`${actor}#${n}`);
  }

  /** Whether the log holds the result of this effect ('n.i'). */
  isAnswered(actor: string, fx: string): boolean {
    return this.#closed.has(`${actor}/${fx}`);
  }

  #record(rec: Rec, row: string): void {
    const body = row.slice(hashLength);
    let tip = this.#tips.find(
      (each) =>
        each.seq + 1 === rec.seq &&
        createHash('sha256')
          .update(each.hash + body)
          .digest('base64url') === rec.hash,
    );
    if (!tip) {
      if (!this.mayBegin) {
        const ends = this.#tips.map((each) => each.seq).join(', ');
        this.#report.violate(
          'L1 log contiguous and chained',
          `record ${rec.seq} follows none of the ends at ${ends}`,
        );
        return;
      }
      this.mayBegin = false;
      this.#logs++;
      tip = { seq: rec.seq - 1, hash: '', actors: new Map() };
      this.#tips.push(tip);
      this.cells.clear();
      this.#closed.clear();
      this.#indexed.clear();
    }
    tip.seq = rec.seq;
    tip.hash = rec.hash;
    const before = tip.actors.get(rec.actor);
    if (before !== undefined && rec.n !== before + 1)
      this.#report.violate('L1 log contiguous and chained', `${rec.actor}: n ${rec.n} after ${before}`);
    tip.actors.set(rec.actor, rec.n);
    this.#durable.add(`${rec.actor}#${rec.n}`);
    this.#once(rec);
    this.#fold(rec);
    this.#report.trace(`log ${rec.seq} ${rec.actor}#${rec.n} ${rec.event.type} → ${rec.state} ${rec.digest}`);
  }

  #fold(rec: Rec): void {
    if (rec.kind.startsWith('host@')) return;
    const before = this.cells.get(rec.actor);
    if (!before && rec.n > 1) return;
    try {
      const cell = foldRecord(before, rec);
      this.cells.set(rec.actor, cell);
      for (const [id, { due }] of Object.entries(cell.tm)) {
        const key = `${rec.actor}/${id}/${due}`;
        if (!this.#armed.has(key)) this.#armed.set(key, this.#now());
      }
      const why = stuck(cell);
      if (rec.actor.startsWith('upload/') && why)
        this.#report.violate('L5 nobody’s turn', `${rec.actor}: ${why}`);
    } catch (error) {
      this.#report.violate('L2 fold is head', (error as Error).message);
    }
  }

  #once(rec: Rec): void {
    const { type, fx } = rec.event;
    if (typeof fx === 'string' && type !== 'transfer.checkpointed') {
      const key = `${rec.actor}/${fx}`;
      if (this.#closed.has(key))
        this.#report.violate('L4 one effect per id, one result', `${key} was answered twice`);
      this.#closed.add(key);
    }
    if (type === 'document.indexed') {
      if (this.#indexed.has(rec.actor))
        this.#report.violate('P3 once', `${rec.actor} was told of its index twice`);
      this.#indexed.add(rec.actor);
    }
  }
}

/** States that end, or that only a person or the shore's word leads out of. */
const resting: ReadonlySet<string> = new Set(['indexed', 'cancelled', 'parked', 'paused', 'stored']);

/** Why nothing and nobody will ever move this upload, if so. */
function stuck(cell: Cell): string | undefined {
  if (resting.has(cell.value) || Object.keys(cell.fx).length > 0 || Object.keys(cell.tm).length > 0)
    return undefined;
  return `in ${cell.value} with no effect, no timer and no person to move it`;
}

// The host as the tracker sees it, in memory, on the real machines: what an upload accepts and refuses is true here.

import type { TrackerHost } from '../../../agent/files/tracker.ts';
import type { Accepted, Filter, Refused } from '../../../agent/host/contract.ts';
import type { Change, KeyRange } from '../../../agent/ports.ts';
import type { JsonObject } from '../../../machines/json.ts';
import type { MachineEvent } from '../../../machines/kernel.ts';
import { type Cell, init, step } from '../../../machines/kernel.ts';

export class SmallHost implements TrackerHost {
  readonly cells = new Map<string, Cell>();
  readonly kept = new Map<string, string>();
  /** Every event that was accepted, as `actor-tail type`. */
  readonly accepted: string[] = [];

  async create(actor: string, input: JsonObject, options: { rows?: readonly Change[] } = {}) {
    if (this.cells.has(actor)) return refused('exists');
    this.cells.set(actor, init('upload', input, { at: 0 }).cell);
    this.#write(options.rows);
    return this.#done(actor);
  }

  async send(actor: string, event: MachineEvent, options: { rows?: readonly Change[] } = {}) {
    const cell = this.cells.get(actor);
    if (!cell) return refused('unknown');
    const next = step('upload', cell, event, { at: 0 });
    if (!next) return refused('not-accepted');
    this.cells.set(actor, next.cell);
    this.accepted.push(event.type);
    this.#write(options.rows);
    return this.#done(actor);
  }

  /** Answers the one open effect of an upload. */
  async answer(uploadId: string, event: MachineEvent): Promise<void> {
    const actor = `upload/${uploadId}`;
    const [fx] = Object.keys(this.cells.get(actor)!.fx);
    const answer = await this.send(actor, { ...event, fx: fx! });
    if (!answer.accepted) throw new Error(`${event.type} was not accepted in ${this.stateOf(uploadId)}`);
  }

  stateOf(uploadId: string): string {
    return this.cells.get(`upload/${uploadId}`)!.value;
  }

  async read(actor: string) {
    return this.cells.get(actor);
  }

  async *list({ after = '', limit }: Filter) {
    const actors = [...this.cells.keys()].sort().filter((actor) => actor > after);
    for (const actor of actors.slice(0, limit)) yield { actor, cell: this.cells.get(actor)! };
  }

  async row(key: string) {
    return this.kept.get(key);
  }

  async *rows({ gte = '', lt = '\uffff' }: KeyRange) {
    for (const key of [...this.kept.keys()].sort())
      if (key >= gte && key < lt) yield [key, this.kept.get(key)!] as const;
  }

  async putRows(changes: readonly Change[]) {
    this.#write(changes);
  }

  #write(changes: readonly Change[] = []): void {
    for (const change of changes)
      if (change.type === 'put') this.kept.set(change.key, change.value);
      else this.kept.delete(change.key);
  }

  #done(actor: string): Accepted {
    const { n, value } = this.cells.get(actor)!;
    return { accepted: true, seq: 0, n, state: value };
  }
}

function refused(reason: Refused['reason']): Refused {
  return { accepted: false, reason, message: reason };
}

// One turn's decisions: each waiting event is checked and stepped in order, on cells nobody else sees yet, and what comes of
// it is collected: records, rows, answers. Nothing here writes or publishes; the host does, once the batch is durable.
import { MachineError } from '../../machines/error.ts';
import type { JsonObject } from '../../machines/json.ts';
import { type Cell, digest, final, init, type MachineEvent, step } from '../../machines/kernel.ts';
import { validateEvent } from '../../machines/registry.ts';
import { createdEvent } from '../../machines/replay.ts';
import type { Change } from '../ports.ts';
import type { Cells } from './cells.ts';
import type { Accepted, Refused, Source } from './contract.ts';
import { type Difference, difference } from './index-rows.ts';
import { keys } from './keys.ts';
import { seal } from './sealed.ts';
import { kindOrUndefined, receiptRow, type Slot, stamped } from './slot.ts';
import type { Draft } from './store.ts';
import type { Timer } from './timers.ts';

/** What waits for its turn. */
export interface Mail {
  readonly actor: string;
  readonly job:
    | { readonly type: 'create'; readonly input: JsonObject }
    | { readonly type: 'event'; readonly event: MachineEvent }
    | { readonly type: 'timer'; readonly timer: Timer }
    /** Rows alone. */
    | { readonly type: 'rows' }
    /** Rows with a record of the host about them. */
    | { readonly type: 'host'; readonly event: MachineEvent };
  readonly src: Source;
  readonly soft: boolean;
  /** The sender has seen the actor at this record and means no other. */
  readonly onlyAtN?: number;
  /** Side rows, sealed already. */
  readonly rows: readonly Change[];
  answer(outcome: Accepted | Refused | undefined): void;
  fail(error: Error): void;
}

/** What a turn has decided, in order. */
export interface Decided {
  readonly drafts: Draft[];
  readonly changes: Change[];
  /** Newest state of every actor of this turn that goes on, and those whose work is over. */
  readonly newer: Map<string, Slot>;
  readonly gone: Set<string>;
  readonly moves: { readonly actor: string; readonly difference: Difference }[];
  /** `draft`: index of the mail's record; neither: rows only. */
  readonly answers: { readonly mail: Mail; readonly draft?: number; readonly refused?: Refused }[];
  /** Receipts of the actors in `gone`. */
  readonly receipts: Map<string, Slot>;
  refused: number;
  hostN: number;
}

export interface Moment {
  readonly at: number;
  readonly wall: number;
  readonly boot: number;
  /** Sequence number of the last record, and the host's own record number. */
  readonly seq: number;
  readonly hostN: number;
}

/** The actor that the host's own records belong to. */
export const hostActor = 'host/log';
export const hostKind = 'host@1';

/** `before`: the turn on its way to the disk, whose outcome this one builds on. */
export async function decide(
  mails: readonly Mail[],
  cells: Cells,
  moment: Moment,
  before: Decided | undefined,
): Promise<Decided> {
  const turn: Decided = {
    drafts: [],
    changes: [],
    newer: new Map(),
    gone: new Set(),
    moves: [],
    answers: [],
    receipts: new Map(),
    refused: 0,
    hostN: moment.hostN,
  };
  for (const mail of mails) {
    if (mail.job.type === 'host' || mail.job.type === 'rows') {
      if (mail.job.type === 'host') addHostRecord(turn, moment, mail.job.event);
      turn.changes.push(...mail.rows);
      turn.answers.push({ mail });
      continue;
    }
    let slot = turn.newer.get(mail.actor) ?? turn.receipts.get(mail.actor);
    slot ??= before?.newer.get(mail.actor) ?? before?.receipts.get(mail.actor) ?? cells.live(mail.actor);
    let finished =
      slot !== undefined && (turn.receipts.has(mail.actor) || before?.receipts.has(mail.actor) === true);
    if (slot === undefined) {
      const found = await cells.find(mail.actor);
      slot = found?.slot;
      finished = found?.finished === true;
    }
    const refused = decideOne(turn, mail, slot, finished, moment);
    if (refused === undefined) {
      turn.changes.push(...mail.rows);
      turn.answers.push({ mail, draft: turn.drafts.length - 1 });
    } else {
      turn.refused += 1;
      turn.answers.push({ mail, refused });
    }
  }
  if (turn.drafts.length === 0 && turn.changes.length > 0) {
    addHostRecord(turn, moment, { type: 'rows.written', count: turn.changes.length });
  }
  return turn;
}

/** Steps one mail; undefined: accepted, its record is the last draft. */
function decideOne(
  turn: Decided,
  mail: Mail,
  slot: Slot | undefined,
  finished: boolean,
  moment: Moment,
): Refused | undefined {
  const { actor, job } = mail;
  const kind = slot?.kind ?? kindOrUndefined(actor);
  if (kind === undefined) return refuse('unknown', `There is no actor "${actor.slice(0, 80)}".`);
  if (finished && job.type !== 'create')
    return refuse('finished', `${actor} is finished: nothing more happens to it.`);
  if (slot !== undefined && job.type === 'create') return refuse('exists', `${actor} exists already.`);
  if (slot === undefined && job.type !== 'create') return refuse('unknown', `There is no actor "${actor}".`);
  if (slot?.quarantined !== undefined) {
    return refuse('quarantined', `${actor} was set aside: ${slot.quarantined}`);
  }

  if (mail.onlyAtN !== undefined && slot?.cell.n !== mail.onlyAtN) {
    return refuse('moved-on', `${actor} has moved on: it is at record ${slot?.cell.n ?? 0} by now.`);
  }

  let event: MachineEvent;
  let after: Cell;
  try {
    if (job.type === 'create') {
      event = createdEvent(job.input);
      after = init(kind, job.input, moment).cell;
    } else {
      const cell = slot!.cell;
      if (job.type === 'timer') {
        const armed = cell.tm[job.timer.id];
        if (armed?.due !== job.timer.due) return refuse('not-accepted', 'The timer was disarmed in between.');
        event = armed.event;
      } else {
        event = (job as { event: MachineEvent }).event;
        const wrong = validateEvent(kind, event);
        if (wrong !== null) return refuse('invalid', wrong.message);
      }
      const stepped = step(kind, cell, event, moment);
      if (stepped === null) {
        return refuse('not-accepted', `${actor} is ${cell.value}: ${event.type} changes nothing there.`);
      }
      after = stepped.cell;
    }
  } catch (error) {
    if (error instanceof MachineError && error.code === 'TENDER_INPUT_INVALID')
      return refuse('invalid', error.message);
    if (slot === undefined) return refuse('invalid', (error as Error).message);
    return setAside(turn, moment, slot, (error as Error).message);
  }

  turn.drafts.push({
    actor,
    kind: stamped(kind),
    n: after.n,
    at: moment.at,
    wall: moment.wall,
    src: mail.src,
    boot: moment.boot,
    event,
    state: after.value,
    digest: digest(after),
  });
  const seq = moment.seq + turn.drafts.length;
  const next: Slot = {
    actor,
    kind,
    cell: after,
    first: slot?.first ?? seq,
    last: seq,
    bornAt: slot?.bornAt ?? moment.at,
    lastAt: moment.at,
  };
  const over = final(kind, after);
  move(turn, next, slot?.cell, over ? undefined : after, moment);
  if (over) {
    turn.newer.delete(actor);
    turn.gone.add(actor);
    turn.receipts.set(actor, next);
    turn.changes.push(receiptRow(next), { type: 'del', key: keys.head(actor) });
  } else {
    turn.newer.set(actor, next);
  }
  return undefined;
}

/** A machine that throws costs its own actor only: it keeps its head with the reason, and nothing is started for it again. */
function setAside(turn: Decided, moment: Moment, slot: Slot, reason: string): Refused {
  addHostRecord(turn, moment, { type: 'actor.quarantined', actor: slot.actor, reason });
  const aside = { ...slot, quarantined: reason };
  move(turn, aside, slot.cell, undefined, moment);
  turn.newer.set(slot.actor, aside);
  turn.changes.push(quarantineRow(slot.actor, reason));
  return refuse('quarantined', `${slot.actor} was set aside: ${reason}`);
}

function move(
  turn: Decided,
  slot: Slot,
  before: Cell | undefined,
  after: Cell | undefined,
  moment: Moment,
): void {
  const change = difference(slot.actor, slot.kind, before, after, moment.boot);
  for (const row of change.changes) turn.changes.push(row);
  turn.moves.push({ actor: slot.actor, difference: change });
}

/** The dead letter of an actor that was set aside. */
export function quarantineRow(actor: string, reason: string): Change {
  const key = keys.deadLetter(actor);
  return { type: 'put', key, value: seal(key, JSON.stringify({ state: 'quarantined', reason })) };
}

/** Appends a record of the host itself: every batch holds a record, so that a batch that vanishes leaves a gap. */
export function addHostRecord(turn: Decided, moment: Moment, event: MachineEvent): void {
  turn.hostN += 1;
  turn.drafts.push({
    actor: hostActor,
    kind: hostKind,
    n: turn.hostN,
    at: moment.at,
    wall: moment.wall,
    src: 'sys',
    boot: moment.boot,
    event,
    state: 'open',
    digest: 0,
  });
}

function refuse(reason: Refused['reason'], message: string): Refused {
  return { accepted: false, reason, message };
}

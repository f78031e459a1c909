// A sandbox: goes on from any cell on a simulated clock. Events can be sent, time can pass, effects stand open until
// somebody answers them. Nothing leaves it. Every step answers a new fork and leaves the old one as it was, so going back
// is keeping the old value. Used by the inspector.
import type { Change } from './difference.ts';
import { type DryRun, dryRun } from './dry-run.ts';
import type { MachineEvent } from './events.ts';
import type { JsonObject } from './json.ts';
import type { Cell, Op } from './kernel.ts';
import { definitionOf } from './registry.ts';
import { typicalEvent } from './typical-events.ts';

/** Steps one fork may take, timers included: enough for any what-if, an end for a machine that rings for ever. */
export const forkStepsMax = 500;
/** Longest time that may pass at once, ms: ten years. */
export const forkAdvanceMaxMs = 10 * 366 * 24 * 3_600_000;

export interface ForkStep {
  readonly cause: 'sent' | 'timer';
  readonly at: number;
  readonly event: MachineEvent;
  readonly from: string;
  readonly to: string;
  readonly cell: Cell;
  readonly ops: readonly Op[];
  readonly diff: readonly Change[];
}

/** An effect that the real host would be carrying out now, and how it may end. */
export interface ForkEffect {
  readonly id: string;
  readonly type: string;
  readonly params: JsonObject;
  /** One example per result it can have, with its id filled in. */
  readonly answers: readonly MachineEvent[];
}

export interface Refused {
  readonly code: string;
  readonly message: string;
}

export interface Fork {
  readonly kind: string;
  readonly cell: Cell;
  /** Simulated log time, ms. */
  readonly at: number;
  readonly history: readonly ForkStep[];
  /** Why the last thing asked of it did not happen; null: it did. */
  readonly refused: Refused | null;
  /** Due time of the next timer; null: none is armed. */
  readonly nextDueMs: number | null;
  /** Effects under way. */
  readonly effects: readonly ForkEffect[];
  /** One event now. */
  send(event: MachineEvent): Fork;
  /** Lets `ms` pass and fires the timers that fall due, in order, each at its time. */
  advance(ms: number): Fork;
  /** Lets time pass to the next timer and fires it (and those due at the same moment). */
  advanceToNext(): Fork;
  /** Ends an open effect with one of its results; `fx` is filled in. */
  answer(effectId: string, event: MachineEvent): Fork;
}

/** A sandbox that begins with `cell` at log time `at`. */
export function createFork(kind: string, cell: Cell, at: number): Fork {
  return fork(kind, cell, at, [], null);
}

function fork(
  kind: string,
  cell: Cell,
  at: number,
  history: readonly ForkStep[],
  refused: Refused | null,
): Fork {
  const self: Fork = {
    kind,
    cell,
    at,
    history,
    refused,
    get nextDueMs() {
      return nextDue(cell, new Set())?.due ?? null;
    },
    get effects() {
      return openEffects(kind, cell);
    },
    send: (event) => {
      const next = take(self, event, 'sent', at);
      return 'code' in next ? refuse(self, next) : fork(kind, next.cell, at, [...history, next], null);
    },
    advance: (ms) => advance(self, ms),
    advanceToNext: () => {
      const next = nextDue(cell, new Set());
      return next ? advance(self, Math.max(0, next.due - at)) : refuse(self, noTimer);
    },
    answer: (effectId, event) => self.send({ ...event, fx: effectId }),
  };
  return self;
}

const noTimer: Refused = {
  code: 'TENDER_TIMER_NOT_ARMED',
  message: 'No timer is armed: nothing happens by the clock alone.',
};
const tooLong: Refused = {
  code: 'TENDER_FORK_TOO_LONG',
  message: `A sandbox takes at most ${forkStepsMax} steps: begin a new one from here.`,
};
const badTime: Refused = {
  code: 'TENDER_EVENT_INVALID',
  message: `Time passes by a whole number of milliseconds from 0 to ${forkAdvanceMaxMs}.`,
};

function refuse(from: Fork, { code, message }: Refused): Fork {
  return fork(from.kind, from.cell, from.at, from.history, { code, message });
}

/** One step, or why not. */
function take(
  from: Pick<Fork, 'kind' | 'cell' | 'history'>,
  event: MachineEvent,
  cause: ForkStep['cause'],
  at: number,
): ForkStep | Refused {
  if (from.history.length >= forkStepsMax) return tooLong;
  const answer: DryRun = dryRun(from.kind, from.cell, event, { at });
  if (!answer.accepted) return answer;
  const { cell, ops, diff, to } = answer;
  return { cause, at, event, from: answer.from, to, cell, ops, diff };
}

function advance(from: Fork, ms: number): Fork {
  if (!Number.isSafeInteger(ms) || ms < 0 || ms > forkAdvanceMaxMs) return refuse(from, badTime);
  const until = from.at + ms;
  let now = { kind: from.kind, cell: from.cell, history: from.history };
  let at = from.at;
  // A timer nobody listens for stays armed, as aboard; it rings once here.
  const unheard = new Set<string>();
  for (;;) {
    const next = nextDue(now.cell, unheard);
    if (!next || next.due > until) return fork(from.kind, now.cell, until, now.history, null);
    at = Math.max(at, next.due);
    const taken = take(now, next.event, 'timer', at);
    if (taken === tooLong) return fork(from.kind, now.cell, at, now.history, tooLong);
    if ('code' in taken) unheard.add(`${next.id} ${next.due}`);
    else now = { kind: from.kind, cell: taken.cell, history: [...now.history, taken] };
  }
}

/** Earliest first; of those due at once, the one whose id sorts first, as the host's rows do. */
function nextDue(cell: Cell, unheard: ReadonlySet<string>) {
  return Object.entries(cell.tm)
    .map(([id, timer]) => ({ id, ...timer }))
    .filter(({ id, due }) => !unheard.has(`${id} ${due}`))
    .sort((a, b) => a.due - b.due || (a.id < b.id ? -1 : 1))[0];
}

function openEffects(kind: string, cell: Cell): ForkEffect[] {
  const { events } = definitionOf(kind);
  return Object.entries(cell.fx).map(([id, { type, params }]) => ({
    id,
    type,
    params,
    answers: Object.entries(events)
      .filter(([, spec]) => spec.effects?.includes(type))
      .map(([event]) => ({ ...typicalEvent(kind, cell, event), fx: id })),
  }));
}

// What would happen if? An event tried on the cell at the cursor, a fork that goes on from there on a simulated clock, and
// the two steps by which an engineer sends an event for real. Only the last of them ever leaves the browser.
import { batch, computed, type ReadonlySignal, signal } from '@preact/signals';
import { type Available, available } from '../../machines/available.ts';
import { type DryRun, dryRun } from '../../machines/dry-run.ts';
import type { MachineEvent } from '../../machines/events.ts';
import { createFork, type Fork } from '../../machines/fork.ts';
import type { Cell, Op } from '../../machines/kernel.ts';
import { registry } from '../../machines/registry.ts';
import type { Inspection } from './inspection.ts';
import { messageOf } from './selection.ts';
import type { WireRecord } from './source.ts';
import { kindOf } from './states-of.ts';

/** Steps back a fork remembers. */
export const undoStepsMax = 500;

/** What the panels show: the actor at the cursor, or the fork that went on from it. */
export interface View {
  readonly actor: string;
  readonly kind: string;
  readonly cell: Cell;
  readonly before: Cell | undefined;
  readonly ops: readonly Op[];
  /** The event that led here; null where it is not kept. */
  readonly event: MachineEvent | null;
  /** Null in a fork, whose steps are in no log. */
  readonly record: WireRecord | null;
  /** Why the log did not fold here; the cell is then only as much as the record says. */
  readonly unfolded: string | null;
  readonly forked: boolean;
}

export interface Origin {
  readonly actor: string;
  readonly n: number;
  readonly seq: number;
  /** Log time at which the fork began, ms. */
  readonly at: number;
  readonly cell: Cell;
}

/** Where the sending of an event stands. */
export type Sending =
  | { readonly is: 'asking' }
  /** Second step: the daemon's own dry run is here, a reason is wanted. */
  | { readonly is: 'review'; readonly event: MachineEvent; readonly dryRunId: string; readonly actor: string }
  | { readonly is: 'sent'; readonly seq: number; readonly type: string }
  | { readonly is: 'failed'; readonly message: string };

export interface WhatIf {
  readonly view: ReadonlySignal<View | null>;
  /** Every event of the machine, with whether the view's cell takes it. */
  readonly events: ReadonlySignal<readonly Available[]>;
  readonly draft: ReadonlySignal<MachineEvent | null>;
  readonly dry: ReadonlySignal<DryRun | null>;
  readonly fork: ReadonlySignal<Fork | null>;
  readonly origin: ReadonlySignal<Origin | null>;
  readonly sending: ReadonlySignal<Sending | null>;
  /** Null: the draft may be sent for real. Else why not. */
  readonly sendRefusal: ReadonlySignal<string | null>;
  /** Log time of the view, ms. */
  nowMs(): number;
  choose(event: MachineEvent | null): void;
  startFork(): void;
  endFork(): void;
  undo(): void;
  /** Sends the draft to the fork; without one it is begun. */
  sendToFork(): void;
  answer(effectId: string, event: MachineEvent): void;
  /** Lets time pass in the fork; null: until the next timer fires. */
  advance(ms: number | null): void;
  askToSend(): Promise<void>;
  send(reason: string): Promise<void>;
  closeSending(): void;
}

export function createWhatIf(inspection: Inspection): WhatIf {
  const forks = signal<readonly Fork[]>([]);
  const origin = signal<Origin | null>(null);
  const draft = signal<MachineEvent | null>(null);
  const sending = signal<Sending | null>(null);
  const fork = computed(() => forks.value.at(-1) ?? null);

  const view = computed<View | null>(() => {
    const from = origin.value;
    if (fork.value && from) return forkView(fork.value, from);
    const selected = inspection.selected.value;
    const moment =
      selected.is === 'ready' ? selected.moment : selected.is === 'loading' ? selected.stale : undefined;
    const actor = inspection.actor.value;
    if (!moment || actor === null) return null;
    return {
      actor,
      kind: kindOf(actor),
      cell: moment.cell,
      before: moment.before,
      ops: moment.ops,
      event: moment.record?.event ?? null,
      record: moment.record,
      unfolded: moment.unfolded?.message ?? null,
      forked: false,
    };
  });
  const events = computed(() => {
    const shown = view.value;
    if (!shown || shown.unfolded !== null || !Object.hasOwn(registry, shown.kind)) return [];
    return available(shown.kind, shown.cell);
  });
  const nowMs = () => fork.value?.at ?? inspection.nowMs();
  const dry = computed(() => {
    const shown = view.value;
    if (!shown || draft.value === null || shown.unfolded !== null) return null;
    return dryRun(shown.kind, shown.cell, draft.value, { at: nowMs() });
  });
  const sendRefusal = computed(() => {
    const { sender } = inspection.source;
    if (!sender) return 'This is a saved history: nothing can be sent.';
    if (fork.value) return 'This is a sandbox: end it to send for real.';
    if (inspection.cursor.value !== null) return 'You look at the past: go back to live to send.';
    if (inspection.connection.value === 'lost') return 'The daemon does not answer.';
    if (sender.refusal !== null) return sender.refusal;
    const type = draft.value?.type;
    const source = events.value.find(({ event }) => event === type)?.source;
    if (source !== undefined && source !== 'cmd')
      return 'Only commands can be sent: results and timers are the machine’s own.';
    return dry.value?.accepted === false ? dry.value.message : null;
  });

  const push = (next: Fork) => {
    forks.value = [...forks.value, next].slice(-undoStepsMax);
  };
  const startFork = () => {
    const shown = view.peek();
    if (!shown || fork.peek() || shown.unfolded !== null) return;
    const at = inspection.nowMs();
    batch(() => {
      origin.value = {
        actor: shown.actor,
        n: shown.cell.n,
        seq: inspection.seq.peek(),
        at,
        cell: shown.cell,
      };
      forks.value = [createFork(shown.kind, shown.cell, at)];
    });
  };

  return {
    view,
    events,
    draft,
    dry,
    fork,
    origin,
    sending,
    sendRefusal,
    nowMs,
    choose(event) {
      draft.value = event;
      sending.value = null;
    },
    startFork,
    endFork() {
      batch(() => {
        forks.value = [];
        origin.value = null;
      });
    },
    undo() {
      if (forks.peek().length > 1) forks.value = forks.peek().slice(0, -1);
    },
    sendToFork() {
      const event = draft.peek();
      if (event === null) return;
      startFork();
      const now = fork.peek();
      if (now) push(now.send(event));
      draft.value = null;
    },
    answer(effectId, event) {
      const now = fork.peek();
      if (now) push(now.answer(effectId, event));
    },
    advance(ms) {
      const now = fork.peek();
      if (now) push(ms === null ? now.advanceToNext() : now.advance(ms));
    },
    async askToSend() {
      const { sender } = inspection.source;
      const event = draft.peek();
      const actor = view.peek()?.actor;
      if (!sender || sendRefusal.peek() !== null || event === null || actor === undefined) return;
      sending.value = { is: 'asking' };
      try {
        const { dryRunId, refusal } = await sender.dryRun(actor, event);
        sending.value =
          dryRunId === null
            ? { is: 'failed', message: refusal ?? 'The daemon would not take it.' }
            : { is: 'review', event, dryRunId, actor };
      } catch (error) {
        sending.value = { is: 'failed', message: messageOf(error) };
      }
    },
    async send(reason) {
      const { sender } = inspection.source;
      const step = sending.peek();
      if (!sender || step?.is !== 'review') return;
      sending.value = { is: 'asking' };
      try {
        const { seq } = await sender.send(step.actor, step.event, reason, step.dryRunId);
        batch(() => {
          draft.value = null;
          sending.value = { is: 'sent', seq, type: step.event.type };
        });
      } catch (error) {
        sending.value = { is: 'failed', message: messageOf(error) };
      }
    },
    closeSending() {
      sending.value = null;
    },
  };
}

function forkView(fork: Fork, { actor, cell }: Origin): View {
  const last = fork.history.at(-1);
  return {
    actor,
    kind: fork.kind,
    cell: fork.cell,
    before: fork.history.at(-2)?.cell ?? cell,
    ops: last?.ops ?? [],
    event: last?.event ?? null,
    record: null,
    unfolded: null,
    forked: true,
  };
}

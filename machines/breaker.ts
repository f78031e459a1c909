// The circuit breaker of one destination (reliability 5.5): closed, open, half-open. This machine is its logged half,
// rare and with the numbers that decided; breaker-gate.ts beside it counts outcomes and hands out permits.
import { type StateValueFrom, setup } from 'xstate';
import { type BreakerEvent, breakerEvents, breakerInput } from './breaker-events.ts';
import { type Arm, assign, type Disarm, define, effect, microstepsMax } from './define.ts';
import { finite, flag, type ObjectOf, object, orNull, text, whole } from './fields.ts';

/** First open time; doubles with each opening that follows without a close between. */
export const openMinMs = 5_000;
export const openMaxMs = 60_000;
/** A server may ask for longer, but not for more than this. */
export const retryAfterMaxMs = 15 * 60_000;
/** Hints may end an open time early, at most once in this time. */
export const earlyTryEveryMs = 15_000;

const logTime = finite(-1e15, 1e15);

const breakerContext = {
  openMinMs: whole(1),
  openMaxMs: whole(1),
  closeEarly: flag(),
  /** Openings since it was last closed. */
  opens: whole(0),
  reason: orNull(text(2_000, 0)),
  window: orNull(object({ count: whole(0), failures: whole(0), consecutive: whole(0) })),
  untilMs: orNull(logTime),
  /** Since when in this state; null: since birth. */
  sinceMs: orNull(logTime),
  lastEarlyMs: orNull(logTime),
  forcedBy: orNull(text(64)),
};

export type BreakerContext = ObjectOf<typeof breakerContext>;

type Failing = Readonly<{ reason: string; spread: number; retryAfterMs?: number; at: number }>;
type Tripped = Failing & Readonly<{ window: NonNullable<BreakerContext['window']> }>;
const asIs = <E>({ event }: { event: E }): E => event;

/** How long the next opening lasts: doubled per opening, capped, spread, never shorter than the server asked for. */
export function openLengthMs(
  context: Pick<BreakerContext, 'opens' | 'openMinMs' | 'openMaxMs'>,
  event: Pick<Failing, 'spread' | 'retryAfterMs'>,
): number {
  if (event.retryAfterMs !== undefined) return Math.min(event.retryAfterMs, retryAfterMaxMs);
  const doubled = Math.min(context.openMinMs * 2 ** Math.min(context.opens, 30), context.openMaxMs);
  return Math.round(doubled * (1 + event.spread));
}

const started = setup({
  types: {} as { context: BreakerContext; events: BreakerEvent; input: ObjectOf<typeof breakerInput> },
  actions: {
    arm: effect<Arm>(),
    disarm: effect<Disarm>(),
    noteOpening: assign(({ context }, why: Failing) => ({
      opens: context.opens + 1,
      reason: why.reason,
      untilMs: why.at + openLengthMs(context, why),
    })),
    noteWindow: assign((_, { window }: Tripped) => ({ window })),
    // Birth is the only event without a time.
    noteSince: assign(({ event }) => ({ sinceMs: event.at ?? null })),
    noteEarly: assign(({ event }) => ({ lastEarlyMs: event.at })),
    noteForced: assign((_, asked: { by: string; untilMs: number | null }) => ({
      forcedBy: asked.by,
      reason: `Opened by ${asked.by}.`,
      untilMs: asked.untilMs,
    })),
    clearUntil: assign({ untilMs: null, forcedBy: null }),
    forget: assign({ opens: 0, reason: null, window: null }),
  },
  guards: {
    mayTryEarly: ({ context, event }) =>
      context.closeEarly && context.forcedBy === null && isLongAgo(context.lastEarlyMs, event.at),
    isNotForced: ({ context }) => context.forcedBy === null,
    forcedForAWhile: ({ event }) => event.type === 'forceOpen' && event.untilMs !== undefined,
  },
});

/** A clock that went back counts as long ago: it must not hold the breaker open. */
function isLongAgo(last: number | null, at: number): boolean {
  return last === null || at < last || at - last >= earlyTryEveryMs;
}

const opening = [
  {
    type: 'arm',
    params: ({ context, event }: { context: BreakerContext; event: Failing }) => ({
      id: 'reset',
      len: openLengthMs(context, event),
      event: { type: 'reset.elapsed' },
    }),
  },
  { type: 'noteOpening', params: asIs<Failing> },
] as const;

type Force = Readonly<{ by: string; untilMs?: number; at: number }>;
const noteForced = {
  type: 'noteForced',
  params: ({ event }: { event: Force }) => ({
    by: event.by,
    untilMs: event.untilMs === undefined ? null : event.at + event.untilMs,
  }),
} as const;
const forceOpen = [
  {
    guard: 'forcedForAWhile',
    target: 'open',
    reenter: true,
    actions: [
      {
        type: 'arm',
        params: ({ event }: { event: Force }) => ({
          id: 'reset',
          len: event.untilMs ?? 0,
          event: { type: 'reset.elapsed' },
        }),
      },
      noteForced,
    ],
  },
  { target: 'open', reenter: true, actions: [noteForced] },
] as const;
const close = { target: 'closed', actions: 'forget' } as const;

const machine = started.createMachine({
  id: 'breaker',
  options: { maxIterations: microstepsMax },
  context: ({ input }) => ({
    openMinMs: input.openMinMs ?? openMinMs,
    openMaxMs: input.openMaxMs ?? openMaxMs,
    closeEarly: input.closeEarly ?? true,
    opens: 0,
    reason: null,
    window: null,
    untilMs: null,
    sinceMs: null,
    lastEarlyMs: null,
    forcedBy: null,
  }),
  initial: 'closed',
  states: {
    closed: {
      description: 'Requests pass.',
      entry: 'noteSince',
      on: {
        'breaker.tripped': {
          target: 'open',
          actions: [...opening, { type: 'noteWindow', params: asIs<Tripped> }],
        },
        'host.booted': { target: 'half-open' },
        forceOpen,
      },
    },
    open: {
      description:
        'The destination fails: nothing is asked of it until the time is over or a hint says it is back.',
      entry: 'noteSince',
      exit: [{ type: 'disarm', params: { id: 'reset' } }, 'clearUntil'],
      on: {
        'reset.elapsed': { target: 'half-open' },
        'link.up': { guard: 'mayTryEarly', target: 'half-open', actions: 'noteEarly' },
        'host.booted': { guard: 'isNotForced', target: 'half-open' },
        forceOpen,
        forceClose: close,
      },
    },
    'half-open': {
      description: 'Neither trusted nor distrusted: a few questions decide.',
      entry: 'noteSince',
      on: {
        'probe.succeeded': close,
        'probe.failed': { target: 'open', actions: opening },
        forceOpen,
        forceClose: close,
      },
    },
  },
});

/** Every state a breaker can be in. */
export type BreakerState = StateValueFrom<typeof machine>;

export const breaker = define({
  kind: 'breaker',
  // Version 2 lets commands carry a reason; version 1 is read as it stands.
  version: 2,
  machine,
  events: breakerEvents,
  input: breakerInput,
  context: breakerContext,
  effects: {},
  timers: ['reset'],
  finalStates: [],
  groups: [
    { name: 'passing', states: ['closed'] },
    { name: 'in doubt', states: ['open', 'half-open'] },
  ],
  upcasters: {},
  migrations: {},
});

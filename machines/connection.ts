// The line to the cloud as people and scheduler see it: stopped, offline, connecting, online, degraded, and the three
// ways in which something is there but not our cloud: captive, intercepted, refused. One actor: connection/main.
import { type StateValueFrom, setup } from 'xstate';
import { type ConnectionEvent, connectionEvents, connectionInput } from './connection-events.ts';
import { type Arm, assign, type Disarm, define, effect, microstepsMax, type Stop } from './define.ts';
import { anyObject, finite, type ObjectOf, object, oneOf, orNull, text, whole } from './fields.ts';
import type { JsonObject } from './json.ts';
import { type FailureClass, failureClasses } from './upload-events.ts';

const logTime = finite(-1e15, 1e15);

const connectionContext = {
  attemptsMax: whole(0),
  /** Tries since the line was last open. */
  attempt: whole(0),
  line: orNull(object({ epoch: whole(0), sessionId: text(64), rttMs: whole(0) })),
  lastError: orNull(
    object({ class: oneOf(...failureClasses), code: text(64), message: text(2_000, 0), atMs: logTime }),
  ),
  /** Next try by itself. */
  untilMs: orNull(logTime),
  /** Since when in this state; null: since birth. */
  sinceMs: orNull(logTime),
  /** The numbers that made it degraded. */
  quality: orNull(anyObject()),
};

export type ConnectionContext = ObjectOf<typeof connectionContext>;
/** The five words of older interfaces, which the API also gives. */
export const fiveNames: { readonly [state in ConnectionState]: string } = {
  stopped: 'stopped',
  offline: 'disconnected',
  connecting: 'connecting',
  online: 'connected',
  degraded: 'connected',
  captive: 'error',
  intercepted: 'error',
  refused: 'error',
};

/** States in which effects that need the line may run. */
export const openStates: readonly string[] = ['online', 'degraded'];

type Failed = Readonly<{ class: FailureClass; code: string; message: string; delayMs: number; at: number }>;
const asIs = <E>({ event }: { event: E }): E => event;

const started = setup({
  types: {} as {
    context: ConnectionContext;
    events: ConnectionEvent;
    input: ObjectOf<typeof connectionInput>;
  },
  actions: {
    openLine: effect<JsonObject>(),
    closeLine: effect<JsonObject>(),
    arm: effect<Arm>(),
    disarm: effect<Disarm>(),
    stop: effect<Stop>(),
    countAttempt: assign(({ context }) => ({ attempt: context.attempt + 1 })),
    forgetAttempts: assign({ attempt: 0 }),
    // Birth is the only event without a time.
    noteSince: assign(({ event }) => ({ sinceMs: event.at ?? null })),
    noteOpen: assign((_, line: NonNullable<ConnectionContext['line']>) => ({
      line: { epoch: line.epoch, sessionId: line.sessionId, rttMs: line.rttMs },
      attempt: 0,
      lastError: null,
    })),
    noteFailure: assign((_, failed: Failed) => ({
      line: null,
      quality: null,
      lastError: { class: failed.class, code: failed.code, message: failed.message, atMs: failed.at },
    })),
    noteUntil: assign((_, failed: Failed) => ({ untilMs: failed.at + failed.delayMs })),
    clearUntil: assign({ untilMs: null }),
    noteQuality: assign((_, { numbers }: { numbers: JsonObject }) => ({ quality: numbers })),
    clearQuality: assign({ quality: null }),
    clearLine: assign({ line: null, quality: null }),
  },
  guards: {
    triesUsedUp: ({ context }) => context.attemptsMax > 0 && context.attempt >= context.attemptsMax,
    isOf: ({ event }, { class: wanted }: { class: FailureClass }) =>
      'class' in event && event.class === wanted,
    isOfAndThisLine: ({ context, event }, { class: wanted }: { class: FailureClass }) =>
      event.type === 'line.lost' && event.class === wanted && isThisLine(context, event.epoch),
    tellsNews: ({ context, event }) =>
      event.type === 'link.degraded' && JSON.stringify(event.numbers) !== JSON.stringify(context.quality),
    isThisLine: ({ context, event }) => event.type === 'line.lost' && isThisLine(context, event.epoch),
  },
});

function isThisLine(context: ConnectionContext, epoch: number | undefined): boolean {
  return epoch === undefined || epoch === context.line?.epoch;
}

const noteAndWait = [
  { type: 'noteFailure', params: asIs<Failed> },
  { type: 'noteUntil', params: asIs<Failed> },
  {
    type: 'arm',
    params: ({ event }: { event: Failed }) => ({
      id: 'reconnect',
      len: event.delayMs,
      event: { type: 'reconnect.elapsed' },
    }),
  },
] as const;

const failed = [
  { guard: 'triesUsedUp', target: 'stopped', actions: [{ type: 'noteFailure', params: asIs<Failed> }] },
  { guard: { type: 'isOf', params: { class: 'CAPTIVE' } }, target: 'captive', actions: noteAndWait },
  { guard: { type: 'isOf', params: { class: 'INTERCEPTED' } }, target: 'intercepted', actions: noteAndWait },
  { guard: { type: 'isOf', params: { class: 'AUTH' } }, target: 'refused', actions: noteAndWait },
  { target: 'offline', actions: noteAndWait },
] as const;

const lost = [
  {
    guard: { type: 'isOfAndThisLine', params: { class: 'CAPTIVE' } },
    target: 'captive',
    actions: noteAndWait,
  },
  {
    guard: { type: 'isOfAndThisLine', params: { class: 'INTERCEPTED' } },
    target: 'intercepted',
    actions: noteAndWait,
  },
  { guard: { type: 'isOfAndThisLine', params: { class: 'AUTH' } }, target: 'refused', actions: noteAndWait },
  { guard: 'isThisLine', target: 'offline', actions: noteAndWait },
] as const;

const hangUp = { target: 'stopped', actions: { type: 'closeLine', params: {} } } as const;
const stopTrying = { target: 'stopped' } as const;
const tryNow = { target: 'connecting', actions: 'forgetAttempts' } as const;

/** Leaving any state that waits for a next try. */
const quiet = [{ type: 'disarm', params: { id: 'reconnect' } }, 'clearUntil'] as const;

const machine = started.createMachine({
  id: 'connection',
  options: { maxIterations: microstepsMax },
  context: ({ input }) => ({
    attemptsMax: input.attemptsMax ?? 0,
    attempt: 0,
    line: null,
    lastError: null,
    untilMs: null,
    sinceMs: null,
    quality: null,
  }),
  initial: 'stopped',
  states: {
    stopped: {
      description:
        'Nobody wants a connection, or the tries a person allowed are used up. Only `start` leaves it.',
      entry: 'noteSince',
      exit: { type: 'stop', params: { effect: 'closeLine' } },
      on: {
        start: { target: 'connecting', actions: ['forgetAttempts', 'clearLine'] },
        'line.closed': { actions: 'clearLine' },
      },
    },
    offline: {
      description: 'No way to the cloud now; the next try comes by itself.',
      entry: 'noteSince',
      exit: quiet,
      on: {
        'reconnect.elapsed': { target: 'connecting' },
        reconnect: tryNow,
        'host.booted': tryNow,
        stop: stopTrying,
      },
    },
    connecting: {
      description: 'A line is being opened.',
      entry: [
        'countAttempt',
        'noteSince',
        { type: 'openLine', params: ({ context }) => ({ attempt: context.attempt }) },
      ],
      exit: { type: 'stop', params: { effect: 'openLine' } },
      on: {
        'line.opened': { target: 'online', actions: { type: 'noteOpen', params: asIs } },
        'line.failed': failed,
        stop: stopTrying,
      },
    },
    online: {
      description: 'The cloud has proved itself over this line, and acknowledges what is sent.',
      entry: 'noteSince',
      on: {
        'line.lost': lost,
        'link.degraded': { target: 'degraded', actions: { type: 'noteQuality', params: asIs } },
        'host.booted': { target: 'connecting', actions: 'clearLine' },
        stop: hangUp,
      },
    },
    degraded: {
      description: 'Open, but slow or lossy beyond its thresholds; work goes on.',
      entry: 'noteSince',
      on: {
        'line.lost': lost,
        'link.degraded': { guard: 'tellsNews', actions: { type: 'noteQuality', params: asIs } },
        'link.recovered': { target: 'online', actions: 'clearQuality' },
        'host.booted': { target: 'connecting', actions: 'clearLine' },
        stop: hangUp,
      },
    },
    captive: {
      description:
        'A portal answers instead of the cloud: somebody must log in to the network. Nothing is sent.',
      entry: 'noteSince',
      exit: quiet,
      on: {
        'reconnect.elapsed': { target: 'connecting' },
        reconnect: tryNow,
        'host.booted': tryNow,
        stop: stopTrying,
      },
    },
    intercepted: {
      description: 'Somebody on the way shows a certificate that is not the cloud’s. Nothing is sent.',
      entry: 'noteSince',
      exit: quiet,
      on: {
        'reconnect.elapsed': { target: 'connecting' },
        reconnect: tryNow,
        'host.booted': tryNow,
        stop: stopTrying,
      },
    },
    refused: {
      description: 'The cloud does not accept this device. A person must act; a rare try comes by itself.',
      entry: 'noteSince',
      exit: quiet,
      on: { 'reconnect.elapsed': { target: 'connecting' }, reconnect: tryNow, stop: stopTrying },
    },
  },
});

/** Every state the connection can be in. */
export type ConnectionState = StateValueFrom<typeof machine>;

export const connection = define({
  kind: 'connection',
  // Version 2 lets commands carry a reason; version 1 is read as it stands.
  version: 2,
  machine,
  events: connectionEvents,
  input: connectionInput,
  context: connectionContext,
  effects: { openLine: { permit: 'none' }, closeLine: { permit: 'none' } },
  timers: ['reconnect'],
  finalStates: [],
  groups: [
    { name: 'no line', states: ['stopped', 'offline', 'connecting'] },
    { name: 'line open', states: ['online', 'degraded'] },
    { name: 'not our cloud', states: ['captive', 'intercepted', 'refused'] },
  ],
  upcasters: {},
  migrations: {},
});

// What @xstate/inspect sees of an actor: an object with the face of an XState 4 service whose state is told to it. It decides
// nothing and takes no events: the actor lives in the daemon, this is its shadow on the wall.
import type { AnyStateMachine, State } from 'xstate';
import type { JsonObject } from '../../machines/json.ts';
import type { LegacyMachine } from './convert.ts';
import type { Legacy } from './legacy.ts';

export interface ShadowEvent extends JsonObject {
  readonly type: string;
}

/** The part of XState 4's interpreter that the package uses. */
export interface ShadowService {
  readonly id: string;
  readonly sessionId: string;
  /** Serialised by the package into each registration: our configuration, a third of what XState makes of it. */
  readonly machine: { readonly definition: LegacyMachine; toJSON(): LegacyMachine };
  readonly state: AnyState;
  /** Replaced by the package with one that tells viewers first; then does nothing. */
  send: (event: ShadowEvent) => void;
  subscribe(next: (state: AnyState) => void): { unsubscribe(): void };
  onStop(listener: () => void): ShadowService;
}
type AnyState = State<JsonObject, ShadowEvent>;

export interface Shadow {
  readonly service: ShadowService;
  /** The actor took an event and is now so. `tell`: whether any viewer wants to know; it is kept either way. */
  took(event: ShadowEvent, value: string, context: JsonObject, tell: boolean): void;
  /** Viewers see it go. */
  stop(): void;
}

export interface ShadowOptions {
  readonly legacy: Legacy;
  readonly machine: AnyStateMachine;
  readonly definition: LegacyMachine;
  readonly actor: string;
  readonly value: string;
  readonly context: JsonObject;
  /** What viewers get of events and contexts. Called only when one looks: it costs more than the rest. */
  readonly redact: (value: JsonObject) => unknown;
}

export function createShadow(options: ShadowOptions): Shadow {
  const { legacy, machine, definition, actor, redact } = options;
  const { State, toSCXMLEvent } = legacy.xstate;
  const listeners = new Set<(state: AnyState) => void>();
  const stopped = new Set<() => void>();
  let present = {
    event: { type: 'xstate.init' } as ShadowEvent,
    value: options.value,
    context: options.context,
  };
  let state: AnyState | undefined;

  const stateNow = (): AnyState => {
    // Resolved for its nodes, so that what may come next is listed; never for its `always`, which has been taken.
    const resolved = machine.resolveState(State.from(present.value, redact(present.context)) as never);
    const event = redact(present.event) as ShadowEvent;
    return new State({ ...resolved, event, _event: toSCXMLEvent(event) } as never) as unknown as AnyState;
  };
  const service: ShadowService = {
    id: actor,
    sessionId: actor,
    machine: { definition, toJSON: () => definition },
    get state() {
      state ??= stateNow();
      return state;
    },
    send: () => {},
    subscribe(next) {
      listeners.add(next);
      return { unsubscribe: () => listeners.delete(next) };
    },
    onStop(listener) {
      stopped.add(listener);
      return service;
    },
  };
  return {
    service,
    took(event, value, context, tell) {
      present = { event, value, context };
      state = undefined;
      if (!tell) return;
      service.send(redact(event) as ShadowEvent);
      for (const listener of listeners) listener(service.state);
    },
    stop() {
      for (const listener of stopped) listener();
    },
  };
}

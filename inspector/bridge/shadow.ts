// What @xstate/inspect sees of an actor: an object with the face of an XState 4 service whose state is told to it. It decides
// nothing and takes no events: the actor lives in the daemon, this is its shadow on the wall.
import type { AnyStateMachine, State } from 'xstate';
import type { JsonObject } from '../../machines/json.ts';
import type { Legacy } from './legacy.ts';

export interface ShadowEvent extends JsonObject {
  readonly type: string;
}

/** The part of XState 4's interpreter that the package uses. */
export interface ShadowService {
  readonly id: string;
  readonly sessionId: string;
  readonly machine: AnyStateMachine;
  state: AnyState;
  /** Replaced by the package with one that tells viewers first; then does nothing. */
  send: (event: ShadowEvent) => void;
  subscribe(next: (state: AnyState) => void): { unsubscribe(): void };
  onStop(listener: () => void): ShadowService;
}
type AnyState = State<JsonObject, ShadowEvent>;

export interface Shadow {
  readonly service: ShadowService;
  /** The actor took an event and is now so. `tell`: whether any viewer wants to know; the state is kept either way. */
  took(event: ShadowEvent, value: string, context: JsonObject, tell: boolean): void;
  /** Viewers see it go. */
  stop(): void;
}

export function createShadow(
  { xstate }: Legacy,
  machine: AnyStateMachine,
  actor: string,
  born: { readonly value: string; readonly context: JsonObject },
): Shadow {
  const listeners = new Set<(state: AnyState) => void>();
  const stopped = new Set<() => void>();
  const stateOf = (event: ShadowEvent, value: string, context: JsonObject): AnyState => {
    // Resolved for its nodes, so that what may come next is listed; never for its `always`, which has been taken.
    const resolved = machine.resolveState(xstate.State.from(value, context) as never);
    const _event = xstate.toSCXMLEvent(event);
    return new xstate.State({ ...resolved, event, _event } as never) as unknown as AnyState;
  };
  const service: ShadowService = {
    id: actor,
    sessionId: actor,
    machine,
    state: stateOf({ type: 'xstate.init' }, born.value, born.context),
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
      if (tell) service.send(event);
      service.state = stateOf(event, value, context);
      if (tell) for (const listener of listeners) listener(service.state);
    },
    stop() {
      for (const listener of stopped) listener();
    },
  };
}

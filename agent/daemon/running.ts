// Which actors have an effect under way right now, for progress and for "why does this one wait".
import type { Json } from '../../machines/json.ts';
import type { EffectHandler } from '../host/contract.ts';

export interface Running {
  /** The same handler, counted while it runs. */
  track(handler: EffectHandler): EffectHandler;
  has(actor: string): boolean;
  actors(): Iterable<string>;
  readonly size: number;
  /** Told when the first begins or the last ends; the answer unsubscribes. */
  listen(listener: () => void): () => void;
}

/** `moved`: a running effect told its figures. */
export function createRunning(moved: (actor: string, figures: Json) => void = () => {}): Running {
  const actors = new Set<string>();
  const listeners = new Set<() => void>();
  const tell = () => {
    for (const listener of listeners) listener();
  };
  return {
    track: (handler) => async (request) => {
      actors.add(request.actor);
      if (actors.size === 1) tell();
      try {
        return await handler({
          ...request,
          progress: (figures) => {
            moved(request.actor, figures);
            request.progress(figures);
          },
        });
      } finally {
        actors.delete(request.actor);
        if (actors.size === 0) tell();
      }
    },
    has: (actor) => actors.has(actor),
    actors: () => actors,
    get size() {
      return actors.size;
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

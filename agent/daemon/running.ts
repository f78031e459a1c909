// Which actors have an effect under way right now, for progress and for "why does this one wait".
import type { EffectHandler } from '../host/contract.ts';

export interface Running {
  /** The same handler, counted while it runs. */
  track(handler: EffectHandler): EffectHandler;
  has(actor: string): boolean;
  actors(): Iterable<string>;
  readonly size: number;
}

export function createRunning(): Running {
  const actors = new Set<string>();
  return {
    track: (handler) => async (request) => {
      actors.add(request.actor);
      try {
        return await handler(request);
      } finally {
        actors.delete(request.actor);
      }
    },
    has: (actor) => actors.has(actor),
    actors: () => actors,
    get size() {
      return actors.size;
    },
  };
}

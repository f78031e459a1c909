// What follows a commit: timers, permits and effects learn what has become durable, in the order in which it happened.
// Called by the turn loop after the callers were answered.
import type { Cells } from './cells.ts';
import type { Effects } from './effects.ts';
import type { Permits } from './permits.ts';
import type { Timers } from './timers.ts';
import type { Decided } from './turn.ts';

export interface FollowParts {
  readonly timers: Timers;
  readonly effects: Effects;
  readonly cells: Cells;
  readonly permits: Permits;
  readonly boot: number;
}

export function createFollow(parts: FollowParts): (decided: Decided) => void {
  const { timers, effects, cells, permits, boot } = parts;
  return (decided) => {
    for (const { actor, difference } of decided.moves) {
      for (const { id, due } of difference.disarmed) timers.disarm(actor, id, due);
      for (const { id, due, len } of difference.armed) timers.arm(actor, id, due, len, boot);
      for (const effect of difference.closed) effects.closed(effect);
      for (const { from, to } of difference.moved) effects.moved(from, to);
      for (const effect of difference.opened) effects.opened(effect);
      if (!actor.startsWith('connection/') && !actor.startsWith('breaker/')) continue;
      if (permits.observe(actor, cells.live(actor)?.cell)) {
        effects.withdraw('line', 'the line is not to be used now');
      }
      effects.kick('line');
    }
    effects.settle();
  };
}

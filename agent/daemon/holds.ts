// What keeps an upload that wants to send from sending, asked of the same rules the scheduler follows. For people only:
// the host itself decides by its queue.
import type { BreakerState } from '../../machines/breaker.ts';
import type { ConnectionState } from '../../machines/connection.ts';
import type { Cell } from '../../machines/kernel.ts';
import { type Hold, holdOf, urgentExtraMaxDefault } from '../../machines/schedule.ts';
import type { Running } from './running.ts';
import { contextOf } from './upload-json.ts';

export function createHolds(ports: {
  readonly running: Running;
  readonly sendersMax: number;
  connection(): ConnectionState;
  breaker(): BreakerState;
}) {
  return (actor: string, cell: Cell): Hold | null => {
    if ((cell.value !== 'sending' && cell.value !== 'confirming') || ports.running.has(actor)) return null;
    const { priority, addedMs, version } = contextOf(cell);
    const ahead = ports.running.size;
    const hold = holdOf(
      { actor, priority, addedMs, name: actor, version },
      {
        connection: ports.connection(),
        breakers: { line: ports.breaker() },
        running: [...ports.running.actors()].map((other) => ({ actor: other, priority, name: other })),
        runningMax: ports.sendersMax,
        urgentExtraMax: urgentExtraMaxDefault,
        earliestOpen: () => undefined,
      },
    );
    // A place is free and still it does not run: an earlier version of its name is on the way, or its turn is this moment.
    return hold ?? (version > 1 ? { why: 'earlierVersion', version: version - 1 } : { why: 'turn', ahead });
  };
}

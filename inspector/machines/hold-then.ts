// What held an upload back at a moment of the past, as far as the log can tell: the connection and the breakers as they
// were then. Live, the scheduler itself is asked instead (it also knows of turns and earlier versions).
import { type ConnectionState, openStates } from '../../machines/connection.ts';
import type { Hold } from '../../machines/schedule.ts';
import { kindOf, stateAt } from './states-of.ts';
import type { Columns } from './timeline-columns.ts';

/** States of an upload in which it wants the line. */
const wanting = ['sending', 'confirming'];

/** `last` as in states-at.ts. */
export function holdThen(columns: Columns, last: Uint32Array, state: string): Hold | null {
  if (!wanting.includes(state)) return null;
  let hold: Hold | null = null;
  columns.actors.list.forEach((actor, place) => {
    const kind = kindOf(actor);
    if (kind !== 'connection' && kind !== 'breaker') return;
    const was = stateAt(columns, place, last[place] ?? 0);
    if (!was) return;
    const name = actor.slice(kind.length + 1);
    if (kind === 'connection' && !openStates.includes(was))
      hold = { why: 'connection', state: was as ConnectionState };
    else if (kind === 'breaker' && was === 'open') hold ??= { why: 'breaker', breaker: name };
  });
  return hold;
}

/** The actor behind a hold, to be looked at next; null: it is no actor's doing. */
export function holderOf(columns: Columns, hold: Hold): string | null {
  const is = (kind: string, name?: string) =>
    columns.actors.list.find((actor) => kindOf(actor) === kind && (!name || actor.endsWith(`/${name}`))) ??
    null;
  if (hold.why === 'connection') return is('connection');
  if (hold.why === 'breaker' || hold.why === 'probing') return is('breaker', hold.breaker);
  return null;
}

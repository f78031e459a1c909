// The chart in words: for screen readers always, for everybody at a key. Says what the picture shows: groups, states, which
// is active, what happened last, where a dry run would lead, and what may happen now.
import type { Description, Edge } from '../../machines/describe.ts';
import type { Lit } from './light.ts';
import type { Taken } from './taken.ts';

export interface TwinProps extends Lit {
  readonly description: Description;
  /** Shown to everybody, or to screen readers only. */
  readonly visible: boolean;
}

export function Twin({ description, visible, active, entered, last, ghost }: TwinProps) {
  const { groups, states, edges } = description;
  const marks = (id: string): string =>
    [
      ...(id === active ? ['active'] : []),
      ...(id === entered && id !== active ? ['before'] : []),
      ...(id === ghost ? ['the dry run would lead here'] : []),
      ...(states.find((state) => state.id === id)?.final ? ['end'] : []),
    ].join(', ');
  const present = edges.filter((edge) => edge.from === active);
  return (
    <section
      class={visible ? 'chart-twin' : 'chart-twin chart-unseen'}
      tabIndex={visible ? 0 : undefined}
      aria-label={`${description.kind} in words`}
    >
      <p>
        {active === null ? 'No actor is shown.' : `Active state: ${active}.`}
        {last ? ` Last transition: ${taken(last)}.` : ''}
      </p>
      <ul>
        {groups.map(({ name, states: members }) => (
          <li key={name}>
            {name}
            <ul>
              {members.map((id) => (
                <li key={id} aria-current={id === active ? 'true' : undefined}>
                  <strong>{id}</strong>
                  {marks(id) && ` (${marks(id)})`}
                  <span>: {states.find((state) => state.id === id)?.description}</span>
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
      {active !== null && (
        <>
          <p>{present.length > 0 ? `From ${active}:` : `Nothing leads on from ${active}.`}</p>
          <ul>
            {present.map((edge) => (
              <li key={`${edge.event} ${edge.branch}`}>{way(edge)}</li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function taken({ from, to, event }: Taken): string {
  const by = event === '' ? 'at once' : `by ${event}`;
  return from === to ? `${event || 'none'}, which kept ${to}` : `${from} to ${to} ${by}`;
}

function way({ event, guard, from, to, branch }: Edge): string {
  const when = guard ? ` if ${guard}` : branch > 0 ? ' otherwise' : '';
  return `${event || 'at once'}${when}: ${to === from ? 'stays' : `to ${to}`}`;
}

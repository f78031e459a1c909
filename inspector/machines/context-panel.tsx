// Right: the actor's context, as what the last event changed, whole, or compared with a moment that was marked.
import { type ReadonlySignal, useSignal } from '@preact/signals';
import { type Change, changesMax, difference } from '../../machines/difference.ts';
import type { Cell } from '../../machines/kernel.ts';
import { inline, JsonView } from './json-view.tsx';
import { Panel } from './panel.tsx';
import type { View } from './what-if.ts';

/** A moment kept to be compared with. */
export interface Mark {
  readonly label: string;
  readonly cell: Cell;
}

export interface ContextPanelProps {
  readonly view: View;
  readonly mark: ReadonlySignal<Mark | null>;
}

type Mode = 'diff' | 'full' | 'compare';

export function ContextPanel({ view, mark }: ContextPanelProps) {
  const mode = useSignal<Mode>('diff');
  const shown: Mode = mode.value === 'compare' && !mark.value ? 'diff' : mode.value;
  const modes: readonly (readonly [Mode, string])[] = [
    ['diff', 'Changed'],
    ['full', 'Full'],
    ...(mark.value ? ([['compare', 'A | B']] as const) : []),
  ];
  return (
    <Panel
      title="Context"
      aside={
        <fieldset class="segments" aria-label="How the context is shown">
          {modes.map(([name, title]) => (
            <button
              key={name}
              type="button"
              class="segment"
              aria-pressed={shown === name}
              onClick={() => {
                mode.value = name;
              }}
            >
              {title}
            </button>
          ))}
        </fieldset>
      }
    >
      {view.unfolded !== null ? <p class="note">{view.unfolded}</p> : null}
      {shown === 'full' ? <JsonView value={view.cell.context} /> : null}
      {shown === 'diff' ? (
        view.before ? (
          <Changes
            changes={difference(view.before.context, view.cell.context)}
            none="The last event changed nothing of it."
          />
        ) : (
          <>
            <p class="quiet">It was born with this:</p>
            <JsonView value={view.cell.context} />
          </>
        )
      ) : null}
      {shown === 'compare' && mark.value ? (
        <>
          <p class="quiet">From {mark.value.label} to what is shown now:</p>
          <Changes
            changes={[
              ...(mark.value.cell.value === view.cell.value
                ? []
                : [{ path: 'state', before: mark.value.cell.value, after: view.cell.value }]),
              ...difference(mark.value.cell.context, view.cell.context),
            ]}
            none="No difference."
          />
        </>
      ) : null}
    </Panel>
  );
}

/** Rows of path, before and after. Removed and added are words as well as colours. */
export function Changes({ changes, none }: { readonly changes: readonly Change[]; readonly none: string }) {
  if (changes.length === 0) return <p class="quiet">{none}</p>;
  return (
    <table class="changes">
      <thead>
        <tr>
          <th scope="col">path</th>
          <th scope="col">before</th>
          <th scope="col">after</th>
        </tr>
      </thead>
      <tbody>
        {changes.map((change) => (
          <tr key={change.path}>
            <th scope="row">
              <code>{change.path || '(all)'}</code>
            </th>
            <td class="before">
              {change.before === undefined ? (
                <span class="quiet">absent</span>
              ) : (
                <code>{inline(change.before)}</code>
              )}
            </td>
            <td class="after">
              {change.after === undefined ? (
                <span class="quiet">removed</span>
              ) : (
                <code>{inline(change.after)}</code>
              )}
            </td>
          </tr>
        ))}
        {changes.length >= changesMax ? (
          <tr>
            <td colSpan={3} class="quiet">
              More is not listed: look at all of it.
            </td>
          </tr>
        ) : null}
      </tbody>
    </table>
  );
}

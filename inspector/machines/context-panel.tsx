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

/** Each change with its path, what was and what is. Removed and added are words as well as colours. */
export function Changes({ changes, none }: { readonly changes: readonly Change[]; readonly none: string }) {
  if (changes.length === 0) return <p class="quiet">{none}</p>;
  return (
    <dl class="changes">
      {changes.map((change) => (
        <div key={change.path} class={isLong(change) ? 'change long' : 'change'}>
          <dt>
            <code>{change.path || '(all)'}</code>
          </dt>
          <dd>
            <span class="aloud">before: </span>
            <span class="before">
              {change.before === undefined ? (
                'absent'
              ) : (
                <JsonView value={change.before} depth={3} name={change.path} />
              )}
            </span>
            <span aria-hidden="true"> → </span>
            <span class="aloud">after: </span>
            <span class="after">
              {change.after === undefined ? (
                'removed'
              ) : (
                <JsonView value={change.after} depth={3} name={change.path} />
              )}
            </span>
          </dd>
        </div>
      ))}
      {changes.length >= changesMax ? <p class="quiet">More is not listed: look at all of it.</p> : null}
    </dl>
  );
}

/** Characters of path and values that still stand in one line. */
const lineMaxCharacters = 34;

function isLong({ path, before, after }: Change): boolean {
  const longest = path.length + inline(before).length + inline(after).length;
  return longest > lineMaxCharacters || /Ms$/.test(path);
}

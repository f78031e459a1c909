// Left: which actors there are and what state each was in at the cursor. A tree with folded groups, a field to find one,
// a filter by state; thousands of them cost what is in sight.
import { useComputed, useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { type TreeActor, type TreeRow, treeRows } from './actor-tree.ts';
import type { Inspection } from './inspection.ts';
import { StateMark } from './state-mark.tsx';
import { createActorsAt } from './states-of.ts';
import { type RowStyle, VirtualRows } from './virtual-rows.tsx';
import { count } from './words.ts';

const rowPx = 34;

export function ActorsPane({
  inspection,
  findId,
}: {
  readonly inspection: Inspection;
  readonly findId: string;
}) {
  const words = useSignal('');
  const state = useSignal('');
  const folded = useSignal<ReadonlySet<string>>(new Set(['upload/done']));
  /** Row the keys stand on, by id; empty: the selected actor's. */
  const at = useSignal('');
  const actorsAt = useMemo(() => createActorsAt(inspection.columns, inspection.known), [inspection]);
  const tree = useComputed(() => {
    inspection.version.value;
    return treeRows({
      actors: actorsAt(inspection.lastSeqs.value.of, inspection.seq.value),
      descriptions: inspection.descriptions,
      folded: folded.value,
      words: words.value,
      state: state.value,
    });
  });
  const states = useComputed(() => {
    inspection.version.value;
    return [...inspection.columns.states.list].filter((name) => name !== '').sort();
  });
  const placeOf = (list: readonly TreeRow[]) => {
    const wanted = at.value || inspection.actor.value || '';
    return list.findIndex((row) => row.id === wanted);
  };
  const { rows, shown } = tree.value;
  const current = placeOf(rows);

  const fold = (id: string, shut: boolean) => {
    const next = new Set(folded.value);
    if (shut) next.add(id);
    else next.delete(id);
    folded.value = next;
  };
  const choose = (row: TreeRow | undefined) => {
    if (!row) return;
    at.value = row.id;
    if (row.is === 'group') fold(row.id, row.open);
    else inspection.select(row.actor.actor);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // As things are now: quick fingers press the next key before the last one is drawn.
    const { rows } = tree.value;
    const current = placeOf(rows);
    const row = rows[current];
    const go = (place: number) => {
      at.value = rows[Math.max(0, Math.min(rows.length - 1, place))]?.id ?? '';
      event.preventDefault();
    };
    if (event.key === 'ArrowDown') go(current + 1);
    else if (event.key === 'ArrowUp') go(Math.max(0, current - 1));
    else if (event.key === 'PageDown') go(current + 10);
    else if (event.key === 'PageUp') go(current - 10);
    else if (event.key === 'Home') go(0);
    else if (event.key === 'End') go(rows.length - 1);
    else if (event.key === 'Enter' || event.key === ' ') {
      choose(row);
      event.preventDefault();
    } else if (row?.is === 'group' && (event.key === 'ArrowLeft' || event.key === 'ArrowRight')) {
      fold(row.id, event.key === 'ArrowLeft');
      event.preventDefault();
    }
  };

  return (
    <section id="machines-actors" class="machines-actors" aria-label="Actors">
      <div class="machines-find">
        <label class="aloud" for={findId}>
          Find an actor
        </label>
        <input
          id={findId}
          class="field slim"
          type="search"
          placeholder="Find  /"
          value={words}
          onInput={(event) => {
            words.value = event.currentTarget.value;
          }}
        />
        <select
          class="field slim"
          aria-label="State"
          value={state}
          onChange={(event) => {
            state.value = event.currentTarget.value;
          }}
        >
          <option value="">any state</option>
          {states.value.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </div>
      <VirtualRows
        id="actor-rows"
        role="tree"
        label={`${count(shown)} actors`}
        length={rows.length}
        rowPx={rowPx}
        current={current}
        onKeyDown={onKeyDown}
        empty={inspection.phase.value.is === 'opening' ? 'Loading …' : 'No actor is like that.'}
        row={(place, id, style) => {
          const row = rows[place];
          return row ? (
            <ActorRow
              key={row.id}
              {...{ row, id, style }}
              here={place === current}
              selected={row.is === 'actor' && row.actor.actor === inspection.actor.value}
              onChoose={() => choose(row)}
            />
          ) : null;
        }}
      />
    </section>
  );
}

interface ActorRowProps {
  readonly row: TreeRow;
  readonly id: string;
  readonly style: RowStyle;
  readonly here: boolean;
  readonly selected: boolean;
  readonly onChoose: () => void;
}

function ActorRow({ row, id, style, here, selected, onChoose }: ActorRowProps) {
  const classes = `item actor-row level-${row.level}${here ? ' here' : ''}${selected ? ' selected' : ''}`;
  if (row.is === 'group')
    return (
      // biome-ignore lint/a11y/useKeyWithClickEvents: the tree around it takes the keys
      <div
        {...{ id, style }}
        class={`${classes} item-group`}
        role="treeitem"
        tabIndex={-1}
        aria-level={row.level}
        aria-expanded={row.open}
        aria-selected={false}
        onClick={onChoose}
      >
        <svg class={row.open ? 'fold open' : 'fold'} viewBox="0 0 12 12" aria-hidden="true">
          <path d="M4 2l4 4-4 4" />
        </svg>
        <span class="item-name">{row.title}</span>
        <span class="item-count">{count(row.count)}</span>
      </div>
    );
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree around it takes the keys
    <div
      {...{ id, style }}
      class={classes}
      role="treeitem"
      tabIndex={-1}
      aria-level={row.level}
      aria-selected={selected}
      title={`${row.actor.label} (${row.actor.actor})`}
      onClick={onChoose}
    >
      <span class="item-name">{shortName(row.actor)}</span>
      <StateMark state={row.actor.state ?? ''} kind={row.actor.kind} />
    </div>
  );
}

/** Of a file its last part: the folders stand in the title and above the chart. */
function shortName({ kind, label }: TreeActor): string {
  return kind === 'upload' ? label.slice(label.lastIndexOf('/') + 1) || label : label;
}

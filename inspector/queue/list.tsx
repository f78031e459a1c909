// The documents in their groups: those that need a decision on top, then the line in the order it will go, then what
// arrived. As many rows are drawn as somebody asked to see; the rest is counted.
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { countText } from './amounts.ts';
import { Button } from './button.tsx';
import { useQueue } from './context.ts';
import { useKeptFocus } from './kept-focus.ts';
import { type Group, type GroupName, groupsOf, statesOf } from './order.ts';
import { placeAt } from './placing.ts';
import { Row } from './row.tsx';
import { type Landing, startRowDrag } from './row-drag.ts';
import type { Upload } from './upload.ts';

/** Rows drawn at first: the line is what the page is for, and nothing may push it out of sight. */
const rowsShownFirst: Readonly<Record<GroupName, number>> = { parked: 5, line: 60, done: 20, cancelled: 5 };
/** With a filter or a search there is nothing else to see. */
const rowsShownFiltered = 60;
/** How many more at each press: beyond some hundreds a tablet would feel each of them. */
const rowsShownMore = 120;

const headings: Readonly<Record<GroupName, string>> = {
  parked: 'Needs a decision',
  line: 'Going, in this order',
  done: 'Delivered',
  cancelled: 'Cancelled',
};
const statesOfGroup: Readonly<Record<GroupName, readonly string[]>> = {
  parked: ['parked'],
  line: ['sighted', 'settling', 'sending', 'confirming', 'waiting', 'paused'],
  done: ['stored', 'indexed'],
  cancelled: ['cancelled'],
};

export function QueueList() {
  const { store } = useQueue();
  const groups = store.groups.value;
  const keep = useKeptFocus();
  if (!store.ready.value) return <p class="queue-empty">Reading the queue …</p>;
  if (groups.length === 0) return <p class="queue-empty">{emptyText(store)}</p>;
  return (
    <div class="groups" ref={keep}>
      {groups.map((group) => (
        <GroupList key={group.name} group={group} />
      ))}
    </div>
  );
}

function emptyText(store: ReturnType<typeof useQueue>['store']): string {
  if (store.search.value.trim() !== '') return 'Nothing here has that in its name.';
  if (store.filter.value !== 'all') return 'Nothing is in this state.';
  return 'Nothing to send. Drop files anywhere on this page, or press “Add files”.';
}

function GroupList({ group }: { readonly group: Group }) {
  const { store, open, commands } = useQueue();
  const further = useSignal(0);
  const landing = useSignal<Landing | null>(null);
  const dragged = useSignal('');
  const list = useRef<HTMLUListElement>(null);
  const blocked = store.blocked.value;
  const { name, rows } = group;
  const filter = store.filter.value;
  const searched = store.search.value.trim() !== '';
  const unfiltered = filter === 'all' && !searched;
  const { states } = store.status.value;
  const aboard = statesOfGroup[name]
    .filter((state) => filter === 'all' || statesOf[filter].includes(state))
    .reduce((sum, state) => sum + (states[state] ?? 0), 0);
  const total = searched ? rows.length : Math.max(aboard, rows.length);
  const first = unfiltered ? rowsShownFirst[name] : rowsShownFiltered;
  const visible = rows.slice(0, first + further.value);
  const rest = total - visible.length;

  const drop = (upload: Upload, { id, where }: Landing) => {
    const line =
      groupsOf(store.rows.value.byId.values(), 'all', '').find((one) => one.name === 'line')?.rows ?? [];
    const others = line.filter((one) => one.id !== upload.id);
    const place = others.findIndex((one) => one.id === id) + (where === 'below' ? 1 : 0);
    void commands.place(upload, placeAt(line, upload, place));
  };
  // One function for the life of the list, or each picture would draw every row anew.
  const grip = useRef((event: PointerEvent, upload: Upload) => {
    if (store.blocked.peek() !== '' || !list.current) return;
    dragged.value = upload.id;
    startRowDrag(event, list.current, upload.id, {
      onOver: (over) => {
        landing.value = over;
      },
      onEnd: (over) => {
        dragged.value = '';
        landing.value = null;
        if (over) drop(upload, over);
      },
    });
  });

  const shownOpen = open.value;
  const over = landing.value;
  return (
    <section class="group" data-group={name} aria-labelledby={`group-${name}`}>
      <div class="group-head">
        <h2 id={`group-${name}`}>
          {headings[name]} <span class="quiet">({countText(total)})</span>
        </h2>
        {name === 'parked' && total > 1 && !searched ? (
          <Button blocked={blocked} onClick={() => void commands.retryAll()}>
            Retry all
          </Button>
        ) : null}
      </div>
      <ul class="rows" ref={list}>
        {visible.map((upload) => (
          <Row
            key={upload.id}
            upload={upload}
            open={shownOpen?.id === upload.id ? shownOpen.what : null}
            blocked={blocked}
            drop={over?.id === upload.id ? over.where : null}
            dragged={dragged.value === upload.id}
            onGrip={name === 'line' ? grip.current : undefined}
          />
        ))}
      </ul>
      {rest > 0 ? (
        <p class="group-rest">
          {visible.length < rows.length ? (
            <Button
              onClick={() => {
                further.value += rowsShownMore;
              }}
            >
              Show {countText(Math.min(rowsShownMore, rows.length - visible.length))} more
            </Button>
          ) : null}
          {visible.length === rows.length && store.canRead.value && name === 'line' && unfiltered ? (
            <Button
              onClick={() => {
                further.value += rowsShownMore;
                void store.readOn();
              }}
            >
              Show more
            </Button>
          ) : null}
          <span class="quiet">and {countText(rest)} more</span>
        </p>
      ) : null}
    </section>
  );
}

// A list of any length of which only the rows in sight are in the document. One element has the focus and names the row it
// stands on (aria-activedescendant), so that keys and screen readers work though most rows do not exist.
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/** Taller than this, browsers round positions; a longer list is scrolled at a scale. */
const scrollHeightMaxPx = 8_000_000;
/** Rows drawn beyond each edge, so that scrolling shows no white. */
const overscanRows = 6;

/** Where a row stands. */
export type RowStyle = { readonly height: string; readonly transform: string };

export interface VirtualRowsProps {
  readonly id: string;
  readonly role: 'tree' | 'listbox';
  readonly label: string;
  readonly length: number;
  readonly rowPx: number;
  /** The row keys act on; −1: none. It is kept in sight. */
  readonly current: number;
  /** Changes when the current row should come into sight though its place did not change. */
  readonly revealKey?: unknown;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  /** A row gets its id, so that the list can name it, and its place. */
  readonly row: (place: number, id: string, style: RowStyle) => ComponentChildren;
  readonly empty: string;
}

export const rowId = (list: string, place: number) => `${list}-${place}`;

export function VirtualRows(props: VirtualRowsProps) {
  const { id, length, rowPx, current } = props;
  const box = useRef<HTMLDivElement>(null);
  const scrollPx = useSignal(0);
  const heightPx = useSignal(400);
  const totalPx = length * rowPx;
  const shownPx = Math.min(totalPx, scrollHeightMaxPx);
  const room = Math.max(1, shownPx - heightPx.value);
  /** From what is scrolled to what is meant. */
  const scale = totalPx > shownPx ? (totalPx - heightPx.value) / room : 1;

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    heightPx.value = element.clientHeight || 400;
    const watch = new ResizeObserver(() => {
      heightPx.value = element.clientHeight || 400;
    });
    watch.observe(element);
    return () => watch.disconnect();
  }, []);

  // The current row comes into sight when it changes, not when the list grows around it. What is known here is not asked of
  // the element: that would make the browser lay out the page in between.
  useLayoutEffect(() => {
    const element = box.current;
    if (!element || current < 0) return;
    const top = current * rowPx;
    const from = scrollPx.peek() * scale;
    const seen = heightPx.peek();
    let wanted = from;
    if (top < from) wanted = Math.max(0, top - rowPx);
    else if (top + rowPx > from + seen) wanted = top + 2 * rowPx - seen;
    if (wanted === from) return;
    scrollPx.value = Math.max(0, Math.min(wanted / scale, shownPx - seen));
    element.scrollTop = scrollPx.value;
  }, [current, props.revealKey, heightPx.value]);

  const offset = Math.min(scrollPx.value, Math.max(0, shownPx - heightPx.value)) * scale;
  const first = Math.max(0, Math.floor(offset / rowPx) - overscanRows);
  const last = Math.min(length, Math.ceil((offset + heightPx.value) / rowPx) + overscanRows);
  const rows: ComponentChildren[] = [];
  const shift = Math.min(scrollPx.value, Math.max(0, shownPx - heightPx.value)) - offset;
  for (let place = first; place < last; place++)
    rows.push(
      props.row(place, rowId(id, place), {
        height: `${rowPx}px`,
        transform: `translateY(${place * rowPx + shift}px)`,
      }),
    );
  if (current >= 0 && current < length && (current < first || current >= last))
    rows.push(
      props.row(current, rowId(id, current), {
        height: `${rowPx}px`,
        transform: `translateY(${current * rowPx + shift}px)`,
      }),
    );

  if (length === 0)
    return (
      <div ref={box} id={id} class="items">
        <p class="quiet items-empty">{props.empty}</p>
      </div>
    );
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: its role is a tree or a listbox
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: both have a name and a current row
    <div
      ref={box}
      id={id}
      class="items"
      role={props.role}
      aria-label={props.label}
      aria-activedescendant={current >= 0 && current < length ? rowId(id, current) : undefined}
      tabIndex={0}
      onKeyDown={props.onKeyDown}
      onScroll={(event) => {
        const scrolled = event.currentTarget.scrollTop;
        // Our own scrolling comes back rounded.
        if (Math.abs(scrolled - scrollPx.peek()) >= 1) scrollPx.value = scrolled;
      }}
    >
      <div class="items-ground" role="presentation" style={{ height: `${shownPx}px` }}>
        {rows}
      </div>
    </div>
  );
}

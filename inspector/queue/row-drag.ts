// Dragging a row by its grip, with a mouse or a finger: while it is held, tells above or below which other row it would
// land; when it is let go, where it was. Escape gives up. What that means for the order is list.tsx's business; buttons do
// the same for those who cannot drag.

export interface Landing {
  /** The row it would stand beside. */
  readonly id: string;
  readonly where: 'above' | 'below';
}

export interface RowDragListener {
  readonly onOver: (landing: Landing | null) => void;
  /** null: given up, or let go where it was. */
  readonly onEnd: (landing: Landing | null) => void;
}

/** Near the edge of the window the page scrolls along, this many pixels at each move. */
const scrollStep = 12;
const scrollEdge = 60;

export function startRowDrag(
  event: PointerEvent,
  list: HTMLElement,
  id: string,
  listener: RowDragListener,
): void {
  if (event.button !== 0) return;
  event.preventDefault();
  const page = list.ownerDocument;
  const view = page.defaultView;
  let landing: Landing | null = null;

  const move = ({ clientY, pointerId }: PointerEvent) => {
    if (pointerId !== event.pointerId) return;
    const next = landingAt(list, id, clientY);
    if (next?.id !== landing?.id || next?.where !== landing?.where) {
      landing = next;
      listener.onOver(next);
    }
    if (view && clientY < scrollEdge) view.scrollBy(0, -scrollStep);
    else if (view && clientY > view.innerHeight - scrollEdge) view.scrollBy(0, scrollStep);
  };
  const end = (result: Landing | null) => {
    page.removeEventListener('pointermove', move);
    page.removeEventListener('pointerup', up);
    page.removeEventListener('pointercancel', cancel);
    page.removeEventListener('keydown', key);
    listener.onEnd(result);
  };
  const up = ({ pointerId }: PointerEvent) => {
    if (pointerId === event.pointerId) end(landing);
  };
  const cancel = () => end(null);
  const key = ({ key: pressed }: KeyboardEvent) => {
    if (pressed === 'Escape') end(null);
  };
  page.addEventListener('pointermove', move);
  page.addEventListener('pointerup', up);
  page.addEventListener('pointercancel', cancel);
  page.addEventListener('keydown', key);
}

function landingAt(list: HTMLElement, id: string, y: number): Landing | null {
  const rows = [...list.querySelectorAll<HTMLElement>(':scope > [data-id]')];
  let last: Landing | null = null;
  for (const row of rows) {
    const rowId = row.dataset.id ?? '';
    const { top, height } = row.getBoundingClientRect();
    // Over itself, or just beside: it stays.
    if (rowId === id) {
      if (y >= top && y <= top + height) return null;
      continue;
    }
    if (y < top + height / 2) return { id: rowId, where: 'above' };
    last = { id: rowId, where: 'below' };
  }
  return last;
}

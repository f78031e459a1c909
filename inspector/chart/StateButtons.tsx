// The states as buttons over the picture: what a keyboard and a screen reader hold on to. One of them is in the tab order,
// arrows go from it to the state beside it.
import { useState } from 'preact/hooks';
import type { Lit } from './light.ts';
import type { MachineLayout, Picture, PlacedBox } from './picture.ts';

export interface StateButtonsProps {
  readonly layout: MachineLayout;
  readonly picture: Picture;
  readonly lit: Lit;
  readonly onPick: ((state: string) => void) | undefined;
  /** Brings a box into sight. */
  readonly reveal: (box: string) => void;
}

export function StateButtons({ layout, picture, lit, onPick, reveal }: StateButtonsProps) {
  const [focused, setFocused] = useState<string | null>(null);
  const boxes = picture.boxes.filter(({ kind }) => kind === 'state' || kind === 'folded');
  const has = (id: string | null) => boxes.some((box) => box.id === id);
  const inOrder = has(focused) ? focused : has(lit.active) ? lit.active : boxes[0]?.id;

  const keyDown = (event: KeyboardEvent, box: PlacedBox) => {
    const next = event.key.startsWith('Arrow') ? beside(box, boxes, event.key) : null;
    if (next) {
      const parent = (event.currentTarget as Element).parentElement;
      setFocused(next.id);
      reveal(next.id);
      for (const element of parent?.querySelectorAll<SVGGElement>('[data-state]') ?? [])
        if (element.getAttribute('data-state') === next.id) element.focus({ preventScroll: true });
    } else if ((event.key === 'Enter' || event.key === ' ') && box.kind === 'state') onPick?.(box.id);
    else if (!event.key.startsWith('Arrow')) return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <g>
      {boxes.map((box) => {
        const [x = 0, y = 0, width = 0, height = 0] = box.at;
        return (
          // biome-ignore lint/a11y/useSemanticElements: HTML buttons cannot stand in a picture
          <g
            key={box.id}
            class="chart-button"
            role="button"
            data-state={box.id}
            // In lower case: SVG's names know no other, and Preact hands them on as they are.
            tabindex={box.id === inOrder ? 0 : -1}
            aria-label={nameOf(box, layout, lit)}
            aria-current={box.id === lit.active ? 'true' : undefined}
            aria-disabled={box.kind === 'folded' || !onPick}
            onClick={() => box.kind === 'state' && onPick?.(box.id)}
            onFocus={() => setFocused(box.id)}
            onKeyDown={(event) => keyDown(event, box)}
          >
            <rect x={x - 2} y={y - 2} width={width + 4} height={height + 4} rx={9} />
          </g>
        );
      })}
    </g>
  );
}

function nameOf({ id, kind }: PlacedBox, layout: MachineLayout, { active, entered, ghost }: Lit): string {
  const members = kind === 'folded' ? (layout.groups.find(({ name }) => name === id)?.states ?? []) : [id];
  const holds = (state: string | null) => state !== null && members.includes(state);
  return [
    kind === 'folded' ? `${id}, folded: ${members.join(', ')}` : id,
    ...(holds(active) ? ['active'] : []),
    ...(holds(entered) && !holds(active) ? ['before'] : []),
    ...(holds(ghost) ? ['the dry run would lead here'] : []),
    ...(kind === 'state' && layout.finals.includes(id) ? ['end'] : []),
  ].join(', ');
}

/** The nearest box in an arrow's direction: what lies straight ahead before what lies aside. */
function beside(from: PlacedBox, boxes: readonly PlacedBox[], key: string): PlacedBox | null {
  const [x, y] = middle(from);
  let best: PlacedBox | null = null;
  let bestFar = Number.POSITIVE_INFINITY;
  for (const box of boxes) {
    const [dx, dy] = [middle(box)[0] - x, middle(box)[1] - y];
    const ahead = key === 'ArrowRight' ? dx : key === 'ArrowLeft' ? -dx : key === 'ArrowDown' ? dy : -dy;
    const aside = Math.abs(key === 'ArrowRight' || key === 'ArrowLeft' ? dy : dx);
    if (ahead <= 1 || ahead + 2 * aside >= bestFar) continue;
    best = box;
    bestFar = ahead + 2 * aside;
  }
  return best;
}

function middle({ at: [x = 0, y = 0, width = 0, height = 0] }: PlacedBox): readonly [number, number] {
  return [x + width / 2, y + height / 2];
}

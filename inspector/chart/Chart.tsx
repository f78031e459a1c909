// A machine's picture with its present state lit, and the same in words for whoever cannot see it. The inspector mounts
// it; a new state of the actor only moves classes, nothing is drawn again until another group opens.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Description } from '../../machines/describe.ts';
import type { MachineLayout, Picture } from './picture.ts';
import './chart.css';
import { Drawing } from './Drawing.tsx';
import { watchGestures } from './gestures.ts';
import { createLight, type Lit } from './light.ts';
import { StateButtons } from './StateButtons.tsx';
import { type ChartAction, chartKeys, Tools } from './Tools.tsx';
import { Twin } from './Twin.tsx';
import type { Taken } from './taken.ts';
import {
  around,
  dragged,
  fitScale,
  fitView,
  isInSight,
  openingView,
  type Size,
  type View,
  zoomed,
} from './view.ts';

export type { Taken } from './taken.ts';

export interface ChartProps {
  /** From `layoutOf(description)`; null: no picture of this machine is shipped, the words stand alone. */
  readonly layout: MachineLayout | null;
  readonly description: Description;
  /** The state the actor is in; null when nothing is selected. */
  readonly active: string | null;
  /** The state it was in before its last event. */
  readonly entered?: string | undefined;
  /** The last transition, lit. */
  readonly last?: Taken | null | undefined;
  /** The state a dry run would reach, drawn dashed. */
  readonly ghost?: string | null | undefined;
  /** Called when a state is chosen by click, tap, Enter or Space. */
  readonly onPick?: ((state: string) => void) | undefined;
  /** Start with groups folded that do not hold the active state. True unless said otherwise. */
  readonly fold?: boolean | undefined;
}

/** How far an arrow key moves the picture, px. */
const arrowStepPx = 60;
const zoomStep = 1.25;

/**
 * Keys while it has the focus: + − zoom, 0 fit, F to the active state, Z fold, D direction, T words, arrows pan; on a state
 * arrows go to the state beside it, Enter picks. A key it used is marked `defaultPrevented` and does not travel on.
 */
export function Chart(props: ChartProps) {
  const { layout, description, active, entered = null, last = null, ghost = null, fold = true } = props;
  const [folded, setFolded] = useState(fold);
  const [turned, setTurned] = useState<Picture['direction'] | null>(null);
  const [words, setWords] = useState(false);
  const [room, setRoom] = useState<Size>({ width: 0, height: 0 });
  const svg = useRef<SVGSVGElement>(null);
  const world = useRef<SVGGElement>(null);
  const view = useRef<View>({ x: 0, y: 0, scale: 1 });
  const lit: Lit = { active, entered, last, ghost };

  const open = folded ? openGroup(layout, active) : '*';
  const picture = useMemo(
    () => (layout ? choose(layout, open, turned, room) : null),
    [layout, open, turned, room],
  );
  const frameOf = (state: string | null) => picture?.boxes.find((box) => box.id === state)?.at ?? null;

  const opened = useRef<Picture | null>(null);
  const moved = useRef(false);
  const latest = useRef({ picture, room });
  latest.current = { picture, room };
  const show = (next: View) => {
    view.current = next;
    world.current?.setAttribute('transform', `translate(${next.x} ${next.y}) scale(${next.scale})`);
  };
  const move = (next: View) => {
    moved.current = true;
    show(next);
  };
  const reveal = (state: string | null) => {
    const frame = frameOf(state);
    if (picture && frame && !isInSight(view.current, room, frame))
      show(around(picture, room, frame, view.current.scale));
  };

  useLayoutEffect(() => {
    const element = svg.current;
    if (!element) return;
    const measure = () => {
      const { width, height } = element.getBoundingClientRect();
      setRoom((before) => (before.width === width && before.height === height ? before : { width, height }));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [layout === null]);

  // Another picture is seen from its own best place; the same one stays where the reader put it, in a new window too.
  useLayoutEffect(() => {
    if (!picture || room.width === 0 || (moved.current && opened.current === picture)) return;
    opened.current = picture;
    moved.current = false;
    show(openingView(picture, room, frameOf(active)));
  }, [picture, room]);

  const light = useRef<((lit: Lit) => void) | null>(null);
  useLayoutEffect(() => {
    light.current = world.current && layout && picture ? createLight(world.current, layout, picture) : null;
  }, [layout, picture]);
  useLayoutEffect(() => {
    light.current?.(lit);
  }, [picture, active, entered, ghost, last?.from, last?.to, last?.event]);
  useEffect(() => {
    if (room.width > 0) reveal(active);
  }, [active]);

  useEffect(() => {
    if (!svg.current) return;
    return watchGestures(svg.current, {
      view: () => view.current,
      zoomBy: (factor, [x, y]) => move(zoomed(view.current, factor, x, y)),
      dragBy: (dx, dy) => {
        const { picture: shown, room: within } = latest.current;
        if (shown) move(dragged(view.current, dx, dy, shown, within));
      },
    });
  }, [layout === null]);

  const act = (action: ChartAction) => {
    if (!picture || !layout) return;
    const middle = [room.width / 2, room.height / 2] as const;
    if (action === 'zoomIn') move(zoomed(view.current, zoomStep, ...middle));
    else if (action === 'zoomOut') move(zoomed(view.current, 1 / zoomStep, ...middle));
    else if (action === 'fit') {
      moved.current = false;
      show(fitView(picture, room));
    } else if (action === 'active') {
      const frame = frameOf(active);
      if (frame) move(around(picture, room, frame, Math.max(1, view.current.scale)));
    } else if (action === 'fold') setFolded(!folded);
    else if (action === 'direction') setTurned(picture.direction === 'right' ? 'down' : 'right');
    else setWords(!words);
  };
  const keyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    // The words scroll by the same keys.
    if ((event.target as Element).closest('.chart-twin')) return;
    const action = chartKeys[event.key.toLowerCase()];
    const [dx, dy] = arrows[event.key] ?? [0, 0];
    if (action !== undefined) act(action);
    else if ((dx !== 0 || dy !== 0) && picture)
      move(dragged(view.current, -dx * arrowStepPx, -dy * arrowStepPx, picture, room));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const folds = layout?.pictures.some((each) => each.open !== '*') ? folded : null;
  return (
    <section class="chart" aria-label={`Machine ${description.kind}`} onKeyDown={keyDown}>
      <Tools
        folded={folds}
        direction={picture?.direction ?? 'down'}
        words={words}
        hasPicture={layout !== null}
        act={act}
      />
      {layout && (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be a picture
        <svg
          ref={svg}
          class="chart-view"
          role="group"
          tabindex={0}
          aria-label={`Picture of ${description.kind}`}
        >
          {picture && (
            <g ref={world} class="chart-world">
              {/* Made anew for another picture: what was lit on the old one must not shine through. */}
              <g key={`${picture.direction} ${picture.open}`}>
                <Drawing layout={layout} picture={picture} />
              </g>
              <StateButtons
                picture={picture}
                layout={layout}
                lit={lit}
                onPick={props.onPick}
                reveal={reveal}
              />
            </g>
          )}
        </svg>
      )}
      <Twin description={description} visible={words || layout === null} {...lit} />
    </section>
  );
}

const arrows: { readonly [key: string]: readonly [dx: number, dy: number] } = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** The group of the active state; everything when there is none. */
function openGroup(layout: MachineLayout | null, active: string | null): string {
  return layout?.groups.find(({ states }) => active !== null && states.includes(active))?.name ?? '*';
}

/** The direction that shows more at once, unless the reader has turned it. */
function choose(
  layout: MachineLayout,
  open: string,
  turned: Picture['direction'] | null,
  room: Size,
): Picture | null {
  if (room.width === 0) return null;
  const exact = layout.pictures.filter((picture) => picture.open === open);
  const fitting = exact.length > 0 ? exact : layout.pictures.filter((picture) => picture.open === '*');
  const [first, ...rest] = turned ? fitting.filter(({ direction }) => direction === turned) : fitting;
  if (!first) return null;
  return rest.reduce((best, other) => (fitScale(other, room) > fitScale(best, room) ? other : best), first);
}

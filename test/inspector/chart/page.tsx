// The chart alone on a page, for chart.test.ts: the test calls `show` with what the inspector would pass.
import { h, render } from 'preact';
import { Chart, type ChartProps } from '../../../inspector/chart/Chart.tsx';
import { layoutOf } from '../../../inspector/chart/layouts.ts';
import '../../../inspector/style/tokens.css';
import '../../../inspector/style/base.css';
import '../../../inspector/style/controls.css';
import './page.css';
import { describe } from '../../../machines/describe.ts';
import { definitionOf, registry } from '../../../machines/registry.ts';

const descriptions = new Map(Object.keys(registry).map((kind) => [kind, describe(definitionOf(kind))]));
const picked: string[] = [];
const show = (kind: string, palette: string, props: Partial<ChartProps>) => {
  document.documentElement.dataset.palette = palette;
  const description = descriptions.get(kind) ?? describe(definitionOf(kind));
  const place = document.getElementById('page');
  const onPick = (state: string) => picked.push(state);
  if (place)
    render(
      h(Chart, { layout: layoutOf(description), description, active: null, onPick, key: kind, ...props }),
      place,
    );
};

const world = () => document.querySelector('.chart-world');

/** Words wider or higher than the frame or plate they lie in. */
function overflowing(): string[] {
  const frames = '.chart-state, .chart-folded, .chart-label, .chart-name';
  return [...document.querySelectorAll(frames)].flatMap((holder) => {
    const frame = holder
      .querySelector<SVGGraphicsElement>('.chart-frame, .chart-plate, .chart-cover')
      ?.getBBox();
    return [...holder.querySelectorAll('text')].flatMap((text) => {
      const box = text.getBBox();
      const fits =
        frame !== undefined &&
        box.x >= frame.x &&
        box.x + box.width <= frame.x + frame.width &&
        box.y >= frame.y - 1 &&
        box.y + box.height <= frame.y + frame.height + 1;
      return fits ? [] : [text.textContent ?? ''];
    });
  });
}

/** Puts an upload through many states; answers what changed in the picture, and how long each change took, ms. */
async function repaint(rounds: number): Promise<{ changed: string[]; workMs: number[] }> {
  const states = ['confirming', 'waiting', 'sending', 'paused'];
  const changed = new Set<string>();
  const observer = new MutationObserver((all) => {
    for (const { type, attributeName } of all) changed.add(attributeName ?? type);
  });
  const watched = world();
  if (watched)
    observer.observe(watched, { subtree: true, childList: true, attributes: true, characterData: true });
  const workMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const [active = '', entered = ''] = [states[round % 4], states[(round + 3) % 4]];
    const before = performance.now();
    show('upload', 'day', {
      active,
      entered,
      fold: false,
      last: { from: entered, to: active, event: 'pause' },
    });
    workMs.push(performance.now() - before);
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
  observer.disconnect();
  return { changed: [...changed].sort(), workMs: workMs.sort((a, b) => a - b) };
}

function isAllInSight(): boolean {
  const room = document.querySelector('.chart-view')?.getBoundingClientRect();
  const shown = world()?.getBoundingClientRect();
  return (
    room !== undefined &&
    shown !== undefined &&
    shown.left >= room.left &&
    shown.right <= room.right &&
    shown.top >= room.top &&
    shown.bottom <= room.bottom
  );
}

const heard: string[] = [];
document.addEventListener('keydown', (event) => heard.push(event.key));

const probe = {
  show,
  picked,
  heard,
  overflowing,
  repaint,
  isAllInSight,
  async frames(count: number): Promise<void> {
    for (let frame = 0; frame < count; frame += 1)
      await new Promise((resolve) => requestAnimationFrame(resolve));
  },
  place: () => world()?.getAttribute('transform') ?? '',
  lit: (name: string) =>
    [...document.querySelectorAll(`[data-box].${name}`)].map((each) => each.getAttribute('data-box') ?? ''),
};
export type Probe = typeof probe;
Object.assign(globalThis, { probe });

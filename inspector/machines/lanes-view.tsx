// The lanes of the timeline on a canvas: a mark for each record, or how many there are in each column of pixels; the
// selected actor's stand out; dragging over it moves the cursor. Drawn again only when something it shows changed.
import { type ReadonlySignal, useComputed, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { linkedSeqs } from './causes.ts';
import type { Inspection } from './inspection.ts';
import { type Density, densityOf, lanes } from './lanes.ts';
import { isFiltering } from './matches.ts';
import { count, dayAndTime, timeOfDay } from './words.ts';
import { holding, windowOf, type Zoom, zoomBy } from './zoom.ts';

const laneHeightPx = 13;
const laneGapPx = 4;
const laneColors = ['--ok', '--accent', '--warn', '--error'] as const;
const zoomStep = 1.6;

export interface LanesViewProps {
  readonly inspection: Inspection;
  readonly zoom: ReadonlySignal<Zoom | null>;
  readonly setZoom: (zoom: Zoom | null) => void;
}

export function LanesView({ inspection, zoom, setZoom }: LanesViewProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const widthPx = useSignal(600);
  /** Grows when the palette changed. */
  const palette = useSignal(0);
  const { columns } = inspection;
  const drawn = useRef<Zoom>({ from: 0, to: 0 });
  const window = useComputed(() => {
    inspection.version.value;
    const shown = windowOf(zoom.value, columns, inspection.cursor.value === null);
    const next = zoom.value ? windowOf(holding(shown, inspection.seq.value), columns, false) : shown;
    // The same object while it is the same window: nothing is counted again when only the cursor moved in it.
    if (next.from !== drawn.current.from || next.to !== drawn.current.to) drawn.current = next;
    return drawn.current;
  });
  const density = useComputed(() => {
    inspection.version.value;
    const actor = inspection.actor.value === null ? undefined : columns.actors.find(inspection.actor.value);
    const matches = inspection.matches.value;
    const keeps = isFiltering(inspection.filter.value) ? matches.has : undefined;
    return densityOf(columns, window.value, Math.max(1, Math.floor(widthPx.value)), actor, keeps);
  });

  /** The records that caused the cursor's, and those it caused. */
  const linked = useComputed((): readonly number[] => {
    const now = inspection.selected.value;
    const seqs = inspection.actorSeqs.value;
    if (now.is !== 'ready' || !seqs || now.moment.record?.seq !== inspection.seq.value) return [];
    const { actor } = now.moment.record;
    return linkedSeqs(now.moment, (n) => inspection.moments.peek(actor, n), seqs);
  });

  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const size = new ResizeObserver(() => {
      widthPx.value = element.clientWidth || 600;
    });
    size.observe(element);
    const colors = new MutationObserver(() => {
      palette.value++;
    });
    colors.observe(document.documentElement, { attributes: true, attributeFilter: ['data-palette'] });
    return () => {
      size.disconnect();
      colors.disconnect();
    };
  }, []);
  useSignalEffect(() => {
    palette.value;
    const element = canvas.current;
    if (element) paint(element, density.value, window.value, inspection.seq.value, linked.value);
  });

  const seqAt = (event: { clientX: number; currentTarget: HTMLCanvasElement }) => {
    const box = event.currentTarget.getBoundingClientRect();
    const share = Math.min(0.999999, Math.max(0, (event.clientX - box.left) / box.width));
    const { from, to } = window.value;
    return from + Math.floor(share * (to - from + 1));
  };
  const row = inspection.row.value;
  const ends = [window.value.from, window.value.to].map((seq) => columns.row(seq));
  return (
    <div class="lanes">
      <ul class="lane-names" aria-hidden="true">
        {lanes.map((lane) => (
          <li key={lane}>{lane}</li>
        ))}
      </ul>
      <canvas
        ref={canvas}
        class="lanes-canvas"
        role="slider"
        tabIndex={0}
        aria-label="Timeline of the log"
        aria-valuemin={columns.first}
        aria-valuemax={Math.max(columns.first, columns.last)}
        aria-valuenow={inspection.seq.value}
        aria-valuetext={
          row
            ? `Record ${count(row.seq)}, ${timeOfDay(row.at)} UTC: ${columns.types.list[row.type]} of ${inspection.known.labelOf(columns.actors.list[row.actor] ?? '')}`
            : 'No record'
        }
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          inspection.goTo(seqAt(event));
        }}
        onPointerMove={(event) => {
          if (event.currentTarget.hasPointerCapture(event.pointerId)) inspection.goTo(seqAt(event));
        }}
        onWheel={(event) => {
          event.preventDefault();
          const factor = event.deltaY > 0 ? zoomStep : 1 / zoomStep;
          setZoom(zoomBy(window.value, factor, seqAt(event), columns));
        }}
        onKeyDown={(event) => {
          if (event.key !== '+' && event.key !== '-') return;
          event.preventDefault();
          const factor = event.key === '-' ? zoomStep : 1 / zoomStep;
          setZoom(zoomBy(window.value, factor, inspection.seq.value, columns));
        }}
      />
      <p class="lane-ends" aria-hidden="true">
        {ends.map((end, place) => (
          <span key={place === 0 ? 'from' : 'to'}>
            {end ? `#${count(end.seq)} · ${dayAndTime(end.at)}` : ''}
          </span>
        ))}
      </p>
    </div>
  );
}

function paint(
  canvas: HTMLCanvasElement,
  density: Density,
  { from, to }: Zoom,
  seq: number,
  linked: readonly number[],
): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  const ratio = globalThis.devicePixelRatio || 1;
  const height = lanes.length * (laneHeightPx + laneGapPx);
  const { width } = density;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const style = getComputedStyle(canvas);
  const color = (name: string) => style.getPropertyValue(name).trim() || '#888';
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const records = to - from + 1;
  const stepPx = width / records;
  // A mark is at least as wide as can be seen, and as wide as its record's share where there is room.
  const markPx = Math.max(1, Math.min(7, stepPx - 1));
  const scale = Math.log(1 + density.most) || 1;
  context.fillStyle = color('--line');
  for (let lane = 0; lane < lanes.length; lane++)
    context.fillRect(0, lane * (laneHeightPx + laneGapPx) + laneHeightPx, width, 1);
  for (let lane = 0; lane < lanes.length; lane++) {
    const top = lane * (laneHeightPx + laneGapPx);
    context.fillStyle = color(laneColors[lane]!);
    for (let x = 0; x < width; x++) {
      const all = density.all[lane * width + x]!;
      if (all === 0) continue;
      const share = Math.log(1 + all) / scale;
      const own = density.ofActor[lane * width + x]! > 0;
      context.globalAlpha = own ? 1 : 0.25 + 0.3 * share;
      const tall = own ? laneHeightPx : Math.max(4, laneHeightPx * (0.45 + 0.55 * share) - 2);
      context.fillRect(x, top + laneHeightPx - tall, markPx, tall);
    }
  }
  context.globalAlpha = 1;
  const placeOf = (at: number) => Math.round((at - from + 0.5) * stepPx);
  const x = placeOf(seq);
  context.fillStyle = color('--text');
  context.strokeStyle = color('--text');
  for (const other of linked) {
    if (other < from || other > to) continue;
    const end = placeOf(other);
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo(x, height - 1);
    context.quadraticCurveTo((x + end) / 2, -height / 3, end, height - 1);
    context.stroke();
    context.setLineDash([]);
    context.beginPath();
    context.arc(end, height - 4, 3, 0, 2 * Math.PI);
    context.fill();
  }
  context.fillRect(x - 1, 0, 2, height);
  context.beginPath();
  context.moveTo(x - 5, 0);
  context.lineTo(x + 5, 0);
  context.lineTo(x, 6);
  context.fill();
}

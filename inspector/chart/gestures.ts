// Wheel, drag and pinch on a chart. Pointer events carry mouse, pen and fingers alike; two fingers zoom about their middle.
import type { View } from './view.ts';

export interface GestureTarget {
  view(): View;
  /** `by` names the point of the window, px from its corner, that is to stay. */
  zoomBy(factor: number, at: readonly [x: number, y: number]): void;
  dragBy(dx: number, dy: number): void;
}

/** One notch of a wheel (100 px) zooms by about a fifth. */
const wheelFactorPerPx = 0.0018;
/** A press that moves less is a click on a state, not a drag. */
const dragFromPx = 4;

/** Listens on the chart's window until the answer is called. */
export function watchGestures(element: SVGSVGElement, target: GestureTarget): () => void {
  const fingers = new Map<number, readonly [x: number, y: number]>();
  let travelledPx = 0;
  const here = (event: MouseEvent): readonly [number, number] => {
    const { left, top } = element.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  const spread = () => {
    const [[ax, ay] = [0, 0], [bx, by] = [0, 0]] = [...fingers.values()];
    return { apart: Math.hypot(ax - bx, ay - by) || 1, middle: [(ax + bx) / 2, (ay + by) / 2] as const };
  };

  const wheel = (event: WheelEvent) => {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    target.zoomBy(Math.exp(-event.deltaY * lines * wheelFactorPerPx), here(event));
  };
  const down = (event: PointerEvent) => {
    if (event.button !== 0) return;
    if (fingers.size === 0) travelledPx = 0;
    fingers.set(event.pointerId, here(event));
  };
  const move = (event: PointerEvent) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const was = spread();
    const now = here(event);
    fingers.set(event.pointerId, now);
    travelledPx += Math.hypot(now[0] - before[0], now[1] - before[1]);
    if (travelledPx < dragFromPx) return;
    // Only now: capturing at once would take the click away from the state under it.
    if (!element.hasPointerCapture(event.pointerId)) element.setPointerCapture(event.pointerId);
    const share = fingers.size > 1 ? 1 / fingers.size : 1;
    target.dragBy((now[0] - before[0]) * share, (now[1] - before[1]) * share);
    if (fingers.size === 2) target.zoomBy(spread().apart / was.apart, spread().middle);
  };
  const up = (event: PointerEvent) => fingers.delete(event.pointerId);
  const click = (event: MouseEvent) => {
    // What ends a drag picks nothing.
    if (travelledPx >= dragFromPx) event.stopPropagation();
    travelledPx = 0;
  };

  element.addEventListener('wheel', wheel, { passive: false });
  element.addEventListener('pointerdown', down);
  element.addEventListener('pointermove', move);
  element.addEventListener('pointerup', up);
  element.addEventListener('pointercancel', up);
  element.addEventListener('click', click, { capture: true });
  return () => {
    element.removeEventListener('wheel', wheel);
    element.removeEventListener('pointerdown', down);
    element.removeEventListener('pointermove', move);
    element.removeEventListener('pointerup', up);
    element.removeEventListener('pointercancel', up);
    element.removeEventListener('click', click, { capture: true });
  };
}

// The part of the log the lanes show: all that is held, or a window that is zoomed and moved; live it keeps to the end.

/** Fewest records a window shows. */
export const windowRowsMin = 20;

/** Inclusive; null: all that is held. */
export interface Zoom {
  readonly from: number;
  readonly to: number;
}

export interface Extent {
  readonly first: number;
  readonly last: number;
}

/** The window as it is drawn: within what is held, at its end while live. */
export function windowOf(zoom: Zoom | null, { first, last }: Extent, live: boolean): Zoom {
  if (!zoom || last <= first) return { from: first, to: Math.max(first, last) };
  const length = Math.min(zoom.to - zoom.from + 1, last - first + 1);
  const to = live ? last : Math.min(Math.max(zoom.to, first + length - 1), last);
  return { from: to - length + 1, to };
}

/** Larger or smaller by a factor around one sequence, which keeps its place. Null when all is shown again. */
export function zoomBy(window: Zoom, factor: number, around: number, { first, last }: Extent): Zoom | null {
  const length = window.to - window.from + 1;
  const wanted = Math.round(length * factor);
  if (wanted >= last - first + 1) return null;
  const next = Math.max(Math.min(windowRowsMin, last - first + 1), wanted);
  const share = Math.min(1, Math.max(0, (around - window.from) / length));
  const from = Math.round(around - share * next);
  const low = Math.min(Math.max(first, from), last - next + 1);
  return { from: low, to: low + next - 1 };
}

/** Moves a window so that a sequence is in it. */
export function holding(window: Zoom, seq: number): Zoom {
  if (seq >= window.from && seq <= window.to) return window;
  const length = window.to - window.from + 1;
  const from = seq - Math.floor(length / 2);
  return { from, to: from + length - 1 };
}

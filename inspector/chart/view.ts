// Where a picture lies in its window: a scale and an offset, changed by zooming and dragging. Pure; gestures.ts and the
// chart's buttons ask for the next one.

/** Screen = picture × scale + (x, y). All in px. */
export interface View {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** x, y, width, height in the picture. */
export type Frame = readonly number[];

const scaleMin = 0.08;
const scaleMax = 4;
/** A small machine is not blown up beyond this to fill its window. */
const fitScaleMax = 1.3;
/** Below this nobody reads 11 px type: a larger picture opens at the active state instead of fitted. */
const readableScaleMin = 0.72;
const marginPx = 10;
/** So much of the picture stays in sight however far it is dragged. */
const inSightPx = 60;

export function fitView(picture: Size, room: Size): View {
  return centred(picture, room, fitScale(picture, room));
}

/** Largest scale at which all of it is seen; two directions of one machine are compared by it. */
export function fitScale(picture: Size, room: Size): number {
  const fit = Math.min(
    (room.width - 2 * marginPx) / picture.width,
    (room.height - 2 * marginPx) / picture.height,
  );
  return bounded(fit, scaleMin, fitScaleMax);
}

/** All of it if that can be read, else the part around `frame`. */
export function openingView(picture: Size, room: Size, frame: Frame | null): View {
  const fit = fitView(picture, room);
  if (fit.scale >= readableScaleMin || frame === null) return fit;
  return around(picture, room, frame, readableScaleMin);
}

/** The frame in the middle of the window, as far as the picture's edges let it. */
export function around(picture: Size, room: Size, frame: Frame, scale: number): View {
  const [x = 0, y = 0, width = 0, height = 0] = frame;
  return {
    scale,
    x: along(picture.width, room.width, x + width / 2, scale),
    y: along(picture.height, room.height, y + height / 2, scale),
  };
}

function along(length: number, room: number, middle: number, scale: number): number {
  const shown = length * scale;
  if (shown <= room - 2 * marginPx) return (room - shown) / 2;
  return bounded(room / 2 - middle * scale, room - shown - marginPx, marginPx);
}

export function isInSight(view: View, room: Size, frame: Frame): boolean {
  const [x = 0, y = 0, width = 0, height = 0] = frame;
  const left = x * view.scale + view.x;
  const top = y * view.scale + view.y;
  return (
    left >= 0 &&
    top >= 0 &&
    left + width * view.scale <= room.width &&
    top + height * view.scale <= room.height
  );
}

/** The point under (x, y) of the window stays where it is. */
export function zoomed(view: View, factor: number, x: number, y: number): View {
  const scale = bounded(view.scale * factor, scaleMin, scaleMax);
  const share = scale / view.scale;
  return { scale, x: x - (x - view.x) * share, y: y - (y - view.y) * share };
}

export function dragged(view: View, dx: number, dy: number, picture: Size, room: Size): View {
  const keep = (at: number, length: number, window: number) =>
    bounded(at, inSightPx - length * view.scale, window - inSightPx);
  return {
    scale: view.scale,
    x: keep(view.x + dx, picture.width, room.width),
    y: keep(view.y + dy, picture.height, room.height),
  };
}

function centred(picture: Size, room: Size, scale: number): View {
  return {
    scale,
    x: (room.width - picture.width * scale) / 2,
    y: (room.height - picture.height * scale) / 2,
  };
}

const bounded = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

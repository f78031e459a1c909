// The curves of a chart as SVG path data: routes with round corners, arrowheads, and the small signs before words. Signs are
// drawn, not letters: fonts aboard lack ⏱ and ↻.

const cornerPx = 7;
const headPx = 8;
const headHalfPx = 4.5;

type Point = readonly [x: number, y: number];

/** A polyline with rounded corners that ends where its arrowhead begins. */
export function rounded(points: readonly number[]): string {
  const last = points.length - 2;
  const at = (place: number): Point => [points[place] ?? 0, points[place + 1] ?? 0];
  let path = `M${at(0).join(' ')}`;
  for (let place = 2; place < last; place += 2) {
    const corner = at(place);
    const before = towards(corner, at(place - 2), cornerPx);
    const after = towards(corner, at(place + 2), cornerPx);
    path += `L${before.join(' ')}Q${corner.join(' ')} ${after.join(' ')}`;
  }
  return `${path}L${towards(at(last), at(last - 2), headPx - 1).join(' ')}`;
}

/** A triangle whose tip is the last point. */
export function arrowhead(points: readonly number[]): string {
  const [fx = 0, fy = 0, x = 0, y = 0] = points.slice(-4);
  const length = Math.hypot(x - fx, y - fy) || 1;
  const [ux, uy] = [(x - fx) / length, (y - fy) / length];
  const side = (sign: number): string =>
    `${round(x - ux * headPx - uy * sign * headHalfPx)} ${round(y - uy * headPx + ux * sign * headHalfPx)}`;
  return `M${x} ${y}L${side(1)}L${side(-1)}Z`;
}

/** Nearly a full turn and its arrow: "stays here". 10 px wide. */
export const loop = (x: number, y: number): string =>
  `M${x + 8} ${y + 1}A4 4 0 1 0 ${x + 9} ${y + 5}M${x + 8.5} ${y - 2}V${y + 1.5}H${x + 5}`;

/** "A timer": 10 px wide. */
export const clock = (x: number, y: number): string =>
  `M${x} ${y + 5}a5 5 0 1 0 10 0a5 5 0 1 0 -10 0M${x + 5} ${y + 2}V${y + 5}H${x + 7.5}`;

/** "It failed": 10 px wide. */
export const cross = (x: number, y: number): string =>
  `M${x + 1} ${y}L${x + 9} ${y + 8}M${x + 9} ${y}L${x + 1} ${y + 8}`;

/** The point `far` px from a corner towards another point, no further than half the way. */
function towards([x, y]: Point, [tx, ty]: Point, far: number): Point {
  const length = Math.hypot(tx - x, ty - y) || 1;
  const share = Math.min(far, length / 2) / length;
  return [round(x + (tx - x) * share), round(y + (ty - y) * share)];
}

const round = (value: number): number => Math.round(value * 10) / 10;

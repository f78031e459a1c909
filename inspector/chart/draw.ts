// Paints a picture as SVG elements, without a browser: the chart turns them into nodes, the tests into text. Only
// presentation attributes and classes, as a page without inline styles demands. What changes with the actor's state is no
// part of this: light.ts moves classes on the elements named here.

import { arrowhead, clock, cross, loop, rounded } from './paths.ts';
import type { MachineLayout, Picture, PlacedBox, PlacedLabel, PlacedLine } from './picture.ts';
import { boxPadPx, labelHeightPx, labelPadPx, markPx, rowHeightPx, titleHeightPx } from './sizes.ts';

/** An SVG element as data. */
export interface Mark {
  readonly tag: string;
  readonly attributes: { readonly [name: string]: string | number };
  readonly children: readonly (Mark | string)[];
}

/** Back to front: groups, lines, the groups' names, states, words on the lines. */
export function draw(layout: MachineLayout, picture: Picture): readonly Mark[] {
  const boxes = (kind: PlacedBox['kind']) => picture.boxes.filter((box) => box.kind === kind);
  const rows = (box: PlacedBox) => layout.rows[box.id] ?? [];
  const words = (line: PlacedLine) => line.labels.flatMap((at) => layout.labels[at] ?? []);
  const layers: readonly (readonly Mark[])[] = [
    boxes('group').map(drawGroup),
    picture.lines.map((line, at) => drawLine(pointsOf(line, picture.direction), words(line), at)),
    boxes('group').map((box) => drawName(box, rows(box))),
    boxes('start').map(drawStart),
    boxes('folded').map((box) => drawFolded(box, layout)),
    boxes('state').map((box) => drawState(box, rows(box), layout)),
    picture.lines.map((line, at) => drawLabels(line, words(line), at)),
  ];
  // Read aloud, words strewn over a plane make no sense: the text twin says it in order.
  return layers.map((marks) => mark('g', { 'aria-hidden': 'true' }, marks));
}

function drawStart({ at: [x = 0, y = 0, width = 0] }: PlacedBox): Mark {
  return mark('circle', { class: 'chart-start', cx: x + width / 2, cy: y + width / 2, r: width / 2 });
}

function drawGroup(box: PlacedBox): Mark {
  return mark('g', { class: 'chart-group', 'data-box': box.id }, [frame(box, 'chart-frame', 10)]);
}

/** Name and rows of a group lie over the lines that must pass there, on a plate of their own. */
function drawName({ id, at: [x = 0, y = 0] }: PlacedBox, rows: readonly PlacedLabel[]): Mark {
  // A group's name is short: 10 px a letter is room enough for the widest font.
  const wide = Math.max(id.length * 10, ...rows.map(({ width }) => markPx + width));
  const plate = { x: x + 4, y: y + 4, width: wide + 2 * boxPadPx - 4, rx: 6 };
  return mark('g', { class: 'chart-name', 'data-box': id }, [
    mark('rect', { ...plate, class: 'chart-cover', height: titleHeightPx - 6 + rows.length * rowHeightPx }),
    text('chart-title', x + boxPadPx, y + 19, id),
    ...rows.map((row, at) => drawRow(row, x + boxPadPx, y + titleHeightPx - 2 + at * rowHeightPx)),
  ]);
}

function drawFolded(box: PlacedBox, layout: MachineLayout): Mark {
  const { id, at } = box;
  const [x = 0, y = 0, width = 0, height = 0] = at;
  const members = layout.groups.find(({ name }) => name === id)?.states.length ?? 0;
  return mark('g', { class: 'chart-folded', 'data-box': id }, [
    frame({ ...box, at: [x + 4, y + 4, width, height] }, 'chart-behind', 8),
    frame(box, 'chart-frame', 8),
    ring(x, y),
    text('chart-title', x + boxPadPx + markPx, y + 19, id),
    text('chart-row chart-quiet', x + boxPadPx + markPx, y + titleHeightPx + 7, `${members} states`),
  ]);
}

function drawState(box: PlacedBox, rows: readonly PlacedLabel[], layout: MachineLayout): Mark {
  const { id, at } = box;
  const [x = 0, y = 0, width = 0, height = 0] = at;
  const final = layout.finals.includes(id);
  const passing = layout.passing.includes(id) ? ' passing' : '';
  return mark('g', { class: `chart-state${passing}`, 'data-box': id }, [
    frame(box, 'chart-frame', 7),
    ...(final ? [frame({ ...box, at: [x + 3, y + 3, width - 6, height - 6] }, 'chart-inner', 5)] : []),
    ring(x, y),
    text('chart-title', x + boxPadPx + markPx, y + 19, id),
    ...(rows.length > 0
      ? [mark('path', { class: 'chart-rule', d: `M${x} ${y + titleHeightPx}H${x + width}` })]
      : []),
    ...rows.map((row, place) => drawRow(row, x + boxPadPx, y + titleHeightPx + 2 + place * rowHeightPx)),
  ]);
}

/** Empty: not here. Filled: the actor is here. */
function ring(x: number, y: number): Mark {
  return mark('circle', { class: 'chart-ring', cx: x + boxPadPx + 4, cy: y + titleHeightPx / 2, r: 4 });
}

function drawRow(row: PlacedLabel, x: number, y: number): Mark {
  return mark('g', { class: `chart-keep ${row.kind}` }, [
    mark('path', { class: 'chart-sign', d: loop(x, y + 5) }),
    text('chart-row', x + markPx, y + 12, row.text),
  ]);
}

function drawLine(points: readonly number[], labels: readonly PlacedLabel[], at: number): Mark {
  const kinds = new Set(labels.map(({ kind }) => kind));
  const kind = kinds.size === 1 ? [...kinds][0] : 'event';
  return mark('g', { class: `chart-line ${kind}`, 'data-line': at }, [
    mark('path', { class: 'chart-route', d: rounded(points) }),
    mark('path', { class: 'chart-head', d: arrowhead(points) }),
  ]);
}

function drawLabels(line: PlacedLine, labels: readonly PlacedLabel[], at: number): Mark {
  const [x = 0, y = 0] = line.at;
  if (labels.length === 0) return mark('g', {});
  const width = Math.max(...labels.map((label) => label.width)) + 2 * labelPadPx;
  const height = labels.length * labelHeightPx + 2;
  return mark('g', { class: 'chart-label', 'data-line': at }, [
    mark('rect', { class: 'chart-plate', x, y, width, height, rx: 5 }),
    ...labels.map((label, row) => drawWord(label, x + labelPadPx, y + 1 + row * labelHeightPx)),
  ]);
}

function drawWord(label: PlacedLabel, x: number, y: number): Mark {
  const sign =
    label.kind === 'timer' ? clock(x, y + 3) : label.kind === 'failure' ? cross(x, y + 4) : undefined;
  return mark('g', { class: `chart-word ${label.kind}` }, [
    ...(sign === undefined ? [] : [mark('path', { class: 'chart-sign', d: sign })]),
    text('chart-text', x + (sign === undefined ? 0 : markPx), y + 12, label.text),
  ]);
}

/** A route as the points it turns at: [x, y, x, y, …]. */
export function pointsOf({ route }: PlacedLine, direction: Picture['direction']): readonly number[] {
  let [x = 0, y = 0] = route;
  let horizontal = direction === 'right';
  const points = [x, y];
  for (const length of route.slice(2)) {
    if (horizontal) x += length;
    else y += length;
    points.push(x, y);
    horizontal = !horizontal;
  }
  return points;
}

function frame({ at: [x = 0, y = 0, width = 0, height = 0] }: PlacedBox, name: string, rx: number): Mark {
  return mark('rect', { class: name, x, y, width, height, rx });
}

function text(name: string, x: number, y: number, words: string): Mark {
  return mark('text', { class: name, x, y }, [words]);
}

function mark(tag: string, attributes: Mark['attributes'], children: Mark['children'] = []): Mark {
  return { tag, attributes, children };
}

// The form in which pictures travel: arrays of numbers instead of objects, a third smaller after compression. The generator
// packs, the page unpacks once when the chart's code is loaded.
import type {
  LabelKind,
  Layouts,
  MachineLayout,
  Picture,
  PlacedBox,
  PlacedLabel,
  PlacedLine,
} from './picture.ts';

const boxKinds: readonly PlacedBox['kind'][] = ['start', 'state', 'group', 'folded'];
const labelKinds: readonly LabelKind[] = ['event', 'timer', 'failure', 'always'];
const directions: readonly Picture['direction'][] = ['right', 'down'];

type PackedLabel = readonly [text: string, width: number, kind: number, ...events: string[]];
/** Place in `names`, kind, x, y, width, height. */
type PackedBox = readonly number[];
/** Places in `boxes` of both ends, labels, x and y of the words if there are any, route. */
type PackedLine = readonly [
  from: number,
  to: number,
  labels: readonly number[],
  at: readonly number[],
  route: readonly number[],
];
type PackedPicture = readonly [
  direction: number,
  open: number,
  width: number,
  height: number,
  boxes: readonly PackedBox[],
  lines: readonly PackedLine[],
];

interface PackedMachine extends Omit<MachineLayout, 'labels' | 'rows' | 'pictures'> {
  readonly names: readonly string[];
  readonly labels: readonly PackedLabel[];
  readonly rows: { readonly [box: string]: readonly PackedLabel[] };
  readonly pictures: readonly PackedPicture[];
}
export type PackedLayouts = { readonly [kind: string]: PackedMachine };

export function pack(layouts: Layouts): PackedLayouts {
  return mapValues(layouts, (layout) => {
    const names = [
      ...new Set(layout.pictures.flatMap(({ open, boxes }) => [open, ...boxes.map(({ id }) => id)])),
    ];
    const picture = (each: Picture): PackedPicture => {
      const place = (id: string) => each.boxes.findIndex((box) => box.id === id);
      return [
        directions.indexOf(each.direction),
        names.indexOf(each.open),
        each.width,
        each.height,
        each.boxes.map((box) => [names.indexOf(box.id), boxKinds.indexOf(box.kind), ...box.at]),
        each.lines.map((line) => [place(line.from), place(line.to), line.labels, line.at, line.route]),
      ];
    };
    return {
      ...layout,
      names,
      labels: layout.labels.map(packLabel),
      rows: mapValues(layout.rows, (rows) => rows.map(packLabel)),
      pictures: layout.pictures.map(picture),
    };
  });
}

export function unpack(packed: PackedLayouts): Layouts {
  return mapValues(packed, ({ names, ...machine }): MachineLayout => {
    const picture = ([direction, open, width, height, boxes, lines]: PackedPicture): Picture => {
      const placed = boxes.map(
        ([name = 0, kind = 0, ...at]): PlacedBox => ({
          id: names[name] ?? '',
          kind: boxKinds[kind] ?? 'state',
          at,
        }),
      );
      const id = (at: number) => placed[at]?.id ?? '';
      return {
        direction: directions[direction] ?? 'down',
        open: names[open] ?? '*',
        width,
        height,
        boxes: placed,
        lines: lines.map(
          ([from, to, labels, at, route]): PlacedLine => ({ from: id(from), to: id(to), labels, at, route }),
        ),
      };
    };
    return {
      ...machine,
      labels: machine.labels.map(unpackLabel),
      rows: mapValues(machine.rows, (rows) => rows.map(unpackLabel)),
      pictures: machine.pictures.map(picture),
    };
  });
}

/** Most labels begin with their only event, which is then not said twice. */
function packLabel({ text, width, kind, events }: PlacedLabel): PackedLabel {
  const isInText = events.length === 1 && events[0] === firstWord(text);
  return [text, width, labelKinds.indexOf(kind), ...(isInText ? [] : events)];
}

function unpackLabel([text, width, kind, ...events]: PackedLabel): PlacedLabel {
  return {
    text,
    width,
    kind: labelKinds[kind] ?? 'event',
    events: events.length > 0 ? events : [firstWord(text)],
  };
}

function firstWord(text: string): string {
  return text.split(' ', 1)[0] ?? '';
}

function mapValues<A, B>(
  values: { readonly [key: string]: A },
  change: (value: A) => B,
): { [key: string]: B } {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));
}

// What a laid-out machine looks like as data. The generator writes it at build time (packed, see pack.ts) into
// inspector/chart/layouts.json, the page only paints it. All coordinates are whole pixels at zoom 1, from the picture's upper left corner.

/** How a label is drawn: what the event comes from, or what it says. Never by colour alone: each has its own mark. */
export type LabelKind = 'event' | 'timer' | 'failure' | 'always';

/** Words on a line or in a box. Which transitions they stand for follows from where they stand: see chart/find.ts. */
export interface PlacedLabel {
  readonly text: string;
  /** Room for the words and the sign before them, px. */
  readonly width: number;
  readonly kind: LabelKind;
  /** Event types; an empty one is a transition taken at once. More than one only for a count such as "5 events". */
  readonly events: readonly string[];
}

/** One routed line; its labels are stacked in one box. */
export interface PlacedLine {
  readonly from: string;
  readonly to: string;
  /** x and y where it leaves its box, then signed lengths in turn along and across the picture's direction. */
  readonly route: readonly number[];
  /** Upper left corner of the plate on which its labels are stacked; empty when it has none. */
  readonly at: readonly number[];
  /** Places in the machine's `labels`. */
  readonly labels: readonly number[];
}

/** One box: `id` is the state's, or the group's name. */
export interface PlacedBox {
  readonly id: string;
  /** `start` is the dot from which the initial state is entered. */
  readonly kind: 'state' | 'group' | 'folded' | 'start';
  /** x, y, width, height. */
  readonly at: readonly number[];
}

/** One picture of a machine: a direction, and which groups are drawn with their states. */
export interface Picture {
  readonly direction: 'right' | 'down';
  /** Name of the only group drawn with its states; `*`: every group is. */
  readonly open: string;
  readonly width: number;
  readonly height: number;
  /** Outer boxes come before the boxes inside them. */
  readonly boxes: readonly PlacedBox[];
  readonly lines: readonly PlacedLine[];
}

/** All pictures of one machine. */
export interface MachineLayout {
  readonly kind: string;
  readonly version: number;
  readonly states: readonly string[];
  readonly initial: string;
  readonly finals: readonly string[];
  /** States that are always left at once. */
  readonly passing: readonly string[];
  readonly groups: readonly { readonly name: string; readonly states: readonly string[] }[];
  /** Words on lines; many pictures share them. */
  readonly labels: readonly PlacedLabel[];
  /** Box → words inside it, in every picture that shows it open: transitions that keep the state. */
  readonly rows: { readonly [box: string]: readonly PlacedLabel[] };
  readonly pictures: readonly Picture[];
}

/** Kind of machine → its pictures. */
export type Layouts = { readonly [kind: string]: MachineLayout };

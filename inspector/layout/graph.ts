// A machine as something that can be drawn: boxes in boxes, lines between them, words on the lines. Made from a description
// by derive.ts, shortened by fold.ts, given coordinates by place.ts. Boxes nest as deep as they like.
import type { LabelKind } from '../chart/picture.ts';

/** A transition as the machine's own configuration has it: state ids. */
export type Covered = readonly [from: string, to: string];

export interface Label {
  readonly text: string;
  readonly kind: LabelKind;
  /** Every transition these words stand for, by event type; '' is what is taken at once. */
  readonly covers: ReadonlyMap<string, readonly Covered[]>;
}

export interface Box {
  readonly id: string;
  readonly kind: 'state' | 'group' | 'folded' | 'start';
  readonly rows: readonly Label[];
  readonly children: readonly Box[];
}

export interface Line {
  readonly from: string;
  readonly to: string;
  readonly labels: readonly Label[];
}

export interface Graph {
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
  /** Id of the box that the dot `start` points at. */
  readonly initial: string;
}

/** Every box below these, outer ones before inner ones. */
export function allBoxes(boxes: readonly Box[]): readonly Box[] {
  return boxes.flatMap((box) => [box, ...allBoxes(box.children)]);
}

/** Lines between the same two boxes become one, their labels stacked in the order in which they came. */
export function joinLines(lines: readonly Line[]): readonly Line[] {
  const joined = new Map<string, Line>();
  for (const line of lines) {
    const key = JSON.stringify([line.from, line.to]);
    const before = joined.get(key);
    joined.set(key, before ? { ...before, labels: [...before.labels, ...line.labels] } : line);
  }
  return [...joined.values()];
}

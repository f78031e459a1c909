// Lights what is true now on a picture that is already drawn. A new state of the actor moves some classes and nothing else:
// no element is made, measured or moved (figure: test/inspector/chart/chart.test.ts).

import { findWay } from './find.ts';
import type { MachineLayout, Picture } from './picture.ts';
import type { Taken } from './taken.ts';

export interface Lit {
  readonly active: string | null;
  readonly entered: string | null;
  readonly last: Taken | null;
  readonly ghost: string | null;
}

/** `root` holds the elements of `draw(layout, picture)`. The answer may be called as often as wanted. */
export function createLight(root: Element, layout: MachineLayout, picture: Picture): (lit: Lit) => void {
  const boxes = elementsBy(root, 'data-box');
  const lines = elementsBy(root, 'data-line');
  const groupOf = (state: string) => layout.groups.find(({ states }) => states.includes(state))?.name;
  /** A state inside a folded box is shown by that box. */
  const shown = (state: string): readonly Element[] =>
    boxes.get(state) ?? boxes.get(groupOf(state) ?? '') ?? [];
  let on: readonly (readonly [Element, string])[] = [];
  // Elements of the picture before may have become elements of this one, with what was lit on them.
  for (const name of ['active', 'entered', 'ghost', 'taken', 'lit'])
    for (const element of [...root.querySelectorAll(`.${name}`)]) element.classList.remove(name);

  return ({ active, entered, last, ghost }) => {
    const next: (readonly [Element, string])[] = [];
    const light = (elements: readonly Element[], name: string) => {
      for (const element of elements) next.push([element, name]);
    };
    if (active !== null) {
      light(boxes.get(groupOf(active) ?? '') ?? [], 'active');
      light(boxes.get(active) ?? [], 'active');
    }
    if (entered !== null) light(shown(entered), 'entered');
    if (ghost !== null) light(shown(ghost), 'ghost');
    for (const place of last ? findWay(layout, picture, last) : []) {
      if ('line' in place)
        for (const element of lines.get(String(place.line)) ?? []) {
          next.push([element, 'taken']);
          const word = element.querySelectorAll('.chart-word')[place.word];
          if (word) next.push([word, 'lit']);
        }
      else
        for (const element of boxes.get(place.box) ?? []) {
          const row = element.querySelectorAll('.chart-keep')[place.row];
          if (row) next.push([row, 'lit']);
        }
    }
    for (const [element, name] of on)
      if (!next.some(([other, kept]) => other === element && kept === name)) element.classList.remove(name);
    for (const [element, name] of next) element.classList.add(name);
    on = next;
  };
}

function elementsBy(root: Element, attribute: string): ReadonlyMap<string, readonly Element[]> {
  const found = new Map<string, Element[]>();
  for (const element of root.querySelectorAll(`[${attribute}]`)) {
    const key = element.getAttribute(attribute) ?? '';
    found.set(key, [...(found.get(key) ?? []), element]);
  }
  return found;
}

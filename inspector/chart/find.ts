// Which words of a picture stand for a transition. Words on a line stand for all that its two boxes stand for; where a state
// has words of its own, those of its group do not speak for it (derive.ts draws an arrow once, and the closest is it).
import type { MachineLayout, Picture } from './picture.ts';
import type { Taken } from './taken.ts';

/** Where a transition is drawn: on a line of the picture, or as a row inside a box. */
export type Place =
  | { readonly line: number; readonly word: number }
  | { readonly box: string; readonly row: number };

/**
 * All the way that one record of the log took: the transition itself and, where that led into a state which is left at once,
 * the one after it. Empty: this picture does not show it.
 */
export function findWay(layout: MachineLayout, picture: Picture, taken: Taken): readonly Place[] {
  const direct = findTransition(layout, picture, taken);
  if (direct !== null || taken.from === taken.to) return direct === null ? [] : [direct];
  for (const between of layout.states) {
    if (between === taken.from || between === taken.to) continue;
    const first = findTransition(layout, picture, { ...taken, to: between });
    const second = findTransition(layout, picture, { from: between, to: taken.to, event: '' });
    if (first !== null && second !== null) return [first, second];
  }
  return [];
}

/** Null: this picture does not show it (it happens inside a folded box), or the machine has no such transition. */
export function findTransition(layout: MachineLayout, picture: Picture, taken: Taken): Place | null {
  const shown = new Set(picture.boxes.map(({ id }) => id));
  const around = (state: string): string[] => [
    state,
    ...layout.groups.filter(({ states }) => states.includes(state)).map(({ name }) => name),
  ];
  const sources = around(taken.from).filter((id) => shown.has(id));
  const targets = around(taken.to).filter((id) => shown.has(id));
  if (taken.from === taken.to) {
    for (const box of sources) {
      // A folded box has no rows.
      if (picture.boxes.some(({ id, kind }) => id === box && kind === 'folded')) continue;
      const row = (layout.rows[box] ?? []).findIndex(({ events }) => events.includes(taken.event));
      if (row >= 0) return { box, row };
    }
    return null;
  }
  for (const from of sources)
    for (const to of targets) {
      const line = picture.lines.findIndex((each) => each.from === from && each.to === to);
      const word = (picture.lines[line]?.labels ?? []).findIndex((label) =>
        layout.labels[label]?.events.includes(taken.event),
      );
      if (word >= 0) return { line, word };
    }
  return null;
}

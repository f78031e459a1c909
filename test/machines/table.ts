// A state × event table as a test: every cell is written down, and each is tried on an actor that really is in that state.
import { expect, it } from 'vitest';
import type { Cell } from '../../machines/kernel.ts';
import { definitionOf } from '../../machines/registry.ts';
import { tell } from './cells.ts';

/** The state the event leads to; `kept`: accepted in place; `refuses`: changes nothing and is not logged. */
export type Outcome<State extends string> = State | 'kept' | 'refuses';

/** No cell is optional: a new state or event does not compile until somebody decided about it. */
export type Table<State extends string, Event extends string> = {
  readonly [state in State]: { readonly [event in Event]: Outcome<State> };
};

/** Tries every cell of the table on the resting cells. */
export function holdTable<State extends string, Event extends string>(
  kind: string,
  table: Table<State, Event>,
  resting: { readonly [state in State]: Cell },
): void {
  it(`knows every event of ${kind}`, () => {
    for (const row of Object.values<object>(table))
      expect(Object.keys(row).sort()).toEqual(Object.keys(definitionOf(kind).events).sort());
  });
  for (const state of Object.keys(table) as State[]) {
    it(`${kind} in ${state}: every event leads where the table says`, () => {
      expect(resting[state].value).toBe(state);
      const seen: Record<string, string> = {};
      for (const event of Object.keys(table[state])) {
        const next = tell(kind, resting[state], event);
        seen[event] = next === null ? 'refuses' : next.cell.value === state ? 'kept' : next.cell.value;
      }
      expect(seen).toEqual(table[state]);
    });
  }
}

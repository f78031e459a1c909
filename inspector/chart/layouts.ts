// The coordinates the page ships: written at build time by inspector/layout, never computed in the browser.
import type { Description } from '../../machines/describe.ts';
import written from './layouts.json';
import { type PackedLayouts, unpack } from './pack.ts';
import type { Layouts, MachineLayout } from './picture.ts';

export const layouts: Layouts = unpack(written as unknown as PackedLayouts);

/**
 * The pictures of a machine, or null when they are not of this very machine: a history saved by another version may know
 * other states, and a picture of the wrong machine would be worse than none. The chart then shows its text alone.
 */
export function layoutOf(description: Description): MachineLayout | null {
  const layout = Object.hasOwn(layouts, description.kind) ? layouts[description.kind] : undefined;
  const same =
    layout !== undefined &&
    layout.version === description.version &&
    layout.states.length === description.states.length &&
    description.states.every((state) => layout.states.includes(state.id));
  return same ? layout : null;
}

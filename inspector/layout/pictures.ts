// All pictures of one machine that the page may want: two directions, everything open or one group at a time.
import type { Description } from '../../machines/describe.ts';
import type { MachineLayout, Picture, PlacedLabel } from '../chart/picture.ts';
import { deriveGraph, passingStates } from './derive.ts';
import { foldGraph } from './fold.ts';
import { allBoxes, type Label } from './graph.ts';
import { labelWidth, placeGraph } from './place.ts';

/** A machine of fewer states is never folded: there is nothing to gain. */
const foldFromStates = 6;

export async function picturesOf(description: Description): Promise<MachineLayout> {
  const states = description.states.map(({ id }) => id);
  const flat = (label: Label): PlacedLabel => ({
    text: label.text,
    width: labelWidth(label),
    kind: label.kind,
    events: [...label.covers.keys()],
  });
  const labels = new Map<string, number>();
  const place = (label: Label): number => {
    const key = JSON.stringify(flat(label));
    const at = labels.get(key) ?? labels.size;
    labels.set(key, at);
    return at;
  };
  const graph = deriveGraph(description);
  const groups = description.groups.filter((group) => group.states.length > 1);
  const folds = states.length >= foldFromStates && groups.length > 1;
  const pictures: Picture[] = [];
  for (const direction of ['right', 'down'] as const)
    for (const open of ['*', ...(folds ? groups.map(({ name }) => name) : [])])
      pictures.push({ open, ...(await placeGraph(foldGraph(graph, open), direction, place)) });
  return {
    kind: description.kind,
    version: description.version,
    states,
    initial: graph.initial,
    finals: description.states.filter((state) => state.final).map(({ id }) => id),
    passing: passingStates(description),
    groups: groups.map(({ name, states: members }) => ({ name, states: members })),
    labels: [...labels.keys()].map((key) => JSON.parse(key) as PlacedLabel),
    rows: Object.fromEntries(
      allBoxes(graph.boxes)
        .filter((box) => box.rows.length > 0)
        .map((box) => [box.id, box.rows.map(flat)]),
    ),
    pictures,
  };
}

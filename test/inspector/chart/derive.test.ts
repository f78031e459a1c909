// What a picture claims: everything the machine can do, and nothing else.
import { describe, expect, it } from 'vitest';
import { deriveGraph } from '../../../inspector/layout/derive.ts';
import { foldGraph } from '../../../inspector/layout/fold.ts';
import { allBoxes, type Graph } from '../../../inspector/layout/graph.ts';
import type { Description } from '../../../machines/describe.ts';
import { descriptions, invented } from './machines.ts';

/** Every transition that some words stand for, as often as words do. */
function claims(graph: Graph): string[] {
  const labels = [
    ...graph.lines.flatMap((line) => line.labels),
    ...allBoxes(graph.boxes).flatMap((box) => box.rows),
  ];
  return labels.flatMap(({ covers }) =>
    [...covers].flatMap(([event, pairs]) => pairs.map(([from, to]) => `${from} ${event} ${to}`)),
  );
}

const truth = ({ edges }: Description) => [
  ...new Set(edges.map(({ from, event, to }) => `${from} ${event} ${to}`)),
];

const drawn = (description: Description) =>
  deriveGraph(description)
    .lines.flatMap(({ from, to, labels }) => labels.map(({ text }) => `${from} → ${to}: ${text}`))
    .sort();

describe.each(descriptions)('$kind', (description) => {
  it('draws every transition of the machine exactly once, and none that it does not have', () => {
    expect(claims(deriveGraph(description)).sort()).toEqual(truth(description).sort());
  });

  it('names each state that does not take part in a line of its group', () => {
    const graph = deriveGraph(description);
    for (const { name, states } of description.groups)
      for (const line of graph.lines.filter(({ from }) => from === name))
        for (const { text, covers } of line.labels) {
          const takers = new Set([...covers.values()].flat().map(([from]) => from));
          const sees = states.filter((id) =>
            description.edges.some((edge) => edge.from === id && edge.event !== ''),
          );
          for (const id of sees)
            expect(takers.has(id) || text.includes(`not ${id}`), `${text}, ${id}`).toBe(true);
        }
  });

  it('keeps in every folded picture each transition between what is still told apart', () => {
    for (const { name } of description.groups) {
      const graph = foldGraph(deriveGraph(description), name);
      const boxes = allBoxes(graph.boxes);
      const place = (state: string) =>
        boxes.some(({ id }) => id === state)
          ? state
          : description.groups.find(({ states }) => states.includes(state))?.name;
      const between = description.edges.filter(({ from, to }) => place(from) !== place(to));
      const lines = claims({ ...graph, boxes: [] });
      expect([...new Set(lines)].sort()).toEqual(truth({ ...description, edges: between }).sort());
    }
  });
});

describe('one line for a group', () => {
  it('stands for all members when all take the event to the same place', () => {
    expect(drawn(invented({ work: 'a b', over: 'end' }, ['a stop end', 'b stop end']))).toEqual([
      'work → end: stop',
    ]);
  });

  it('names the one member that does not, when three others do', () => {
    const edges = ['a stop end', 'b stop end', 'c stop end'];
    expect(drawn(invented({ work: 'a b c d', over: 'end' }, edges))).toEqual(['work → end: stop (not d)']);
  });

  it('is not drawn for two of three, nor for three of five', () => {
    expect(drawn(invented({ work: 'a b c', over: 'end' }, ['a stop end', 'b stop end']))).toEqual([
      'a → end: stop',
      'b → end: stop',
    ]);
    const edges = ['a stop end', 'b stop end', 'c stop end'];
    expect(drawn(invented({ work: 'a b c d e', over: 'end' }, edges))).toHaveLength(3);
  });

  it('is not drawn when the guards differ', () => {
    const edges = ['a stop end', 'b stop end [ready]'];
    expect(drawn(invented({ work: 'a b', over: 'end' }, edges))).toEqual([
      'a → end: stop',
      'b → end: stop [ready]',
    ]);
  });

  it('is not drawn to a member of the group itself', () => {
    expect(drawn(invented({ work: 'a b c' }, ['a stop c', 'b stop c']))).toEqual([
      'a → c: stop',
      'b → c: stop',
    ]);
  });

  it('does not count a state that is left at once, and never stands for leaving at once', () => {
    const edges = ['pass - a', 'a stop end', 'b stop end'];
    expect(drawn(invented({ work: 'pass a b', over: 'end' }, edges))).toEqual([
      'pass → a: at once',
      'work → end: stop',
    ]);
  });
});

// The shorter picture: groups other than the open one become single boxes. A line that ends at a folded box names the events
// that lead from some state in there, or to some state in there, without guards; many of them become a count.
import { allBoxes, type Box, type Covered, type Graph, joinLines, type Label, type Line } from './graph.ts';

/** More events than this on a line of a folded box are drawn as "5 events"; unfolding names them. */
const foldedEventsMax = 4;

/** `open`: the name of the group that keeps its states; `*` folds nothing. */
export function foldGraph(graph: Graph, open: string): Graph {
  if (open === '*') return graph;
  const folded = new Map<string, string>();
  const fold = (box: Box): Box => {
    const inner = allBoxes([box]).map(({ id }) => id);
    if (box.kind !== 'group' || inner.includes(open)) return { ...box, children: box.children.map(fold) };
    for (const id of inner) folded.set(id, box.id);
    return { id: box.id, kind: 'folded', rows: [], children: [] };
  };
  const boxes = graph.boxes.map(fold);
  const end = (id: string): string => folded.get(id) ?? id;
  const moved = graph.lines
    .map((line): Line => ({ ...line, from: end(line.from), to: end(line.to) }))
    .filter((line) => line.from !== line.to);
  const ends = new Set(folded.values());
  return {
    boxes,
    lines: joinLines(moved).map((line) => (ends.has(line.from) || ends.has(line.to) ? shorten(line) : line)),
    initial: end(graph.initial),
  };
}

/** One word per event, or how many events there are. */
function shorten(line: Line): Line {
  const covers = new Map<string, readonly Covered[]>();
  const kinds = new Map<string, Label['kind']>();
  for (const label of line.labels)
    for (const [event, pairs] of label.covers) {
      covers.set(event, [...(covers.get(event) ?? []), ...pairs]);
      kinds.set(event, label.kind);
    }
  if (covers.size > foldedEventsMax) {
    const all = new Set(kinds.values());
    const kind = all.size === 1 ? ([...all][0] ?? 'event') : 'event';
    return { ...line, labels: [{ text: `${covers.size} events`, kind, covers }] };
  }
  const labels = [...covers].map(([event, pairs]): Label => {
    const kind = kinds.get(event) ?? 'event';
    return { text: event || 'at once', kind, covers: new Map([[event, pairs]]) };
  });
  return { ...line, labels };
}

// Gives a graph its coordinates with ELK. Runs at build time: layout takes 50–600 ms per picture, painting its result a few.
//
// Learned the hard way with elkjs 0.12.1: options are not inherited, so every compound carries them all; `inline` belongs on
// each label; cycle breaking MODEL_ORDER crashes with INCLUDE_CHILDREN, DEPTH_FIRST puts the initial state first.
import ElkConstructor, {
  type ElkExtendedEdge,
  type ElkNode,
  type LayoutOptions,
} from 'elkjs/lib/elk.bundled.js';
import type { Picture, PlacedBox, PlacedLine } from '../chart/picture.ts';
import { boxPadPx, labelHeightPx, labelPadPx, markPx, rowHeightPx, titleHeightPx } from '../chart/sizes.ts';
import { allBoxes, type Box, type Graph, type Label, type Line } from './graph.ts';
import { labelWidthPx, titleWidthPx } from './measure.ts';

// The package is CommonJS: its class arrives as `default` of itself under Node's own rules.
type Elk = { layout(graph: ElkNode): Promise<ElkNode> };
const elk = new (ElkConstructor as unknown as new () => Elk)();

const startPx = 12;
const stateMinPx = 72;

type Direction = Picture['direction'];

function options(direction: Direction): LayoutOptions {
  return {
    'elk.algorithm': 'layered',
    'elk.direction': direction === 'right' ? 'RIGHT' : 'DOWN',
    'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
    'elk.edgeRouting': 'ORTHOGONAL',
    'elk.json.edgeCoords': 'ROOT',
    'elk.layered.feedbackEdges': 'true',
    'elk.layered.cycleBreaking.strategy': 'DEPTH_FIRST',
    'elk.layered.nodePlacement.favorStraightEdges': 'true',
    'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
    'elk.layered.thoroughness': '20',
    'elk.spacing.nodeNode': '28',
    'elk.spacing.edgeNode': '16',
    'elk.spacing.edgeEdge': '12',
    'elk.spacing.edgeLabel': '4',
    'elk.spacing.labelNode': '8',
    'elk.layered.spacing.nodeNodeBetweenLayers': '28',
    'elk.layered.spacing.edgeNodeBetweenLayers': '16',
    'elk.layered.spacing.edgeEdgeBetweenLayers': '12',
  };
}

/** `place` answers where a label stands in the machine's list of them. */
export async function placeGraph(
  graph: Graph,
  direction: Direction,
  place: (label: Label) => number,
): Promise<Omit<Picture, 'open'>> {
  const laid = await elk.layout(toElk(graph, direction));
  const boxes = new Map(allBoxes(graph.boxes).map((box) => [box.id, box]));
  const placed: PlacedBox[] = [];
  const collect = (node: ElkNode, dx: number, dy: number) => {
    const x = dx + (node.x ?? 0);
    const y = dy + (node.y ?? 0);
    if (node.id !== 'root') {
      const box = boxes.get(unquoted(node.id));
      placed.push({
        id: box?.id ?? 'start',
        kind: box?.kind ?? 'start',
        at: [x, y, node.width ?? 0, node.height ?? 0].map(Math.round),
      });
    }
    for (const child of node.children ?? []) collect(child, x, y);
  };
  collect(laid, 0, 0);
  const lines = (laid.edges ?? []).map((edge, at): PlacedLine => {
    const section = edge.sections?.[0];
    const points = section ? [section.startPoint, ...(section.bendPoints ?? []), section.endPoint] : [];
    const label = edge.labels?.[0];
    const line = graph.lines[at];
    return {
      from: line?.from ?? 'start',
      to: line?.to ?? graph.initial,
      route: routeOf(points, direction),
      at: label ? [Math.round(label.x ?? 0), Math.round(label.y ?? 0)] : [],
      labels: (line?.labels ?? []).map(place),
    };
  });
  return {
    direction,
    width: Math.ceil(laid.width ?? 0),
    height: Math.ceil(laid.height ?? 0),
    boxes: placed,
    lines,
  };
}

function toElk(graph: Graph, direction: Direction): ElkNode {
  const every = options(direction);
  const node = (box: Box): ElkNode => {
    if (box.children.length === 0) return { id: quoted(box.id), ...sizeOf(box) };
    const { width } = sizeOf(box);
    const top = titleHeightPx + box.rows.length * rowHeightPx + boxPadPx;
    return {
      id: quoted(box.id),
      children: withStart(box.children),
      layoutOptions: {
        ...every,
        'elk.padding': `[top=${top},left=18,bottom=18,right=18]`,
        'elk.nodeSize.constraints': 'MINIMUM_SIZE',
        'elk.nodeSize.minimum': `(${width},${top})`,
      },
    };
  };
  // The dot stands beside the state it points at, inside the same box.
  const withStart = (boxes: readonly Box[]): ElkNode[] => [
    ...(boxes.some(({ id }) => id === graph.initial)
      ? [
          {
            id: 'start',
            width: startPx,
            height: startPx,
            layoutOptions: { 'elk.layered.layering.layerConstraint': 'FIRST' },
          },
        ]
      : []),
    ...boxes.map(node),
  ];
  const ranks = ranksFrom(graph);
  return {
    id: 'root',
    layoutOptions: { ...every, 'elk.padding': '[top=12,left=12,bottom=12,right=12]' },
    children: withStart(graph.boxes),
    edges: [
      ...graph.lines.map((line, at) => edge(line, at, ranks)),
      {
        id: 'start-line',
        sources: ['start'],
        targets: [quoted(graph.initial)],
        layoutOptions: { 'elk.layered.priority.direction': '50' },
      },
    ],
  };
}

function edge(line: Line, at: number, ranks: ReadonlyMap<string, number>): ElkExtendedEdge {
  const forward = (ranks.get(line.from) ?? 0) < (ranks.get(line.to) ?? 0);
  const wide = Math.max(...line.labels.map(labelWidth), 0);
  return {
    id: `line-${at}`,
    sources: [quoted(line.from)],
    targets: [quoted(line.to)],
    layoutOptions: forward ? { 'elk.layered.priority.direction': '10' } : {},
    labels: [
      {
        id: `label-${at}`,
        text: line.labels[0]?.text ?? '',
        width: wide + 2 * labelPadPx,
        height: line.labels.length * labelHeightPx + 2,
        layoutOptions: { 'elk.edgeLabels.inline': 'true', 'elk.edgeLabels.placement': 'CENTER' },
      },
    ],
  };
}

/** Timers and failures have a sign before their words. */
export function labelWidth({ kind, text }: Pick<Label, 'kind' | 'text'>): number {
  return (kind === 'timer' || kind === 'failure' ? markPx : 0) + labelWidthPx(text);
}

function sizeOf(box: Box): { readonly width: number; readonly height: number } {
  const rows = box.rows.map((row) => markPx + labelWidthPx(row.text));
  const caption = box.kind === 'folded' ? rowHeightPx : 0;
  return {
    width: Math.max(stateMinPx, markPx + titleWidthPx(box.id), ...rows) + 2 * boxPadPx,
    height: titleHeightPx + caption + (rows.length > 0 ? rows.length * rowHeightPx + 6 : 0),
  };
}

/** Steps from the initial state: lines that lead further are to point the way the picture reads. */
function ranksFrom(graph: Graph): ReadonlyMap<string, number> {
  const inner = new Map(allBoxes(graph.boxes).map((box) => [box.id, allBoxes([box]).map(({ id }) => id)]));
  const ranks = new Map<string, number>([[graph.initial, 0]]);
  const waiting = [graph.initial];
  for (let at = waiting.shift(); at !== undefined; at = waiting.shift())
    for (const line of graph.lines)
      if (inner.get(line.from)?.includes(at) && !ranks.has(line.to)) {
        ranks.set(line.to, (ranks.get(at) ?? 0) + 1);
        waiting.push(line.to);
      }
  return ranks;
}

/** Orthogonal lines turn at every point, so one number per point says it all. */
function routeOf(
  points: readonly { readonly x: number; readonly y: number }[],
  direction: Direction,
): number[] {
  const whole = points.map(({ x, y }) => [Math.round(x), Math.round(y)] as const);
  let along = direction === 'right';
  const route: number[] = [...(whole[0] ?? [])];
  for (const [at, [x, y]] of whole.slice(1).entries()) {
    const [fromX, fromY] = whole[at] ?? [x, y];
    if (along ? y !== fromY : x !== fromX) throw new Error(`a line does not turn squarely at ${x}, ${y}`);
    route.push(along ? x - fromX : y - fromY);
    along = !along;
  }
  return route;
}

/** ELK's ids share one space with our own names for root, dot and lines. */
const quoted = (id: string): string => `box ${id}`;
const unquoted = (id: string): string => id.replace(/^box /, '');

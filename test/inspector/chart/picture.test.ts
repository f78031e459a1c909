// The coordinates the page ships: complete, readable, small, and what the machines say today.
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { draw, type Mark, pointsOf } from '../../../inspector/chart/draw.ts';
import { findTransition } from '../../../inspector/chart/find.ts';
import { pack, unpack } from '../../../inspector/chart/pack.ts';
import type { MachineLayout, Picture, PlacedLine } from '../../../inspector/chart/picture.ts';
import { labelHeightPx, labelPadPx } from '../../../inspector/chart/sizes.ts';
import type { Graph } from '../../../inspector/layout/graph.ts';
import { layoutsNow, textOf } from '../../../inspector/layout/main.ts';
import { placeGraph } from '../../../inspector/layout/place.ts';
import { descriptions, shipped, shippedOf, shippedText } from './machines.ts';

/** All machines together, packed and compressed as the page's files are. */
const shippedGzipBytesMax = 8_000;

type Frame = readonly number[];
const apart = ([ax = 0, ay = 0, aw = 0, ah = 0]: Frame, [bx = 0, by = 0, bw = 0, bh = 0]: Frame) =>
  ax + aw <= bx || bx + bw <= ax || ay + ah <= by || by + bh <= ay;
const inside = ([ax = 0, ay = 0, aw = 0, ah = 0]: Frame, [bx = 0, by = 0, bw = 0, bh = 0]: Frame) =>
  ax >= bx && ay >= by && ax + aw <= bx + bw && ay + ah <= by + bh;

function plateOf(layout: MachineLayout, line: PlacedLine): Frame | null {
  const widths = line.labels.map((at) => layout.labels[at]?.width ?? 0);
  if (widths.length === 0) return null;
  return [...line.at, Math.max(...widths) + 2 * labelPadPx, widths.length * labelHeightPx + 2];
}

const pictures = descriptions.flatMap(({ kind }) => {
  const layout = shippedOf(kind);
  return layout.pictures.map((picture) => ({
    name: `${kind} ${picture.direction}, open ${picture.open}`,
    layout,
    picture,
  }));
});

describe.each(pictures)('$name', ({ layout, picture }) => {
  const solid = picture.boxes.filter(({ kind }) => kind === 'state' || kind === 'folded');
  const plates = picture.lines.flatMap((line) => {
    const plate = plateOf(layout, line);
    return plate ? [{ line, plate }] : [];
  });

  it('lays no words over a state, nor over other words', () => {
    for (const [at, { line, plate }] of plates.entries()) {
      for (const box of solid)
        expect(apart(plate, box.at), `${line.from} → ${line.to} over ${box.id}`).toBe(true);
      for (const { line: other, plate: second } of plates.slice(at + 1))
        expect(apart(plate, second), `${line.from} → ${line.to} over ${other.from} → ${other.to}`).toBe(true);
      expect(inside(plate, [0, 0, picture.width, picture.height])).toBe(true);
    }
  });

  it('keeps states apart, groups apart, and each state inside its group', () => {
    const groups = picture.boxes.filter(({ kind }) => kind === 'group');
    for (const set of [solid, groups])
      for (const [at, box] of set.entries())
        for (const other of set.slice(at + 1)) expect(apart(box.at, other.at)).toBe(true);
    for (const { id, at } of solid) {
      const group = groups.find(({ id: name }) =>
        layout.groups.some((each) => each.name === name && each.states.includes(id)),
      );
      if (group) expect(inside(at, group.at)).toBe(true);
    }
  });

  it('leads no line through a state', () => {
    for (const line of picture.lines) {
      const points = pointsOf(line, picture.direction);
      for (let at = 2; at < points.length; at += 2) {
        const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = points.slice(at - 2, at + 2);
        const leg = [Math.min(x1, x2), Math.min(y1, y2), Math.abs(x1 - x2), Math.abs(y1 - y2)];
        for (const { id, at: box } of solid)
          expect(apart(leg, box), `${line.from} → ${line.to} through ${id}`).toBe(true);
      }
    }
  });

  it('shows every transition between boxes that it tells apart, at words that name its event', () => {
    const description = descriptions.find(({ kind }) => kind === layout.kind);
    const box = (state: string) =>
      solid.some(({ id }) => id === state)
        ? state
        : layout.groups.find(({ states }) => states.includes(state))?.name;
    for (const { from, to, event } of description?.edges ?? []) {
      const place = findTransition(layout, picture, { from, to, event });
      const hidden = box(from) === box(to) && box(from) !== from;
      expect(place === null, `${from} ${event} ${to}`).toBe(hidden);
      if (place && 'line' in place) {
        const label = layout.labels[picture.lines[place.line]?.labels[place.word] ?? -1];
        expect(label?.events).toContain(event);
      }
    }
  });

  it('finds nothing for a transition that the machine does not have', () => {
    const edges = descriptions.find(({ kind }) => kind === layout.kind)?.edges ?? [];
    const has = (from: string, to: string, event: string) =>
      edges.some((edge) => edge.from === from && edge.to === to && edge.event === event);
    if (picture.open !== '*') return; // a folded line is true of some state in there, not of each
    for (const from of layout.states)
      for (const to of layout.states)
        for (const event of new Set(edges.map((edge) => edge.event))) {
          const place = findTransition(layout, picture, { from, to, event });
          if (place === null || has(from, to, event)) continue;
          // A line of a whole group names the member it does not hold for.
          const words =
            'line' in place
              ? layout.labels[picture.lines[place.line]?.labels[place.word] ?? -1]?.text
              : layout.rows[place.box]?.[place.row]?.text;
          const honest = words?.includes(`not ${from}`) || layout.passing.includes(from);
          expect(honest, `${from} ${event} ${to}`).toBe(true);
        }
  });
});

describe('what is shipped', () => {
  it('is what the generator makes of the machines today', async () => {
    expect(textOf(pack(await layoutsNow()))).toBe(shippedText);
  });

  it(`is at most ${shippedGzipBytesMax} bytes, compressed`, () => {
    expect(gzipSync(shippedText, { level: 9 }).length).toBeLessThanOrEqual(shippedGzipBytesMax);
  });

  it('is the same after packing and unpacking', () => {
    expect(unpack(pack(shipped))).toEqual(shipped);
  });

  it.each(descriptions)('draws $kind as the picture kept beside this test', async ({ kind }) => {
    const layout = shippedOf(kind);
    const whole = layout.pictures.find(({ open, direction }) => open === '*' && direction === 'down');
    await expect(svg(layout, whole)).toMatchFileSnapshot(`golden/${kind}.svg`);
  });
});

it('lays out boxes inside boxes inside boxes, with lines between the depths', async () => {
  const leaf = (id: string) => ({ id, kind: 'state' as const, rows: [], children: [] });
  const label = { text: 'go on', kind: 'event' as const, covers: new Map([['go', [['a', 'b'] as const]]]) };
  const graph: Graph = {
    initial: 'a',
    boxes: [
      {
        id: 'outer',
        kind: 'group',
        rows: [label],
        children: [leaf('a'), { id: 'inner', kind: 'group', rows: [], children: [leaf('b'), leaf('c')] }],
      },
      leaf('d'),
    ],
    lines: [
      { from: 'a', to: 'b', labels: [label] },
      { from: 'b', to: 'c', labels: [label] },
      { from: 'inner', to: 'd', labels: [label, label] },
      { from: 'd', to: 'a', labels: [label] },
    ],
  };
  for (const direction of ['right', 'down'] as const) {
    const picture = await placeGraph(graph, direction, () => 0);
    const at = (id: string) => picture.boxes.find((box) => box.id === id)?.at ?? [];
    expect(inside(at('inner'), at('outer'))).toBe(true);
    expect(inside(at('b'), at('inner'))).toBe(true);
    expect(inside(at('c'), at('inner'))).toBe(true);
    expect(inside(at('start'), at('outer'))).toBe(true);
    expect(apart(at('d'), at('outer'))).toBe(true);
    expect(picture.lines.map(({ from, to }) => `${from} ${to}`)).toEqual([
      'a b',
      'b c',
      'inner d',
      'd a',
      'start a',
    ]);
  }
});

function svg(layout: MachineLayout, picture: Picture | undefined): string {
  if (!picture) return '';
  const escaped = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');
  const text = (mark: Mark | string): string => {
    if (typeof mark === 'string') return escaped(mark);
    const attributes = Object.entries(mark.attributes).map(
      ([name, value]) => ` ${name}="${escaped(`${value}`)}"`,
    );
    return `<${mark.tag}${attributes.join('')}>${mark.children.map(text).join('')}</${mark.tag}>`;
  };
  const { width, height } = picture;
  const body = draw(layout, picture).map(text).join('\n').replaceAll('</g><g', '</g>\n<g');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}">\n${body}\n</svg>\n`;
}

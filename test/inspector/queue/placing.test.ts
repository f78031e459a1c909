import { describe, expect, it } from 'vitest';
import { goesFirst } from '../../../inspector/queue/order.ts';
import { placeAt, placeBeside, placeOnTop, priorityWord } from '../../../inspector/queue/placing.ts';

/** A line from priorities; age runs with the letters' place in the argument. */
function lineOf(...priorities: readonly number[]) {
  return priorities
    .map((priority, age) => ({ id: String.fromCharCode(97 + age), priority, addedMs: age }))
    .sort(goesFirst);
}
const of = (line: ReturnType<typeof lineOf>, id: string) => line.find((one) => one.id === id)!;

describe('a place in the line', () => {
  it('is reached by the smallest change of priority', () => {
    const line = lineOf(2, 5, 8);
    expect(placeAt(line, of(line, 'c'), 1)).toMatchObject({ place: 1, exact: true, priority: 4 });
    expect(placeAt(line, of(line, 'a'), 1)).toMatchObject({ place: 1, exact: true, priority: 6 });
    expect(placeAt(line, of(line, 'a'), 2)).toMatchObject({ place: 2, exact: true, priority: 9 });
  });

  it('needs no change where the document stands already', () => {
    const line = lineOf(5, 5, 5);
    expect(placeAt(line, of(line, 'b'), 1)).toEqual({ priority: 5, place: 1, exact: true });
  });

  it('is taken as near as it can be among equals, where age decides, and says so', () => {
    const line = lineOf(5, 5, 5, 5);
    const placing = placeAt(line, of(line, 'd'), 1);
    expect(placing.exact).toBe(false);
    expect([0, 3]).toContain(placing.place);
  });

  it('is reached for every document and every target whenever some priority reaches it', () => {
    const line = lineOf(1, 1, 3, 5, 5, 9, 10);
    for (const moved of line)
      for (let target = 0; target < line.length; target++) {
        const others = line.filter((one) => one !== moved);
        const places = Array.from({ length: 10 }, (_, index) => {
          const candidate = { ...moved, priority: index + 1 };
          return others.filter((other) => goesFirst(other, candidate) < 0).length;
        });
        const placing = placeAt(line, moved, target);
        expect(placing.exact).toBe(places.includes(target));
        expect(places[placing.priority - 1]).toBe(placing.place);
        const nearest = Math.min(...places.map((place) => Math.abs(place - target)));
        expect(Math.abs(placing.place - target)).toBe(nearest);
        const change = Math.abs(placing.priority - moved.priority);
        for (const [index, place] of places.entries())
          if (Math.abs(place - target) === nearest)
            expect(Math.abs(index + 1 - moved.priority)).toBeGreaterThanOrEqual(change);
      }
  });
});

describe('the buttons', () => {
  it('move up and down by at least one place, or are told that they cannot', () => {
    const line = lineOf(2, 5, 5, 8);
    expect(placeBeside(line, of(line, 'd'), -1)).toMatchObject({ place: 1, priority: 4 });
    expect(placeBeside(line, of(line, 'c'), -1)).toMatchObject({ place: 1, priority: 4 });
    expect(placeBeside(line, of(line, 'a'), -1)).toBeUndefined();
    expect(placeBeside(line, of(line, 'd'), 1)).toBeUndefined();
    expect(placeBeside(line, of(line, 'a'), 1)).toMatchObject({ place: 2, exact: false, priority: 6 });
  });

  it('cannot overtake an older one of the highest priority', () => {
    const line = lineOf(1, 1);
    expect(placeBeside(line, of(line, 'b'), -1)).toBeUndefined();
    expect(placeOnTop(line, of(line, 'b'))).toMatchObject({ place: 1, priority: 1 });
  });

  it('bring to the top what may get there, with no more priority than that takes', () => {
    const line = lineOf(4, 5, 9);
    expect(placeOnTop(line, of(line, 'c'))).toMatchObject({ place: 0, priority: 3, exact: true });
  });
});

it('has a word for every priority', () => {
  expect([1, 2, 5, 7, 10].map(priorityWord)).toEqual(['Critical', 'High 2', 'Normal', 'Low 7', 'Low']);
});

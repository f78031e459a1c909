import { describe, expect, it } from 'vitest';
import {
  compareOnLine,
  inTurn,
  noTurns,
  type OnLine,
  passedMaxBytes,
  spoken,
} from '../../machines/line-turns.ts';
import { FakeRandom } from '../support/fake-random.ts';

interface Doc extends OnLine {
  leftBytes: number;
  readonly sizeBytes: number;
}
const doc = (age: number, sizeBytes: number, priority = 5): Doc => ({
  age: String(age).padStart(6, '0'),
  sizeBytes,
  leftBytes: sizeBytes,
  priority,
});

/** A line that sends one grain at a time; `arrives` may add documents before each. Answers who spoke, in order. */
function run(docs: Doc[], grain: number, steps: number, arrives: (step: number) => Doc[] = () => []): Doc[] {
  let turns = noTurns;
  const spokeInOrder: Doc[] = [];
  const all = [...docs];
  for (let step = 0; step < steps; step++) {
    all.push(...arrives(step));
    const waiting = all.filter((one) => one.leftBytes > 0).sort(compareOnLine);
    const [next] = inTurn(waiting, turns);
    if (!next) continue;
    const bytes = Math.min(grain, next.leftBytes);
    turns = spoken(waiting, turns, next, bytes);
    next.leftBytes -= bytes;
    spokeInOrder.push(next);
  }
  return spokeInOrder;
}

describe('who speaks next on the line', () => {
  it('goes by priority, then age', () => {
    const [a, b, c] = [doc(1, 100), doc(2, 100), doc(3, 100, 1)];
    expect(run([a, b, c], 100, 3)).toEqual([c, a, b]);
  });

  it('fifty scans pass a video, with half of the line at most', () => {
    const video = doc(0, 5_000_000_000);
    const scans = Array.from({ length: 50 }, (_, i) => doc(i + 1, 300_000));
    const spoke = run([video, ...scans], 6_000, 6_000);
    expect(scans.every((scan) => scan.leftBytes === 0)).toBe(true);
    const last = spoke.lastIndexOf(scans.at(-1)!);
    const ofVideo = spoke.slice(0, last).filter((one) => one === video).length;
    expect(ofVideo / last).toBeGreaterThan(0.49);
    expect(ofVideo / last).toBeLessThan(0.52);
    // Among themselves they are in order of age.
    expect(scans.map((scan) => spoke.indexOf(scan))).toEqual(
      scans.map((scan) => spoke.indexOf(scan)).sort((a, b) => a - b),
    );
  });

  it('the oldest has at least half of the line, however many small ones keep coming', () => {
    const random = new FakeRandom(9, 'turns');
    for (let round = 0; round < 6; round++) {
      const head = doc(0, 10_000_000_000);
      let age = 1;
      const spoke = run([head], 6_000, 2_000, () =>
        random.unit() < 0.9 ? [doc(age++, 1 + Math.floor(random.unit() * 500_000))] : [],
      );
      const bytes = head.sizeBytes - head.leftBytes;
      expect(bytes).toBeGreaterThanOrEqual(((spoke.length - 50) * 6_000) / 2.2);
    }
  });

  it('nothing starves: every document of a priority gets through while others of it keep coming', () => {
    const random = new FakeRandom(10, 'turns');
    const first = Array.from({ length: 40 }, (_, i) =>
      doc(i, 1 + Math.floor(random.unit() ** 5 * 3_000_000)),
    );
    const total = first.reduce((sum, one) => sum + one.sizeBytes, 0);
    let age = 1_000;
    run(first, 6_000, Math.ceil((total * 2.5) / 6_000), () => [doc(age++, 5_000)]);
    expect(first.every((one) => one.leftBytes === 0)).toBe(true);
  });

  it('an urgent document has the whole line at the next frame', () => {
    const video = doc(0, 5_000_000_000);
    const scans = Array.from({ length: 50 }, (_, i) => doc(i + 1, 300_000));
    const urgent = doc(100, 50_000, 1);
    const spoke = run([video, ...scans], 6_000, 200, (step) => (step === 100 ? [urgent] : []));
    expect(spoke.slice(100, 109)).toEqual(Array(9).fill(urgent));
  });

  it('of similar ones the oldest is finished first', () => {
    const [a, b] = [doc(1, 300_000), doc(2, 200_000)];
    const spoke = run([a, b], 6_000, 90);
    expect(spoke.indexOf(b)).toBeGreaterThan(spoke.lastIndexOf(a));
  });

  it('a head that had nothing to say for long is not owed the line for long', () => {
    const head = doc(0, 1_000_000_000);
    const small = doc(1, 10_000_000);
    let turns = noTurns;
    for (let i = 0; i < 10_000; i++) turns = spoken([head, small], turns, small, 6_000);
    expect(turns.passedBytes).toBe(passedMaxBytes);
    expect(inTurn([head, small], turns)[0]).toBe(head);
  });
});

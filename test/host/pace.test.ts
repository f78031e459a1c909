import { describe, expect, it } from 'vitest';
import { createPace } from '../../agent/host/pace.ts';

/** A pace that has seen many turns of 100 events: `eventMs` of work for each, `writeMs` until they were on the disk. */
function used(eventMs: number, writeMs: number) {
  const pace = createPace();
  for (let turn = 0; turn < 50; turn++) {
    pace.worked(100, 100 * eventMs);
    pace.written(writeMs);
  }
  return pace;
}

describe('the pace of the turn loop', () => {
  it('gives a fast disk the first half while the second is decided', () => {
    const pace = used(0.01, 0.8);
    expect(pace.take(100, true)).toBe(50);
    expect(pace.overlaps(100)).toBe(true);
  });

  it('writes all at once where an fsync takes longer than the decision', () => {
    const pace = used(0.01, 5);
    expect(pace.take(100, true)).toBe(100);
    expect(pace.overlaps(100)).toBe(false);
  });

  it('never splits the few, and takes all that waits once a write is under way', () => {
    const pace = used(0.01, 0.1);
    expect(pace.take(31, true)).toBe(31);
    expect(pace.take(100, false)).toBe(100);
  });

  it('follows a disk that becomes slow', () => {
    const pace = used(0.01, 0.8);
    for (let write = 0; write < 20; write++) pace.written(20);
    expect(pace.overlaps(100)).toBe(false);
  });
});

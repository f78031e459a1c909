import { describe, expect, it } from 'vitest';
import { type Candidate, type Conditions, choose, compare, holdOf } from '../../machines/schedule.ts';
import { FakeRandom } from '../support/fake-random.ts';

const candidate = (actor: string, more: Partial<Candidate> = {}): Candidate => ({
  actor,
  priority: 5,
  addedMs: 1_000,
  name: actor,
  version: 1,
  ...more,
});
const calm: Conditions = {
  connection: 'online',
  breakers: { line: 'closed' },
  running: [],
  runningMax: 2,
  urgentExtraMax: 1,
  earliestOpen: () => undefined,
};
const running = (count: number) => Array.from({ length: count }, (_, i) => candidate(`running${i}`));
const started = (candidates: Candidate[], now: Conditions) =>
  choose(candidates, now).start.map((one) => one.actor);

describe('which upload next', () => {
  it('goes by priority, then age, then id', () => {
    const all = [
      candidate('d', { addedMs: 900 }),
      candidate('a', { priority: 10, addedMs: 1 }),
      candidate('c'),
      candidate('b'),
      candidate('e', { priority: 1 }),
    ];
    expect(all.sort(compare).map((one) => one.actor)).toEqual(['e', 'd', 'b', 'c', 'a']);
  });

  it('the order is total: sorting any shuffle gives the same', () => {
    const random = new FakeRandom(61, 'order');
    const upTo = (n: number) => Math.floor(random.unit() * n);
    const all = Array.from({ length: 200 }, (_, i) =>
      candidate(`u${i}`, {
        priority: 1 + upTo(3),
        addedMs: upTo(4),
        name: `n${upTo(20)}`,
        version: 1 + upTo(3),
      }),
    );
    const once = [...all].sort(compare);
    for (let i = 0; i < 20; i++) expect([...all].sort(() => random.unit() - 0.5).sort(compare)).toEqual(once);
  });

  it('fills the places there are; the others wait for their turn and know how many are ahead', () => {
    const all = ['a', 'b', 'c', 'd'].map((actor) => candidate(actor));
    expect(started(all, calm)).toEqual(['a', 'b']);
    expect(choose(all, calm).held.map(({ hold }) => hold)).toEqual([
      { why: 'turn', ahead: 2 },
      { why: 'turn', ahead: 2 },
    ]);
  });

  it('a critical upload does not wait for a place, but not without end', () => {
    const urgent = candidate('u', { priority: 1 });
    expect(holdOf(urgent, { ...calm, running: running(2) })).toBeNull();
    expect(holdOf(urgent, { ...calm, running: running(3) })).toEqual({ why: 'turn', ahead: 3 });
    expect(holdOf(candidate('x', { priority: 2 }), { ...calm, running: running(2) })).toEqual({
      why: 'turn',
      ahead: 2,
    });
  });

  it.each(['stopped', 'offline', 'connecting', 'captive', 'intercepted', 'refused'] as const)(
    'nothing starts while the connection is %s',
    (connection) => {
      expect(holdOf(candidate('a', { priority: 1 }), { ...calm, connection })).toEqual({
        why: 'connection',
        state: connection,
      });
    },
  );

  it('a hold says until when, where that is known', () => {
    const breakers = { line: 'open' } as const;
    const offline = { ...calm, connection: 'offline', connectionUntilMs: 77 } as const;
    expect(holdOf(candidate('a'), offline)).toEqual({ why: 'connection', state: 'offline', untilMs: 77 });
    expect(holdOf(candidate('a'), { ...calm, breakers, breakersUntilMs: { line: 88 } })).toEqual({
      why: 'breaker',
      breaker: 'line',
      untilMs: 88,
    });
    for (const breakersUntilMs of [{ line: null }, {}])
      expect(holdOf(candidate('a'), { ...calm, breakers, breakersUntilMs })).toEqual({
        why: 'breaker',
        breaker: 'line',
      });
  });

  it('a degraded line still carries', () => {
    expect(holdOf(candidate('a'), { ...calm, connection: 'degraded' })).toBeNull();
  });

  it('an open breaker holds all back, a half-open one lets one document find out', () => {
    expect(holdOf(candidate('a'), { ...calm, breakers: { api: 'open' } })).toEqual({
      why: 'breaker',
      breaker: 'api',
    });
    const probing = { ...calm, breakers: { api: 'half-open' } } as const;
    expect(started([candidate('a'), candidate('b', { priority: 1 })], probing)).toEqual(['b']);
    expect(choose([candidate('a'), candidate('b')], probing).held[0]?.hold).toEqual({
      why: 'probing',
      breaker: 'api',
    });
  });

  it('versions of one name go in their order, whatever their priority', () => {
    const first = candidate('v1', { name: 'n', version: 1, priority: 10 });
    const second = candidate('v2', { name: 'n', version: 2, priority: 1 });
    const now = { ...calm, earliestOpen: (name: string) => (name === 'n' ? 1 : undefined) };
    const { start, held } = choose([second, first], now);
    expect(start.map((one) => one.actor)).toEqual(['v1']);
    expect(held).toEqual([{ candidate: second, hold: { why: 'earlierVersion', version: 1 } }]);
  });

  describe('small documents', () => {
    const small = { maxCount: 6, maxBytes: 4_000_000 };
    const beside: Conditions = { ...calm, small };
    const scan = (actor: string, more: Partial<Candidate> = {}) =>
      candidate(actor, { sizeBytes: 300_000, ...more });
    const video = (actor: string) => candidate(actor, { sizeBytes: 5_000_000_000, addedMs: 1 });

    it('go beside large ones that wait for a place', () => {
      const all = [video('v1'), video('v2'), video('v3'), scan('s1'), scan('s2')];
      expect(started(all, beside)).toEqual(['v1', 'v2', 's1', 's2']);
    });

    it('are few bytes together, and few at all', () => {
      const heavy = ['a', 'b', 'c', 'd', 'e'].map((actor) => scan(actor, { sizeBytes: 1_000_000 }));
      expect(started(heavy, beside)).toEqual(['a', 'b', 'c', 'd']);
      const many = Array.from({ length: 20 }, (_, i) => scan(`s${i + 10}`, { sizeBytes: 1 }));
      expect(started(many, beside)).toHaveLength(small.maxCount);
    });

    it('never take the places of large ones, nor large ones theirs', () => {
      const scans = ['a', 'b', 'c', 'd'].map((actor) => scan(actor));
      expect(holdOf(video('v'), { ...beside, running: scans })).toBeNull();
      expect(holdOf(scan('s'), { ...beside, running: [video('v1'), video('v2')] })).toBeNull();
    });

    it('a document of unknown size counts as a large one', () => {
      expect(holdOf(candidate('x'), { ...beside, running: running(2) })).toEqual({ why: 'turn', ahead: 2 });
    });

    it('one at a time finds out whether the destination is back, small or not', () => {
      const halfOpen: Conditions = { ...beside, breakers: { line: 'half-open' } };
      expect(started([scan('a'), scan('b')], halfOpen)).toEqual(['a']);
    });

    it('no place at all is none for small ones either', () => {
      expect(holdOf(scan('a'), { ...beside, runningMax: 0 })).toEqual({ why: 'turn', ahead: 0 });
    });

    it('of any queue the first in order starts whenever something of its size may', () => {
      const random = new FakeRandom(4, 'small');
      for (let round = 0; round < 200; round++) {
        const all = Array.from({ length: 1 + Math.floor(random.unit() * 40) }, (_, i) =>
          candidate(`u${i}`, {
            priority: 2 + Math.floor(random.unit() * 3),
            addedMs: Math.floor(random.unit() * 50),
            sizeBytes: Math.floor(random.unit() ** 4 * 20_000_000),
          }),
        );
        const { start, held } = choose(all, beside);
        for (const large of [true, false]) {
          const isLarge = (one: Candidate) => one.sizeBytes! > 1024 * 1024 === large;
          const lastStarted = start.filter(isLarge).at(-1);
          const firstHeld = held.map((one) => one.candidate).filter(isLarge)[0];
          // By count the order is strict; by bytes a smaller one may fill what is left.
          if (large && lastStarted && firstHeld) expect(compare(lastStarted, firstHeld)).toBeLessThan(0);
        }
        expect(start.length).toBeGreaterThan(0);
        expect(start.length).toBeLessThanOrEqual(small.maxCount);
      }
    });
  });
});

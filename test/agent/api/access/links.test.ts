import { describe, expect, test } from 'vitest';
import { nodeRandom } from '../../../../agent/adapters/node-random.ts';
import { createLinks, linkLivesMs } from '../../../../agent/api/access/links.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const grant = { role: 'engineer', by: 'engineer@page' } as const;

function links() {
  const clock = new FakeClock();
  return { clock, links: createLinks({ clock, random: nodeRandom() }) };
}

describe('one-time links', () => {
  test('hold 256 bits, no two alike', () => {
    const { links: all } = links();
    const tokens = Array.from({ length: 10 }, () => all.make(grant));
    expect(new Set(tokens).size).toBe(10);
    for (const token of tokens) expect(Buffer.from(token, 'base64url').length).toBe(32);
  });
  test('open once', () => {
    const { links: all } = links();
    const token = all.make(grant);
    expect(all.take(token)).toEqual(grant);
    expect(all.take(token)).toBeUndefined();
  });
  test('are over after a minute, to the millisecond', async () => {
    const { links: all, clock } = links();
    const [early, late] = [all.make(grant), all.make(grant)];
    await clock.advance(linkLivesMs - 1);
    expect(all.take(early)).toEqual(grant);
    await clock.advance(1);
    expect(all.take(late)).toBeUndefined();
  });
  test('a wall clock that jumps back does not revive them', async () => {
    const { links: all, clock } = links();
    const token = all.make(grant);
    await clock.advance(linkLivesMs);
    clock.jumpWall(-linkLivesMs * 2);
    expect(all.take(token)).toBeUndefined();
  });
  test('are few: the oldest makes room', () => {
    const { links: all } = links();
    const tokens = Array.from({ length: 17 }, () => all.make(grant));
    expect(all.take(tokens[0]!)).toBeUndefined();
    expect(all.take(tokens[1]!)).toEqual(grant);
  });
  test('give each what it was made for', () => {
    const { links: all } = links();
    const [one, two] = [all.make(grant), all.make({ role: 'viewer', by: 'viewer@bridge' })];
    expect(all.take(two)).toEqual({ role: 'viewer', by: 'viewer@bridge' });
    expect(all.take(one)).toEqual(grant);
  });
});

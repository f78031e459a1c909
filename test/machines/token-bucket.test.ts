import { describe, expect, it } from 'vitest';
import { createBucket, give, refill, take } from '../../machines/token-bucket.ts';
import { FakeRandom } from '../support/fake-random.ts';

const policy = { ratePerSecond: 1_000, burstMax: 500 };

describe('a token bucket', () => {
  it('starts full, gives what it has, and says when the rest will be there', () => {
    const first = take(createBucket(policy, 0), policy, 400, 0);
    expect(first).toMatchObject({ taken: true, bucket: { tokens: 100 } });
    expect(take(first.bucket, policy, 400, 0)).toMatchObject({ taken: false, waitMs: 300 });
    expect(take(first.bucket, policy, 400, 300)).toMatchObject({ taken: true, bucket: { tokens: 0 } });
  });

  it('takes all or nothing, and never promises more than its burst', () => {
    const bucket = createBucket(policy, 0);
    expect(take(bucket, policy, 501, 0)).toEqual({ bucket, taken: false, waitMs: Number.POSITIVE_INFINITY });
    expect(take({ tokens: 0, atMs: 0 }, { ratePerSecond: 0, burstMax: 5 }, 1, 9).waitMs).toBe(
      Number.POSITIVE_INFINITY,
    );
  });

  it('is never fuller than its burst, nor earns from a clock that stands still or goes back', () => {
    expect(refill({ tokens: 0, atMs: 0 }, policy, 1e12).tokens).toBe(500);
    const bucket = { tokens: 7, atMs: 1_000 };
    expect([refill(bucket, policy, 1_000), refill(bucket, policy, 5)]).toEqual([bucket, bucket]);
    expect(give(bucket, policy, 9_999, 1_000).tokens).toBe(500);
  });

  it('never lets more through than burst + rate × time, and waiting as told always suffices', () => {
    const random = new FakeRandom(81, 'bucket');
    let bucket = createBucket(policy, 0);
    let now = 0;
    let through = 0;
    for (let i = 0; i < 5_000; i++) {
      const amount = 1 + Math.floor(random.unit() * 500);
      const asked = take(bucket, policy, amount, now);
      bucket = asked.bucket;
      if (!asked.taken) {
        now += asked.waitMs;
        const again = take(bucket, policy, amount, now);
        expect(again.taken).toBe(true);
        bucket = again.bucket;
      }
      through += amount;
      expect(through).toBeLessThanOrEqual(policy.burstMax + (policy.ratePerSecond * now) / 1_000 + 1e-6);
      now += Math.floor(random.unit() * 100);
    }
  });
});

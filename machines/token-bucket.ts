// A token bucket: so much per second, and a burst of at most so much. Pure; time is passed in, monotonic ms. Used for
// the wire's pace (tokens are bytes) and for retry budgets (tokens are tries).

export interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

export interface BucketPolicy {
  readonly ratePerSecond: number;
  readonly burstMax: number;
}

/** A full bucket. */
export function createBucket(policy: BucketPolicy, nowMs: number): Bucket {
  return { tokens: policy.burstMax, atMs: nowMs };
}

/** The bucket at a later time. A clock that stands still or goes back adds nothing. */
export function refill(bucket: Bucket, policy: BucketPolicy, nowMs: number): Bucket {
  if (nowMs <= bucket.atMs) return bucket;
  const earned = ((nowMs - bucket.atMs) * policy.ratePerSecond) / 1_000;
  return { tokens: Math.min(policy.burstMax, bucket.tokens + earned), atMs: nowMs };
}

/** Takes all of `amount` or nothing; `waitMs` says when it will be there (Infinity: never, it exceeds the burst). */
export function take(
  bucket: Bucket,
  policy: BucketPolicy,
  amount: number,
  nowMs: number,
): { readonly bucket: Bucket; readonly taken: boolean; readonly waitMs: number } {
  const full = refill(bucket, policy, nowMs);
  if (full.tokens >= amount)
    return { bucket: { ...full, tokens: full.tokens - amount }, taken: true, waitMs: 0 };
  const missing = amount - full.tokens;
  const reachable = amount <= policy.burstMax && policy.ratePerSecond > 0;
  return {
    bucket: full,
    taken: false,
    waitMs: reachable ? Math.ceil((missing * 1_000) / policy.ratePerSecond) : Infinity,
  };
}

/** Gives back, up to the burst: an acknowledged chunk refunds what its tries cost. */
export function give(bucket: Bucket, policy: BucketPolicy, amount: number, nowMs: number): Bucket {
  const full = refill(bucket, policy, nowMs);
  return { ...full, tokens: Math.min(policy.burstMax, full.tokens + amount) };
}

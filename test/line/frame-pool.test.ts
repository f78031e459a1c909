// Memory lent for slices: given back it is lent again, and never more of it is kept than was promised.
import { expect, test } from 'vitest';
import { FramePool } from '../../agent/line/frame-pool.ts';

test('what was given back is lent again, whole, whatever part of it the frame was', () => {
  const pool = new FramePool(1_000, 10_000);
  const first = pool.take(900);
  pool.give(first.subarray(0, 700));
  const second = pool.take(1_000);
  expect(second.buffer).toBe(first.buffer);
  expect(second.length).toBe(1_000);
});

test('two frames on their way never share memory', () => {
  const pool = new FramePool(1_000, 10_000);
  expect(pool.take(900).buffer).not.toBe(pool.take(900).buffer);
});

test('no more is kept than was promised', () => {
  const pool = new FramePool(1_000, 2_000);
  const lent = Array.from({ length: 5 }, () => pool.take(1_000));
  for (const frame of lent) pool.give(frame);
  const again = Array.from({ length: 5 }, () => pool.take(1_000).buffer);
  expect(again.filter((buffer) => lent.some((frame) => frame.buffer === buffer))).toHaveLength(2);
});

test('small frames do not hold whole buffers, and what is not from here is not kept', () => {
  const pool = new FramePool(1_000, 10_000);
  const small = pool.take(100);
  expect(small.buffer.byteLength).toBe(100);
  pool.give(small);
  pool.give(Buffer.from('from elsewhere'));
  expect(pool.take(1_000).buffer.byteLength).toBe(1_000);
  expect(pool.take(2_000).length).toBe(2_000);
});

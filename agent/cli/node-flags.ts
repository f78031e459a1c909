// How Node is started for `tender agent` and for `tender cloud`, with the figures in docs/decisions/0070. The launcher
// (agent/cli/tender) passes the same; whoever starts a main.js directly should, too.

/**
 * Small young space, a heap that is kept small rather than left to grow, no helper threads for a heap of 15 MB, and marked at once
 * (25 ms) rather than in steps while it grows on.
 */
export const agentNodeFlags: readonly string[] = [
  '--max-semi-space-size=1',
  '--initial-heap-size=4',
  '--memory-saver-mode',
  '--single-threaded',
  '--v8-pool-size=1',
  '--no-incremental-marking',
];

/** Buffers from the wire must not make V8 collect a small heap a hundred times per gigabyte, on four threads each time. */
export const cloudNodeFlags: readonly string[] = ['--initial-old-space-size=128', '--single-threaded-gc'];

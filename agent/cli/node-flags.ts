// How Node is started for `tender agent`. Measured on Node 24.21 with a watched file of 300 MB over loopback, peak RSS of
// the daemon: 112 MiB with V8's defaults, 95 with young space of 2 MB, 90 with 1 MB, the throughput within noise; idle
// 84, 80 and 77 MiB. The launcher (agent/cli/tender) passes the same; whoever starts main.js directly should, too.

export const agentNodeFlags: readonly string[] = ['--max-semi-space-size=1'];

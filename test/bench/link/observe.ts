// Watches the link while something travels: the emulator's counters and timeline, and a call beside it. The idle round trip is
// taken just before, on the same link with the same line open.
import {
  addedDelay,
  beyondBulkFloor,
  binMs,
  bitsOffered,
  edgeSeconds,
  goodputPercent,
  quantile,
  type RateStep,
  round,
  roundTripsIn,
  saidBesidePayload,
  type WireCount,
} from './arithmetic.ts';
import type { Direction, Lab, LabStats, ProbeResult, Timeline } from './lab.ts';

const idleMs = 5_000;
/** The share of its rate from which on the wire counts as in use. */
const nearlyFull = 0.9;
const secondsToldMax = 240;

export type Figures = Record<string, number>;

export interface Observation {
  readonly seconds: number;
  /** Without what the link was off. */
  readonly upSeconds: number;
  readonly before: LabStats;
  readonly after: LabStats;
  /** The uplink's IP bytes without the probe's. */
  readonly up: WireCount;
  readonly downBytes: number;
  /** Per 100 ms from the first moment to the last. */
  readonly bins: Timeline;
  readonly idleMs: readonly number[];
  readonly duringMs: readonly number[];
  readonly call: ProbeResult;
}

/** Restarts the emulator's clocks, listens to the idle link, then watches until `travel` is over. */
export async function observe(
  lab: Lab,
  travel: (startedAt: number) => Promise<{ readonly from?: number; readonly to?: number } | undefined>,
): Promise<Observation> {
  await lab.restart();
  const probe = await lab.probe();
  await new Promise((resolve) => setTimeout(resolve, idleMs));
  const before = await lab.stats();
  const beganAt = performance.now();
  const span = await travel(beganAt);
  const from = span?.from ?? beganAt;
  const to = span?.to ?? performance.now();
  const after = await lab.stats();
  const timeline = await lab.timeline();
  const call = await probe.stop();
  const seconds = (to - from) / 1000;
  const bin = (at: number) => Math.max(0, Math.round(((at - beganAt) / 1000 + before.elapsed_s) * 10));
  const bins = {
    upBytes: timeline.upBytes.slice(bin(from), bin(to)),
    upWaitMs: timeline.upWaitMs.slice(bin(from), bin(to)),
  };
  tellBySecond(bins);
  return {
    seconds,
    upSeconds: seconds - (after.off_s - before.off_s),
    before,
    after,
    up: wire(before.up, after.up),
    downBytes: wire(before.down, after.down).ipBytes,
    bins,
    idleMs: roundTripsIn(probe.samples, 0, beganAt - probe.startedAt),
    duringMs: roundTripsIn(probe.samples, from - probe.startedAt, to - probe.startedAt),
    call,
  };
}

/** For people, on stderr: kbit and longest wait in the queue in each second. */
function tellBySecond({ upBytes, upWaitMs }: Timeline): void {
  const perSecond = 1000 / binMs;
  const kilobits: number[] = [];
  const waits: number[] = [];
  for (let at = 0; at < upBytes.length && kilobits.length < secondsToldMax; at += perSecond) {
    kilobits.push(round(upBytes.slice(at, at + perSecond).reduce((sum, bytes) => sum + bytes, 0) / 125));
    waits.push(round(Math.max(...upWaitMs.slice(at, at + perSecond))));
  }
  process.stderr.write(`kbit by second: ${kilobits.join(' ')}\nqueue ms by second: ${waits.join(' ')}\n`);
}

function wire(before: Direction, after: Direction): WireCount {
  const bytes = (count: 'sent' | 'datagrams' | 'tcp_repeated' | 'tcp_segments') =>
    after[count].bytes - before[count].bytes;
  const repeated = after.tcp_repeated.packets - before.tcp_repeated.packets;
  const packets = after.tcp.packets - before.tcp.packets;
  const headers = after.tcp.header_bytes - before.tcp.header_bytes;
  return {
    ipBytes: bytes('sent') - bytes('datagrams'),
    streamBytes: after.tcp.stream_bytes - before.tcp.stream_bytes,
    tlsRecords: after.tcp.tls_records - before.tcp.tls_records,
    repeatedBytes: bytes('tcp_repeated') + (packets > 0 ? (repeated * headers) / packets : 0),
  };
}

/** The figures that every case with a payload has. `steps`: rates in the course of the run; else the link's own all along. */
export function commonFigures(seen: Observation, payloadBytes: number, steps?: readonly RateStep[]): Figures {
  const { up } = seen;
  const offeredBits = steps ? bitsOffered(steps, seen.seconds) : seen.upSeconds * seen.before.up.rate_bps;
  const probes = seen.after.up.datagrams.packets - seen.before.up.datagrams.packets;
  const edges = edgeSeconds(
    seen.bins.upBytes,
    steps?.[0]?.bitsPerSecond ?? seen.before.up.rate_bps,
    nearlyFull,
  );
  const dropped = (at: LabStats) => at.up.datagrams_dropped.packets + at.down.datagrams_dropped.packets;
  return {
    goodputPercent: round(goodputPercent(payloadBytes, offeredBits), 1),
    addedDelayP50Ms: round(addedDelay(seen.duringMs, seen.idleMs, 0.5)),
    addedDelayP95Ms: round(addedDelay(seen.duringMs, seen.idleMs, 0.95)),
    callLossPercent: seen.call.loss_pct,
    callLossAddedPercent: round(
      (100 * (dropped(seen.after) - dropped(seen.before))) / Math.max(1, probes),
      2,
    ),
    wirePerPayload: round(up.ipBytes / payloadBytes, 3),
    seconds: round(seen.seconds, 2),
    busyPercent: round(goodputPercent(up.ipBytes, offeredBits), 1),
    startSeconds: edges.start,
    endSeconds: edges.end,
    offSeconds: round(seen.after.off_s - seen.before.off_s, 2),
    upBytes: up.ipBytes,
    downBytes: seen.downBytes,
    repeatedBytes: round(up.repeatedBytes),
    tlsRecords: up.tlsRecords,
    besidePayloadBytes: saidBesidePayload(up, payloadBytes),
    beyondBulkBytes: round(beyondBulkFloor(up, payloadBytes)),
    queueDroppedPackets: seen.after.up.queue_dropped.packets - seen.before.up.queue_dropped.packets,
    queueP95Ms: round(quantile(seen.bins.upWaitMs, 0.95)),
  };
}

// A bad link and TCP over it, without a clock: lanes with slow start, loss recovery and growth like CUBIC's over one tail-drop
// bottleneck, a cloud that acknowledges, and a rate finder that paces. A voyage of 8 MB takes some 50 ms. For tests of
// machines/rate-finder.ts; the truth is the link lab (test/bench/link), this one is quick and can be asked for any link.
import type { Arrival } from '../../machines/rate-finder-description.ts';

export interface Paced {
  sent(wireBytes: number, atMs: number): number;
  confirmed(ack: { samples: readonly Arrival[]; atMs: number }): void;
  roundTrip(ms: number, atMs: number): void;
  laneOpened(lane: number, atMs: number): void;
  linkLost(atMs: number): void;
  linkBack(atMs: number): void;
  waitMs(nowMs: number): number;
  windowBytes(): number;
  grainBytes(): number;
  laneWindowBytes(lane: number): number;
  soundingBytes?(nowMs: number): number;
}

export interface LinkCase {
  readonly rttMs: number;
  /** Bytes of IP packets per second, by the time in ms. */
  readonly rate: number | ((ms: number) => number);
  readonly bufferMs?: number;
  /** Share of packets, after the bottleneck; `burst`: the odds of entering and leaving a state in which half are lost. */
  readonly loss?: number;
  readonly burst?: readonly [number, number];
  /** Smooth, up to so much on either side, as the link lab has it. */
  readonly jitterMs?: number;
  /** The path is longer by so much, by the time. */
  readonly extraMs?: (ms: number) => number;
  readonly outages?: readonly (readonly [number, number])[];
  readonly lanes?: number;
  /** Hosts read late: by so much on average, both; one time in a hundred ten times that. */
  readonly lateMs?: number;
  /** The cloud's clock runs faster by so many parts per million. */
  readonly driftPpm?: number;
  /** The line is open for so long before there is anything to send; percentages and queues count from then. */
  readonly openMs?: number;
  readonly payloadBytes: number;
  readonly secondsMax: number;
  /** Acknowledgements cost no more than this share of what came; absent: they leave every 100 ms. */
  readonly ackShare?: number;
  /** What lanes say as they are opened stands in the queue too: when, and how many bytes. */
  readonly besides?: readonly (readonly [number, number])[];
  /** Another host's one TCP upload over the same bottleneck, from when to when. */
  readonly rival?: readonly [number, number];
}

export interface LinkOutcome {
  /** Payload arrived, per cent of what the link could have carried as payload while it was up, loss and headers taken off. */
  readonly percent: number;
  readonly queueP50Ms: number;
  readonly queueP95Ms: number;
  readonly dropped: number;
  readonly seconds: number;
  readonly done: boolean;
  /** Shares of the bottleneck's bytes while the rival sent. */
  readonly rivalShare: number;
  readonly ownShare: number;
  /** Payload arrived in each tenth of a second. */
  readonly arrived: readonly number[];
  readonly queue: readonly number[];
}

const mss = 1_448;
const headerBytes = 52;
const frameExtraBytes = 40;
const initialWindow = 10;
const sampleMs = 50;
/** What an acknowledgement costs, what a burst may spend of it in advance, and how long one waits for it at most. */
const ackBytes = 115;
const ackAdvanceBytes = 1_024;
const ackHeldMaxMs = 1_500;

export function random(seed: number): () => number {
  let s = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  return () => {
    s = (s + 0x6d2b79f5) >>> 0;
    let m = Math.imul(s ^ (s >>> 15), s | 1);
    m ^= m + Math.imul(m ^ (m >>> 7), m | 61);
    return ((m ^ (m >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Agenda {
  readonly #heap: { at: number; order: number; run: () => void }[] = [];
  #order = 0;
  nowMs = 0;

  at(at: number, run: () => void): void {
    const heap = this.#heap;
    const one = { at: Math.max(at, this.nowMs), order: this.#order++, run };
    let i = heap.length;
    heap.push(one);
    while (i > 0) {
      const up = (i - 1) >> 1;
      if (!before(one, heap[up]!)) break;
      heap[i] = heap[up]!;
      i = up;
    }
    heap[i] = one;
  }

  step(): void {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) {
      let i = 0;
      for (;;) {
        let child = 2 * i + 1;
        if (child >= heap.length) break;
        if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
        if (!before(heap[child]!, last)) break;
        heap[i] = heap[child]!;
        i = child;
      }
      heap[i] = last;
    }
    this.nowMs = first.at;
    first.run();
  }
}

function before(a: { at: number; order: number }, b: { at: number; order: number }): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** The bottleneck of the uplink, and the way beyond it. */
class Uplink {
  queuedBytes = 0;
  busyUntilMs = 0;
  dropped = 0;
  #lastArrivalMs = 0;
  #bad = false;
  #slots = new Map<number, number>();
  readonly #agenda: Agenda;
  readonly #link: LinkCase;
  readonly #unit: () => number;
  readonly #jitterUnit: () => number;

  constructor(agenda: Agenda, link: LinkCase, seed: number) {
    this.#agenda = agenda;
    this.#link = link;
    this.#unit = random(seed);
    this.#jitterUnit = random(seed + 7_777);
  }

  rate(ms: number): number {
    const { rate } = this.#link;
    return typeof rate === 'function' ? rate(ms) : rate;
  }

  isOff(ms: number): boolean {
    return (this.#link.outages ?? []).some(([from, to]) => ms >= from && ms < to);
  }

  isLost(): boolean {
    const { loss = 0, burst } = this.#link;
    if (!burst) return this.#unit() < loss;
    if (this.#unit() < (this.#bad ? burst[1] : burst[0])) this.#bad = !this.#bad;
    return this.#bad && this.#unit() < 0.5;
  }

  oneWayMs(ms: number): number {
    const { rttMs, jitterMs = 0, extraMs } = this.#link;
    return rttMs / 2 + (extraMs?.(ms) ?? 0) + jitterMs * (jitterMs > 0 ? this.#jitter(ms) : 0);
  }

  #jitter(ms: number): number {
    const slotMs = Math.max(50, 2.5 * this.#link.jitterMs!);
    const k = Math.floor(ms / slotMs);
    const share = ms / slotMs - k;
    const smooth = share * share * (3 - 2 * share);
    return this.#slot(k) * (1 - smooth) + this.#slot(k + 1) * smooth;
  }

  #slot(k: number): number {
    let value = this.#slots.get(k);
    if (value === undefined) {
      value = 2 * this.#jitterUnit() - 1;
      this.#slots.set(k, value);
    }
    return value;
  }

  send(bytes: number, deliver: () => void): void {
    const agenda = this.#agenda;
    const rate = this.rate(agenda.nowMs);
    const room = Math.max(3_000, (rate * (this.#link.bufferMs ?? 500)) / 1_000);
    if (this.queuedBytes + bytes > room) {
      this.dropped++;
      return;
    }
    this.queuedBytes += bytes;
    this.busyUntilMs = Math.max(agenda.nowMs, this.busyUntilMs) + (bytes * 1_000) / rate;
    agenda.at(this.busyUntilMs, () => {
      this.queuedBytes -= bytes;
      if (this.isLost() || this.isOff(agenda.nowMs)) return;
      const arrival = Math.max(this.#lastArrivalMs, agenda.nowMs + this.oneWayMs(agenda.nowMs));
      this.#lastArrivalMs = arrival;
      agenda.at(arrival, deliver);
    });
  }
}

/** One TCP connection's sending side and the receiver's reassembly. Segments hold 1…mss bytes. */
class Tcp {
  window = initialWindow;
  inFlight = 0;
  #slowStart = true;
  #lostAtMs = Number.NEGATIVE_INFINITY;
  #most = initialWindow;
  #epochMs = 0;
  #segments: number[] = [];
  #waiting: number[] = [];
  #next = 0;
  #received = new Set<number>();
  #expected = 0;
  readonly #agenda: Agenda;
  readonly #up: Uplink;
  readonly #rttMs: number;
  readonly #arrived: (bytes: number) => void;
  readonly refill: (() => void) | undefined;
  wireBytes = 0;

  constructor(
    agenda: Agenda,
    up: Uplink,
    rttMs: number,
    arrived: (bytes: number) => void,
    refill?: () => void,
  ) {
    this.#agenda = agenda;
    this.#up = up;
    this.#rttMs = rttMs;
    this.#arrived = arrived;
    this.refill = refill;
  }

  get unsent(): number {
    return this.#waiting.length;
  }

  write(bytes: number): void {
    for (let left = bytes; left > 0; left -= mss) this.#waiting.push(Math.min(mss, left));
    this.#fill();
  }

  #fill(): void {
    while (this.#waiting.length > 0 && this.inFlight < this.window) {
      const number = this.#next++;
      this.#segments[number] = this.#waiting.shift()!;
      this.#transmit(number);
    }
    if (this.#waiting.length === 0) this.refill?.();
  }

  #transmit(number: number, tries = 0): void {
    const agenda = this.#agenda;
    const up = this.#up;
    this.inFlight++;
    let done = false;
    const bytes = this.#segments[number]! + headerBytes;
    this.wireBytes += bytes;
    up.send(bytes, () => {
      this.#receive(number);
      agenda.at(agenda.nowMs + this.#rttMs / 2, () => {
        if (done) return;
        done = true;
        this.inFlight--;
        this.#grow();
        this.#fill();
      });
    });
    const patience =
      Math.max(this.#rttMs * 1.25 + 60, 200) + (up.queuedBytes / up.rate(agenda.nowMs)) * 1_000;
    agenda.at(agenda.nowMs + patience, () => {
      if (done) return;
      done = true;
      this.inFlight--;
      this.#cut();
      this.#transmit(number, tries + 1);
    });
  }

  #grow(): void {
    if (this.#slowStart) {
      this.window++;
      return;
    }
    const t = (this.#agenda.nowMs - this.#epochMs) / 1_000;
    const aim = 0.4 * (t - Math.cbrt((this.#most * 0.3) / 0.4)) ** 3 + this.#most;
    const step = aim > this.window ? (aim - this.window) / this.window : 0.01 / this.window;
    this.window += Math.max(step, 0.5 / this.window);
  }

  #cut(): void {
    const now = this.#agenda.nowMs;
    if (now - this.#lostAtMs < this.#rttMs) return;
    this.#lostAtMs = now;
    this.#slowStart = false;
    this.#most = this.window;
    this.window = Math.max(2, this.window * 0.7);
    this.#epochMs = now;
  }

  #receive(number: number): void {
    if (number < this.#expected || this.#received.has(number)) return;
    this.#received.add(number);
    let bytes = 0;
    while (this.#received.delete(this.#expected)) bytes += this.#segments[this.#expected++]!;
    if (bytes > 0) this.#arrived(bytes);
  }
}

interface ModelLane {
  readonly tcp: Tcp;
  sent: number;
  confirmed: number;
  log: { upTo: number; mark: number; payload: number }[];
  /** Ashore: bytes read, and the newest whole frame's arrival. */
  readBytes: number;
  frames: { upTo: number; payload: number; ping?: boolean }[];
  wholeBytes: number;
  wholeMs: number;
  news: boolean;
}

export function sail(
  link: LinkCase,
  paced: Paced,
  seed: number,
  trace?: (ms: number, queueMs: number) => void,
): LinkOutcome {
  const agenda = new Agenda();
  const up = new Uplink(agenda, link, seed);
  const down = random(seed + 31);
  const start = random(seed + 99)() * 1_000;
  const cloudMs = (ms: number) => Math.floor(start + ms * (1 + (link.driftPpm ?? 0) / 1e6));
  const laneCount = link.lanes ?? 8;
  const hosts = random(seed + 1_234);
  function late(): number {
    const mean = link.lateMs ?? 0.5;
    return -Math.log(1 - hosts()) * mean * (hosts() < 0.01 ? 10 : 1);
  }
  const arrived: number[] = [];
  let total = 0;
  let ackTimer = false;
  let lastAckMs = Number.NEGATIVE_INFINITY;
  let stirredMs = 0;
  let ackCredit = link.ackShare === undefined ? Number.POSITIVE_INFINITY : 0;
  let ackTurn = 0;
  let ackDueMs = 0;
  let cameMs = Number.NEGATIVE_INFINITY;
  let handed = 0;
  let lastHeardMs = 0;
  let quietSinceMs = link.openMs ?? 0;
  let isDown = false;

  const lanes: ModelLane[] = Array.from({ length: laneCount }, (_, id) => {
    paced.laneOpened(id, 0);
    const lane: ModelLane = {
      tcp: new Tcp(agenda, up, link.rttMs, (bytes) => read(lane, bytes)),
      sent: 0,
      confirmed: 0,
      log: [],
      readBytes: 0,
      frames: [],
      wholeBytes: 0,
      wholeMs: 0,
      news: false,
    };
    return lane;
  });

  function read(lane: ModelLane, bytes: number): void {
    lane.readBytes += bytes;
    if (link.ackShare !== undefined) {
      if (agenda.nowMs - cameMs > 1_000) ackCredit = Math.max(ackCredit, ackAdvanceBytes);
      ackCredit = Math.min(64 * ackBytes, ackCredit + bytes * link.ackShare);
    }
    cameMs = agenda.nowMs;
    while (lane.frames[0] && lane.frames[0].upTo <= lane.readBytes) {
      const frame = lane.frames.shift()!;
      lane.wholeBytes = frame.upTo;
      lane.wholeMs = cloudMs(agenda.nowMs + late());
      lane.news = true;
      total += frame.payload;
      if (frame.ping) agenda.at(agenda.nowMs, () => acknowledge(lane));
      const tenth = Math.floor(agenda.nowMs / 100);
      arrived[tenth] = (arrived[tenth] ?? 0) + frame.payload;
    }
    if (link.ackShare && ackTimer && lane.news && agenda.nowMs >= ackDueMs && ackCredit >= ackBytes)
      acknowledge();
    if (!lane.news || ackTimer) return;
    ackTimer = true;
    if (agenda.nowMs - lastAckMs > 2_000) stirredMs = agenda.nowMs;
    const every = agenda.nowMs - stirredMs < 2_000 ? 25 : 100;
    ackDueMs = Math.max(agenda.nowMs, lastAckMs + every, agenda.nowMs + Math.min(25, every));
    const n = ++ackTurn;
    agenda.at(ackDueMs, () => {
      if (n === ackTurn && ackTimer && ackCredit >= ackBytes) acknowledge();
    });
    if (link.ackShare === undefined) return;
    agenda.at(agenda.nowMs + Math.max(ackHeldMaxMs, ackDueMs - agenda.nowMs), () => {
      if (n === ackTurn && ackTimer) acknowledge();
    });
  }

  function acknowledge(pinged?: ModelLane): void {
    if (!pinged) {
      ackTimer = false;
      ackTurn++;
      lastAckMs = agenda.nowMs;
    }
    ackCredit -= ackBytes;
    const list = lanes
      .filter((lane) => lane.news && (!pinged || lane === pinged))
      .map((lane) => ({ lane, bytes: lane.wholeBytes, ms: lane.wholeMs }));
    const lost = down() < (link.loss ?? 0) || up.isOff(agenda.nowMs);
    // A lost ACK's news are said again in the next.
    if (lost) {
      if (!ackTimer) {
        ackTimer = true;
        agenda.at(agenda.nowMs + 100, () => acknowledge());
      }
      return;
    }
    for (const { lane } of list) lane.news = false;
    agenda.at(agenda.nowMs + link.rttMs / 2, () => hear(list));
  }

  function hear(list: readonly { lane: ModelLane; bytes: number; ms: number }[]): void {
    const now = agenda.nowMs;
    if (up.isOff(now)) return;
    lastHeardMs = now;
    const samples: Arrival[] = [];
    for (const { lane, bytes, ms } of list) {
      if (bytes <= lane.confirmed) continue;
      const news = bytes - lane.confirmed;
      lane.confirmed = bytes;
      let mark = -1;
      while (lane.log[0] && lane.log[0].upTo <= bytes) mark = lane.log.shift()!.mark;
      if (mark >= 0) samples.push({ lane: lanes.indexOf(lane), mark, bytes: news, arrivalMs: ms });
    }
    if (isDown) {
      isDown = false;
      paced.linkBack(now);
    }
    paced.confirmed({ samples, atMs: now });
    pump();
  }

  const openMs = link.openMs ?? 0;
  /** Padding, a segment to each lane in turn, each of which is confirmed at once. */
  function sound(): void {
    let left = paced.soundingBytes?.(agenda.nowMs) ?? 0;
    for (let n = 0; left > 0; left -= mss, n++) {
      const lane = lanes[n % (agenda.nowMs < link.rttMs ? 1 : laneCount)]!;
      lane.sent += mss;
      const mark = paced.sent(mss, agenda.nowMs);
      lane.log.push({ upTo: lane.sent, mark, payload: 0 });
      lane.frames.push({ upTo: lane.sent, payload: 0, ping: true });
      lane.tcp.write(mss);
    }
  }

  let pumpAt = Number.POSITIVE_INFINITY;
  function pump(): void {
    const now = agenda.nowMs;
    if (now < openMs) {
      sound();
      return;
    }
    for (;;) {
      if (handed >= link.payloadBytes) return;
      const wait = paced.waitMs(now);
      if (wait > 0) {
        later(now + Math.max(1, Math.ceil(wait)) + late());
        return;
      }
      let out = 0;
      let least = lanes[0]!;
      for (const lane of lanes) {
        out += lane.sent - lane.confirmed;
        if (lane.sent - lane.confirmed < least.sent - least.confirmed) least = lane;
      }
      const isFull =
        out >= paced.windowBytes() ||
        least.sent - least.confirmed >= paced.laneWindowBytes(lanes.indexOf(least));
      if (isFull) {
        later(now + 20);
        return;
      }
      const payload = Math.min(paced.grainBytes(), link.payloadBytes - handed);
      const bytes = payload + frameExtraBytes;
      handed += payload;
      least.sent += bytes;
      const mark = paced.sent(bytes, now);
      least.log.push({ upTo: least.sent, mark, payload });
      least.frames.push({ upTo: least.sent, payload });
      least.tcp.write(bytes);
    }
  }
  function later(at: number): void {
    if (pumpAt <= at && pumpAt > agenda.nowMs) return;
    pumpAt = at;
    agenda.at(at, () => {
      if (pumpAt !== at) return;
      pumpAt = Number.POSITIVE_INFINITY;
      pump();
    });
  }

  for (const [ms, bytes] of link.besides ?? []) agenda.at(ms, () => up.send(bytes, () => {}));

  let rivalBytes = 0;
  let ownWhileRival = 0;
  if (link.rival) {
    const [from, to] = link.rival;
    let on = false;
    const tcp: Tcp = new Tcp(
      agenda,
      up,
      link.rttMs,
      (bytes) => {
        rivalBytes += bytes;
      },
      () => {
        if (on) tcp.write(mss * 50);
      },
    );
    agenda.at(from, () => {
      on = true;
      ownWhileRival = -total;
      tcp.write(mss * 50);
    });
    agenda.at(to, () => {
      on = false;
      ownWhileRival += total;
    });
  }

  const delays: number[] = [];
  const queue: number[] = [];
  function probe(): void {
    const waits = Math.max(0, up.busyUntilMs - agenda.nowMs);
    delays.push(waits);
    queue.push(waits);
    trace?.(agenda.nowMs, waits);
    if (lanes.every((lane) => lane.sent === lane.confirmed)) quietSinceMs = agenda.nowMs;
    if (!isDown && agenda.nowMs - Math.max(lastHeardMs, quietSinceMs) > Math.max(1_500, 3 * link.rttMs)) {
      isDown = true;
      paced.linkLost(agenda.nowMs);
    }
    agenda.at(agenda.nowMs + sampleMs, probe);
  }
  paced.roundTrip(link.rttMs + 1, 0);
  agenda.at(0, pump);
  agenda.at(openMs, pump);
  agenda.at(openMs, probe);

  while (agenda.nowMs < link.secondsMax * 1_000 && total < link.payloadBytes) agenda.step();
  let could = 0;
  for (let ms = openMs; ms < agenda.nowMs; ms += 10) if (!up.isOff(ms)) could += up.rate(ms) * 0.01;
  const share = mss / (mss + headerBytes);
  delays.sort((a, b) => a - b);
  const during = rivalBytes + ownWhileRival;
  return {
    percent: (total / (could * share * (1 - (link.loss ?? lossOf(link.burst))))) * 100,
    queueP50Ms: delays[delays.length >> 1]!,
    queueP95Ms: delays[Math.floor(delays.length * 0.95)]!,
    dropped: up.dropped,
    seconds: agenda.nowMs / 1_000,
    done: total >= link.payloadBytes,
    rivalShare: rivalBytes / Math.max(1, during),
    ownShare: ownWhileRival / Math.max(1, during),
    arrived,
    queue,
  };
}

function lossOf(burst: LinkCase['burst']): number {
  return burst ? (burst[0] / (burst[0] + burst[1])) * 0.5 : 0;
}

// The line aboard: one session with the cloud over its lanes, the documents on it in order of urgency, window and pace, doubt and
// heartbeat, receipts, notices, inventory. Effects carry documents on it and wait for their outcomes; the connection machine opens
// and closes it, and learns from `lost` when it is gone. Documents outlive the line and go on where they were.
import type { Failure } from '../../cloud/contract/failure.ts';
import { sliceHeaderMaxBytes } from '../../cloud/contract/frame-encoder.ts';
import type {
  AckFrame,
  CloudFrame,
  HelloFrame,
  InventoryPageFrame,
  NoticeFrame,
} from '../../cloud/contract/frames.ts';
import { hexFromBytes } from '../../cloud/contract/ids.ts';
import type { Crossing } from '../../machines/estimators.ts';
import type { JsonObject } from '../../machines/json.ts';
import { Connector, type Outcome, pausesFor, type Wanted } from './connector.ts';
import { createDocuments, type Documents } from './documents.ts';
import { type Compress, EncodeLevels } from './encode-levels.ts';
import { lineFailure, saidByCloud } from './failures.ts';
import { FramePool } from './frame-pool.ts';
import type { HandshakePorts, Shaken } from './handshake.ts';
import type { Lane, LaneOwner } from './lane.ts';
import { LaneKeeper } from './lane-keeper.ts';
import { Lanes } from './lanes.ts';
import { type LineLimitsAboard, lineLimits } from './limits.ts';
import { createNoticeQueue } from './notice-queue.ts';
import type { DocumentSource, Upload } from './outcome.ts';
import type { OutgoingDocument } from './outgoing.ts';
import { Parted } from './parted.ts';
import { provenReceipts } from './receipt-check.ts';
import type { TcpCount } from './repeats.ts';
import { Sender } from './sender.ts';
import type { LineIdentity } from './upgrade.ts';

export interface LinePorts extends Omit<HandshakePorts, 'limits'> {
  readonly limits?: LineLimitsAboard;
  /** An idle line says so often that it lives. */
  readonly heartbeatMs: number;
  /** Asked before every attempt, so that enrolling needs no restart. Undefined: not enrolled. */
  readonly identity: () => Promise<LineIdentity | undefined>;
  /** Absent: documents go as they are. */
  readonly compress?: Compress;
  /** Resolves with the new cursor when the notices are in the log. */
  readonly keepNotices: (notices: readonly NoticeFrame[]) => Promise<number>;
  /** The open line is gone; not called for close(). */
  readonly lost: (failure: Failure, epoch: number) => void;
  /** What the system's TCP has sent and sent again, so that a cap holds on the wire; absent: nobody knows. */
  readonly tcpCount?: () => TcpCount | undefined;
  /** The line got bad, or good again: link.degraded, link.recovered. */
  readonly crossed: (crossing: Crossing) => void;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

/** HELD comes in the same flight as HELLO. */
const heldComesMs = 10;
const doublingsMax = 3;
/** A handshake costs 6 KB up and down: ten of them are not worth it for a document that is nearly all ashore. */
const lanesWorthBytes = 32 * 1024;

export interface Opened {
  readonly epoch: number;
  readonly sessionId: string;
  readonly rttMs: number;
}

export interface LineStatus {
  readonly open: boolean;
  readonly epoch: number | null;
  readonly documents: number;
  readonly outstandingBytes: number;
  readonly windowBytes: number;
  readonly rateBytesPerSecond: number | null;
  readonly ceilingBytesPerSecond: number | null;
  readonly srttMs: number | null;
  /** Headers of TLS, TCP and IP included. */
  readonly wireBytesUp: number;
  /** Given up on one lane and sent on another. */
  readonly repeatedBytes: number;
  readonly clockOffsetMs: number;
  /** When the cloud was last heard on the open line, monotonic ms. */
  readonly heardMs: number | null;
  /** What the rate finder knows, and its last events. */
  readonly rate: JsonObject;
  readonly lanes: readonly LaneStatus[];
}

export type LaneStatus = {
  readonly number: number;
  readonly serial: number;
  readonly sentBytes: number;
  readonly outstandingBytes: number;
  readonly allowedBytes: number;
  readonly bufferedBytes: number;
  readonly asleep: boolean;
};

export class Line {
  readonly sessionId: string;
  readonly #ports: LinePorts;
  readonly #limits: LineLimitsAboard;
  readonly #connector: Connector;
  readonly #sender: Sender;
  readonly #lanes = new Lanes();
  readonly #keeper: LaneKeeper;
  readonly #parted: Parted;
  readonly #documents: Documents;
  readonly #notices: ReturnType<typeof createNoticeQueue>;
  #boundTo: string | undefined;
  /** Something travelled since the line was opened. */
  #hasCarried = false;
  #claim: { logId: string; boot: number } | undefined;
  #cursor = 0;
  #identity: LineIdentity | undefined;
  /** Of the newest lane of the present session. */
  #hello: HelloFrame | undefined;
  /** Of the last lane that opened: how long an answer takes, before anything was measured. */
  #lastRttMs: number | undefined;
  #opening: Promise<{ opened: Opened } | { failure: Failure }> | undefined;
  /** Nothing is confirmed any more; ended when something is, or when a fresh lane takes over. */
  #doubt: { readonly sinceMs: number; readonly end: AbortController } | undefined;
  /** Since something was confirmed. */
  #doubts = 0;
  #noticesPaused = false;
  /** What a broken line had brought is still to be counted. */
  #goesOnWhenCounted = false;
  #cancelWatch: (() => void) | undefined;
  #inventory: Asked | undefined;

  constructor(ports: LinePorts) {
    this.#ports = ports;
    this.#limits = ports.limits ?? lineLimits;
    this.#connector = new Connector({ ...ports, limits: this.#limits });
    this.sessionId = hexFromBytes(ports.random.bytes(16));
    const frames = new FramePool(
      sliceHeaderMaxBytes + this.#limits.sliceMaxBytes,
      this.#limits.framesKeptMaxBytes,
    );
    this.#documents = createDocuments({
      frames,
      bootWallMs: ports.clock.wallMs(),
      limits: this.#limits,
      wake: () => this.#sender.pump(),
      bytesPerSecond: () => this.#sender.pace.bytesPerSecond,
      levels:
        ports.compress &&
        new EncodeLevels({
          clock: ports.clock,
          compress: ports.compress,
          wireBytesPerSecond: () => this.#sender.pace.bytesPerSecond,
        }),
    });
    this.#sender = new Sender({
      ...ports,
      limits: this.#limits,
      lanes: this.#lanes,
      frames,
      next: (...asked) => this.#documents.next(...asked),
      isBound: (handle) => this.#documents.byHandle(handle) !== undefined,
      stirred: () => this.#watch(),
    });
    this.#keeper = new LaneKeeper({
      clock: ports.clock,
      connector: this.#connector,
      lanes: this.#lanes,
      lanesMax: this.#limits.lanesMax,
      wanted: () => this.#wanted(),
      isWorthMore: () => !this.#hasCarried || this.#documents.inHandBytes >= lanesWorthBytes,
      measured: () => {
        const { pace } = this.#sender;
        const { roundTripMs } = pace.describe();
        return {
          isBeingMeasured: pace.isSounding,
          leastRoundTripMs: roundTripMs ?? undefined,
          roundTripMs: this.#sender.roundTripMs ?? this.#lastRttMs,
          bytesPerSecond: pace.lanesBytesPerSecond,
        };
      },
    });
    this.#parted = new Parted({
      clock: ports.clock,
      say: (frame) => {
        const lane = this.#doubt ? undefined : this.#lanes.best();
        if (lane) this.#sender.say(frame, { kind: 'passing' }, lane);
        return lane !== undefined;
      },
      roundTripMs: () => this.#sender.roundTripMs ?? this.#lastRttMs ?? 1_000,
      repeat: (parcels) => this.#sender.repeat(parcels),
      settled: () => {
        if (this.#goesOnWhenCounted) this.#documents.goOn();
        this.#goesOnWhenCounted = false;
        this.#sender.pump();
      },
    });
    this.#notices = createNoticeQueue({
      clock: ports.clock,
      keep: async (notices) => {
        const cursor = await ports.keepNotices(notices);
        this.#cursor = Math.max(this.#cursor, cursor);
        return cursor;
      },
      seen: (cursor) => {
        this.#sender.say({ type: 'SEEN', cursor }, { kind: 'said' });
      },
      drained: () => this.#heedNotices(),
      failed: (error) => {
        ports.log({ event: 'line.notice.failed', error: String(error) });
        this.#loseAll(lineFailure('TENDER_NOTICE_NOT_KEPT'));
      },
    });
  }

  get isOpen(): boolean {
    return this.#hello !== undefined;
  }

  /** Opens the line, or says why not. `cursor`: the last notice in the log. An open line answers as it is. */
  open(claim: {
    readonly logId: string;
    readonly boot: number;
    readonly cursor: number;
  }): Promise<{ readonly opened: Opened } | { readonly failure: Failure }> {
    if (this.#hello) return Promise.resolve({ opened: this.#opened(this.#hello) });
    this.#claim = { logId: claim.logId, boot: claim.boot };
    this.#cursor = Math.max(this.#cursor, claim.cursor);
    this.#opening ??= this.#race(new AbortController().signal).then((outcome) => {
      this.#opening = undefined;
      return 'failure' in outcome ? outcome : { opened: this.#opened(outcome.hello) };
    });
    return this.#opening;
  }

  /** Says goodbye. Documents stay where they are until the next open. */
  close(): void {
    const lanes = this.#lanes.all;
    this.#leave(lineFailure('TENDER_LINE_STOPPED'));
    for (const lane of lanes) lane.close();
  }

  /** Puts a document on the line, or finds it there. Without a source it only asks whether the upload is stored. */
  carry(upload: Upload, source: DocumentSource | undefined): OutgoingDocument {
    this.#hasCarried = true;
    const document = this.#documents.carry(upload, source);
    if (this.isOpen) this.#documents.bind(document);
    this.#sender.pump();
    return document;
  }

  /** Its effect was stopped (no permit, paused): it waits, to go on where it was. */
  suspend(uploadId: string): void {
    this.#documents.suspend(uploadId);
  }

  /** Its outcome was taken: nothing of it is kept. */
  release(uploadId: string): void {
    this.#documents.release(uploadId);
  }

  /** Given up: the cloud may forget it too. */
  drop(uploadId: string): void {
    const handle = this.#documents.find(uploadId)?.handle;
    if (handle !== undefined) this.#sender.say({ type: 'DROP', handle }, { kind: 'said' });
    this.#documents.release(uploadId);
  }

  prioritise(uploadId: string, priority: number): void {
    const document = this.#documents.find(uploadId);
    if (document) document.priority = priority;
    this.#sender.pump();
  }

  /** A hard ceiling on all bytes handed to the socket, bytes/s; null lifts it. Takes effect at once. */
  throttle(bytesPerSecond: number | null): void {
    this.#sender.throttle(bytesPerSecond);
  }

  /** One page of what is ashore, by name bytes. Rejects with the Failure that ended the line; one call at a time. */
  inventory(after: Uint8Array | null): Promise<InventoryPageFrame> {
    const lane = this.#lanes.best();
    if (!lane) return Promise.reject(lineFailure('TENDER_LINE_CUT'));
    return new Promise((resolve, reject) => {
      const cancel = this.#ports.clock.after(this.#limits.inventoryMaxMs, () => this.#endInventory());
      this.#inventory = { lane, resolve, reject, cancel };
      // Its answer comes on the same lane: a page that was asked for twice could be taken for the next one.
      const asked = { type: 'INVENTORY', ...(after && { after }), extensions: [] } as const;
      this.#sender.say(asked, { kind: 'passing' }, lane);
    });
  }

  status(): LineStatus {
    return {
      open: this.isOpen,
      epoch: this.#hello?.epoch ?? null,
      documents: this.#documents.count,
      clockOffsetMs: this.#connector.wall.offsetMs,
      heardMs: this.isOpen ? this.#lanes.heardMs : null,
      ...this.#sender.figures,
      lanes: this.#lanes.all.map((lane) => ({
        number: lane.number,
        serial: lane.serial,
        sentBytes: lane.sentBytes,
        outstandingBytes: lane.outstandingBytes,
        allowedBytes: Math.round(this.#sender.pace.laneWindowBytes(lane.serial)),
        bufferedBytes: lane.bufferedBytes(),
        asleep: lane.asleep,
      })),
    };
  }

  // ------------------------------------------------------------------------------ open, doubt, lost

  readonly #owner: LaneOwner = {
    frame: (lane, frame) => this.#frame(lane, frame),
    acknowledged: (lane, ack) => this.#acknowledged(lane, ack),
    lost: (lane, failure) => this.#laneLost(lane, failure),
  };

  #laneLost(lane: Lane, failure: Failure): void {
    if (!this.#lanes.has(lane)) return; // one that was replaced
    // What the cloud itself says, or what is no way to the cloud, is said of the whole session.
    if (failure.class !== 'LINK') {
      this.#loseAll(failure);
      return;
    }
    this.#retire(lane);
    if (this.#lanes.count === 0) this.#beginDoubt(failure);
    else this.#keeper.tend();
    this.#parted.ask();
    this.#sender.pump();
  }

  /** A lane is of no more use: what it carried goes on others. */
  #retire(lane: Lane): void {
    this.#release(lane);
    lane.abandon();
    if (this.#inventory?.lane === lane) this.#endInventory();
  }

  #release(lane: Lane): void {
    this.#sender.pace.laneLost(lane.serial, lane.unconfirmedWireBytes);
    this.#lanes.remove(lane);
    this.#parted.add(lane);
    this.#connector.freed(lane.number);
  }

  #loseAll(failure: Failure): void {
    const { epoch } = this.#hello ?? { epoch: 0 };
    const wasOpen = this.isOpen;
    const lanes = this.#lanes.all;
    this.#leave(failure);
    for (const lane of lanes) lane.abandon();
    if (wasOpen) this.#ports.lost(failure, epoch);
  }

  #wanted(): Wanted {
    return {
      whom: { ...this.#claim!, sessionId: this.sessionId, cursor: this.#cursor },
      owner: this.#owner,
      proved: (shaken, identity) => {
        this.#identity = identity;
        this.#adopt(shaken);
      },
    };
  }

  #race(signal: AbortSignal): Promise<Outcome> {
    const srttMs = this.#sender.roundTripMs ?? this.#lastRttMs;
    return this.#connector.race(this.#wanted(), pausesFor(srttMs, this.isOpen), signal, () => this.#oldest());
  }

  /** The number of the lane that was silent longest: ashore, a fresh one of that number replaces it. */
  #oldest(): number {
    return [...this.#lanes.all].sort((a, b) => a.newsMs - b.newsMs)[0]?.number ?? 0;
  }

  #opened({ epoch, sessionId }: HelloFrame): Opened {
    return { epoch, sessionId, rttMs: this.#lastRttMs ?? 0 };
  }

  #adopt({ lane, hello, rttMs }: Shaken): void {
    const isUnwanted = this.isOpen && !this.#doubt && this.#lanes.count >= this.#keeper.wantedCount;
    if (!this.#claim || isUnwanted) {
      lane.close();
      this.#connector.freed(lane.number);
      return;
    }
    const now = this.#ports.clock.monotonicMs();
    this.#lastRttMs = rttMs;
    const known = this.#hello;
    const before = this.#lanes.at(lane.number);
    if (before) this.#retire(before);
    const isNew = known?.sinceMs !== hello.sinceMs || known.epoch !== hello.epoch;
    const doubt = this.#doubt;
    this.#lanes.add(lane);
    this.#sender.pace.laneOpened(lane.serial, now);
    this.#sender.pace.roundTrip(rttMs, now);
    this.#sender.allow(hello.limits.unackedMaxBytes);
    // Whatever was on its way on the others when all fell silent goes on this one.
    for (const other of this.#lanes.all) {
      if (other === lane) continue;
      if (isNew || (doubt && other.outstandingBytes > 0 && other.newsMs <= doubt.sinceMs))
        this.#retire(other);
    }
    this.#hello = hello;
    if (isNew) this.#parted.giveUp(); // nobody knows any more
    if (isNew) this.#bindAnew(hello);
    if (this.#lanes.count === 1) this.#goOnSoon();
    if (doubt) this.#endDoubt();
    else this.#parted.ask();
    this.#documents.bindAll();
    if (!this.#hasCarried) this.#sender.sound();
    this.#keeper.tend();
    this.#watch();
    this.#sender.pump();
  }

  /** The cloud remembers nothing of this session, or it is another: documents are offered anew. */
  #bindAnew(hello: HelloFrame): void {
    const session = `${hello.epoch} ${hello.sinceMs}`;
    if (this.#boundTo === session) return;
    this.#boundTo = session;
    this.#sender.forget();
    this.#documents.unbindAll();
  }

  /** The first lane hears at once what the cloud holds: what that makes needless is not sent. */
  #goOnSoon(): void {
    this.#sender.waitFor(heldComesMs);
    const hello = this.#hello;
    this.#ports.clock.after(heldComesMs, () => {
      if (this.#hello !== hello) return;
      if (this.#parted.isEmpty) this.#documents.goOn();
      else this.#goesOnWhenCounted = true;
    });
  }

  #leave(failure: Failure): void {
    this.#hello = undefined;
    this.#hasCarried = this.#documents.count > 0;
    this.#endDoubt();
    this.#connector.hangUp();
    this.#keeper.stop();
    for (const lane of this.#lanes.all) this.#release(lane);
    this.#sender.stop();
    this.#parted.stop();
    this.#stopWatching();
    this.#endInventory(failure);
    this.#noticesPaused = false;
    this.#notices.clear();
  }

  #endInventory(failure = lineFailure('TENDER_LINE_CUT')): void {
    const asked = this.#inventory;
    this.#inventory = undefined;
    asked?.cancel();
    asked?.reject(failure);
  }

  /** Looks now and then: does a lane sleep, is the line alive, is it in doubt? */
  #watch(): void {
    const { clock, heartbeatMs } = this.#ports;
    this.#stopWatching();
    if (!this.isOpen) return;
    const now = clock.monotonicMs();
    const lanes = this.#lanes;
    const { isBusy } = lanes;
    const idleMs = now - lanes.heardMs;
    if (!isBusy && lanes.count > 0 && idleMs >= heartbeatMs)
      this.#sender.say({ type: 'PING', stamp: Math.floor(now) }, { kind: 'passing' }, lanes.rested());
    if (isBusy && !this.#doubt) this.#lookAtLanes(now);
    const nextMs = lanes.isBusy ? this.#limits.doubtCheckMs : Math.max(1, heartbeatMs - idleMs);
    this.#stopWatching(); // what was said above has begun a watch of its own
    this.#cancelWatch = clock.after(nextMs, () => this.#watch());
  }

  #stopWatching(): void {
    this.#cancelWatch?.();
    this.#cancelWatch = undefined;
  }

  #lookAtLanes(now: number): void {
    const { roundTripMs = this.#lastRttMs ?? 1_000, variationMs, silentMs } = this.#sender;
    const patienceMs = Math.max(3 * roundTripMs, this.#limits.doubtMinMs) + 2 * this.#sender.heldMs;
    // A line that was doubted for nothing is doubted later the next time.
    if (
      this.#lanes.outstandingBytes > 0 &&
      silentMs >= patienceMs * 2 ** Math.min(doublingsMax, this.#doubts)
    ) {
      this.#doubts += 1;
      this.#beginDoubt(lineFailure('TENDER_LINE_SILENT'));
      return;
    }
    const { slept, gone, late, lateMs } = this.#lanes.look(now, {
      roundTripMs: roundTripMs + this.#sender.heldMs,
      variationMs,
      isDry: this.#sender.isDry,
    });
    for (const lane of slept) {
      lane.asleep = true;
      this.#sender.repeat(lane.giveUp());
    }
    for (const lane of late) {
      const parcels = lane.giveUp(now - lateMs);
      if (parcels.length === 0) continue;
      lane.asleep = true;
      this.#sender.repeat(parcels);
      this.#sender.pump();
    }
    for (const lane of gone) this.#retire(lane);
    if (gone.length > 0) this.#parted.ask();
    if (slept.length + gone.length > 0) {
      this.#ports.log({ event: 'line.lane.slept', slept: slept.length, gone: gone.length });
      this.#sender.pump();
    }
    this.#keeper.tend();
  }

  /** Faster than TCP: fresh connections decide whether there is a line, and carry on where the old ones fell silent. */
  #beginDoubt(why: Failure): void {
    if (this.#doubt) return;
    const doubt = { sinceMs: this.#ports.clock.monotonicMs(), end: new AbortController() };
    this.#doubt = doubt;
    this.#sender.halt();
    this.#parted.stop(); // it asks again when something answers
    this.#connector.hangUp();
    void this.#race(doubt.end.signal).then((outcome) => {
      if (this.#doubt !== doubt || !('failure' in outcome)) return;
      const { failure } = outcome;
      this.#loseAll(failure.class === 'LINK' ? why : failure);
    });
  }

  #endDoubt(): void {
    const doubt = this.#doubt;
    if (!doubt) return;
    this.#doubt = undefined;
    doubt.end.abort();
    this.#sender.goOn();
    this.#parted.ask();
  }

  // ------------------------------------------------------------------------------ receiving

  #acknowledged(lane: Lane, ack: AckFrame): void {
    if (!this.#lanes.has(lane)) return;
    const wasSounding = this.#sender.pace.isSounding;
    const bytes = this.#sender.acknowledged(ack, this.#ports.clock.monotonicMs());
    if (!this.#hasCarried) this.#sender.sound();
    if (wasSounding) this.#keeper.tend();
    // A link that is just slow, or was away for a moment: the lanes are as good as any fresh ones.
    if (bytes > 0) this.#doubts = 0;
    if (bytes > 0) this.#endDoubt();
    for (const { handle, durable } of ack.documents) this.#documents.byHandle(handle)?.durable(durable);
    this.#sender.pump();
  }

  #frame(lane: Lane, frame: CloudFrame): void {
    if (!this.#lanes.has(lane)) return;
    switch (frame.type) {
      case 'HELD':
        this.#documents.held(frame);
        break;
      case 'WANT':
        this.#documents.byHandle(frame.handle)?.want(frame);
        break;
      case 'RECEIPT':
        this.#receipt(lane, frame);
        break;
      case 'REFUSED': {
        const { code, message, retryAfterMs } = frame;
        const failure = { ...saidByCloud({ code, message, retryAfterMs }), class: frame.class };
        this.#documents.byHandle(frame.handle)?.refuse(failure);
        break;
      }
      case 'NOTICE':
        this.#notices.add(frame);
        this.#heedNotices();
        break;
      case 'COUNTED':
        this.#parted.counted(frame);
        break;
      case 'INVENTORY_PAGE':
        if (this.#inventory?.lane !== lane) break;
        this.#inventory.cancel();
        this.#inventory.resolve(frame);
        this.#inventory = undefined;
        break;
      default: // PONG: its ACK has said all there is
        break;
    }
    this.#documents.sweep();
    this.#sender.pump();
  }

  #receipt(lane: Lane, frame: Extract<CloudFrame, { type: 'RECEIPT' }>): void {
    const { tenantId } = lane.hello!;
    const { deviceId, cloudKeys } = this.#identity!;
    const proofs = provenReceipts(frame, { tenantId, deviceId }, cloudKeys);
    if (!proofs) {
      lane.fail(lineFailure('TENDER_RECEIPT_FORGED'));
      return;
    }
    for (const [uploadId, proof] of proofs) this.#documents.find(uploadId)?.stored(proof);
  }

  /** A log that is slower than the cloud's notices stops the lanes for a while. */
  #heedNotices(): void {
    const full = this.#notices.length >= this.#limits.noticesQueuedMax;
    const empty = this.#notices.length <= this.#limits.noticesQueuedMax / 2;
    if (full && !this.#noticesPaused) {
      this.#noticesPaused = true;
      for (const lane of this.#lanes.all) lane.pause();
    } else if (empty && this.#noticesPaused) {
      this.#noticesPaused = false;
      for (const lane of this.#lanes.all) lane.resume();
    }
  }
}

interface Asked {
  readonly lane: Lane;
  readonly resolve: (page: InventoryPageFrame) => void;
  readonly reject: (failure: Failure) => void;
  readonly cancel: () => void;
}

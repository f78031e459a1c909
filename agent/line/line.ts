// The line aboard: one session with the cloud over a lane, the documents on it in order of urgency, window and pace, doubt and
// heartbeat, receipts, notices, inventory. Effects carry documents on it and wait for their outcomes; the connection machine opens
// and closes it, and learns from `lost` when it is gone. Documents outlive the line and go on where they were.
import type { Failure } from '../../cloud/contract/failure.ts';
import { sliceHeaderMaxBytes } from '../../cloud/contract/frame-encoder.ts';
import type { AckFrame, CloudFrame, InventoryPageFrame, NoticeFrame } from '../../cloud/contract/frames.ts';
import { hexFromBytes } from '../../cloud/contract/ids.ts';
import type { Crossing } from '../../machines/estimators.ts';
import { Connector } from './connector.ts';
import { createDocuments, type Documents } from './documents.ts';
import { lineFailure, saidByCloud } from './failures.ts';
import { FramePool } from './frame-pool.ts';
import type { HandshakePorts, Shaken } from './handshake.ts';
import type { Confirmed, Lane, LaneOwner } from './lane.ts';
import { type LineLimitsAboard, lineLimits } from './limits.ts';
import { createNoticeQueue } from './notice-queue.ts';
import type { DocumentSource, Upload } from './outcome.ts';
import type { OutgoingDocument } from './outgoing.ts';
import { provenReceipts } from './receipt-check.ts';
import { Sender } from './sender.ts';
import type { LineIdentity } from './upgrade.ts';

export interface LinePorts extends Omit<HandshakePorts, 'limits'> {
  readonly limits?: LineLimitsAboard;
  /** An idle line says so often that it lives. */
  readonly heartbeatMs: number;
  /** Asked before every attempt, so that enrolling needs no restart. Undefined: not enrolled. */
  readonly identity: () => Promise<LineIdentity | undefined>;
  /** Resolves with the new cursor when the notices are in the log. */
  readonly keepNotices: (notices: readonly NoticeFrame[]) => Promise<number>;
  /** The open line is gone; not called for close(). */
  readonly lost: (failure: Failure, epoch: number) => void;
  /** The line got bad, or good again: link.degraded, link.recovered. */
  readonly crossed: (crossing: Crossing) => void;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

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
  readonly wireBytesUp: number;
  readonly clockOffsetMs: number;
}

export class Line {
  readonly sessionId: string;
  readonly #ports: LinePorts;
  readonly #limits: LineLimitsAboard;
  readonly #connector: Connector;
  readonly #sender: Sender;
  readonly #documents: Documents;
  readonly #notices: ReturnType<typeof createNoticeQueue>;
  #claim: { logId: string; boot: number } | undefined;
  #cursor = 0;
  #identity: LineIdentity | undefined;
  #shaken: Shaken | undefined;
  /** Of the last lane that opened: how long an answer takes, before anything was measured on a new one. */
  #lastRttMs: number | undefined;
  #opening: Promise<{ opened: Opened } | { failure: Failure }> | undefined;
  #doubting = false;
  #noticesPaused = false;
  #cancelWatch: (() => void) | undefined;
  #inventory: { resolve: (page: InventoryPageFrame) => void; reject: (failure: Failure) => void } | undefined;

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
    });
    this.#sender = new Sender({
      ...ports,
      limits: this.#limits,
      frames,
      next: (sliceMaxBytes) => this.#documents.next(sliceMaxBytes),
      stirred: () => this.#watch(),
    });
    this.#notices = createNoticeQueue({
      keep: ports.keepNotices,
      seen: (cursor) => {
        this.#cursor = Math.max(this.#cursor, cursor);
        this.#sender.say({ type: 'SEEN', cursor });
      },
      drained: () => this.#heedNotices(),
      failed: (error) => {
        ports.log({ event: 'line.notice.failed', error: String(error) });
        this.#shaken?.lane.fail(lineFailure('TENDER_NOTICE_NOT_KEPT'));
      },
    });
  }

  get isOpen(): boolean {
    return this.#shaken?.lane.isOpen === true;
  }

  /** Opens the line, or says why not. `cursor`: the last notice in the log. An open line answers as it is. */
  open(claim: {
    readonly logId: string;
    readonly boot: number;
    readonly cursor: number;
  }): Promise<{ readonly opened: Opened } | { readonly failure: Failure }> {
    if (this.#shaken && this.isOpen) return Promise.resolve({ opened: this.#opened(this.#shaken) });
    this.#claim = { logId: claim.logId, boot: claim.boot };
    this.#cursor = Math.max(this.#cursor, claim.cursor);
    this.#opening ??= this.#connect((shaken) => this.#adopt(shaken)).then((shaken) => {
      this.#opening = undefined;
      return 'failure' in shaken ? shaken : { opened: this.#opened(shaken) };
    });
    return this.#opening;
  }

  /** Says goodbye. Documents stay where they are until the next open. */
  close(): void {
    const lane = this.#shaken?.lane;
    this.#leave(lineFailure('TENDER_LINE_STOPPED'));
    lane?.close();
  }

  /** Puts a document on the line, or finds it there. Without a source it only asks whether the upload is stored. */
  carry(upload: Upload, source: DocumentSource | undefined): OutgoingDocument {
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
    if (handle !== undefined) this.#sender.say({ type: 'DROP', handle });
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
    if (!this.isOpen) return Promise.reject(lineFailure('TENDER_LINE_CUT'));
    return new Promise((resolve, reject) => {
      this.#inventory = { resolve, reject };
      this.#sender.say({ type: 'INVENTORY', ...(after && { after }), extensions: [] });
    });
  }

  status(): LineStatus {
    return {
      open: this.isOpen,
      epoch: this.#shaken?.hello.epoch ?? null,
      documents: this.#documents.count,
      clockOffsetMs: this.#connector.wall.offsetMs,
      ...this.#sender.figures,
    };
  }

  // ------------------------------------------------------------------------------ open, doubt, lost

  readonly #owner: LaneOwner = {
    frame: (lane, frame) => this.#frame(lane, frame),
    acknowledged: (lane, ack, news) => this.#acknowledged(lane, ack, news),
    lost: (lane, failure) => {
      if (lane !== this.#shaken?.lane) return; // one that was replaced
      // The cloud ends the old lane when the fresh one is there: which of the two is heard of first says nothing.
      if (!this.#doubting) this.#lose(failure);
    },
  };

  #lose(failure: Failure): void {
    const epoch = this.#shaken!.hello.epoch;
    this.#leave(failure);
    this.#ports.lost(failure, epoch);
  }

  #connect(proved: (shaken: Shaken) => void): Promise<Shaken | { readonly failure: Failure }> {
    return this.#connector.connect({
      claim: { ...this.#claim!, sessionId: this.sessionId, lane: 0, cursor: this.#cursor },
      owner: this.#owner,
      srttMs: this.#sender.figures.srttMs ?? this.#lastRttMs,
      proved: (shaken, identity) => {
        this.#identity = identity;
        proved(shaken);
      },
    });
  }

  #opened({ hello, rttMs }: Shaken): Opened {
    return { epoch: hello.epoch, sessionId: hello.sessionId, rttMs };
  }

  #adopt(shaken: Shaken): void {
    this.#shaken = shaken;
    this.#lastRttMs = shaken.rttMs;
    this.#sender.open(shaken.lane, shaken.hello.limits.unackedMaxBytes);
    this.#documents.bindAll();
    this.#watch();
    this.#sender.pump();
  }

  #leave(failure: Failure): void {
    this.#shaken = undefined;
    this.#sender.close();
    this.#cancelWatch?.();
    this.#cancelWatch = undefined;
    this.#inventory?.reject(failure);
    this.#inventory = undefined;
    this.#noticesPaused = false;
    this.#notices.clear();
    this.#documents.unbindAll();
  }

  /** Looks now and then: is the line alive, is it in doubt? */
  #watch(): void {
    const { clock, heartbeatMs } = this.#ports;
    this.#cancelWatch?.();
    this.#cancelWatch = undefined;
    const lane = this.#shaken?.lane;
    if (!lane?.isOpen) return;
    const now = clock.monotonicMs();
    const idleMs = now - lane.heardMs;
    if (lane.outstandingBytes === 0 && idleMs >= heartbeatMs)
      this.#sender.say({ type: 'PING', stamp: Math.floor(now) });
    if (lane.outstandingBytes > 0 && this.#sender.inDoubt) void this.#doubt(lane);
    const nextMs = lane.outstandingBytes > 0 ? this.#limits.doubtCheckMs : Math.max(1, heartbeatMs - idleMs);
    this.#cancelWatch = clock.after(nextMs, () => this.#watch());
  }

  /** Faster than TCP: a fresh connection decides whether there is a line, and carries on where the old one fell silent. */
  async #doubt(old: Lane): Promise<void> {
    if (this.#doubting) return;
    this.#doubting = true;
    const confirmed = old.confirmedBytes;
    const shaken = await this.#connect((fresh) => {
      if (this.#shaken?.lane !== old) {
        fresh.lane.close(); // closed or lost meanwhile
        return;
      }
      old.abandon();
      this.#documents.unbindAll();
      // A page that was asked for there will not come: whoever waits asks again.
      this.#inventory?.reject(lineFailure('TENDER_LINE_CUT'));
      this.#inventory = undefined;
      this.#adopt(fresh);
    });
    this.#doubting = false;
    if (this.#shaken?.lane !== old || !('failure' in shaken)) return;
    const { failure } = shaken;
    // A link that is just slow may have confirmed something meanwhile; then the old lane is as good as any.
    if (failure.class === 'LINK' && old.isOpen && old.confirmedBytes > confirmed) return;
    old.abandon();
    this.#lose(failure.class === 'LINK' ? lineFailure('TENDER_LINE_SILENT') : failure);
  }

  // ------------------------------------------------------------------------------ receiving

  #acknowledged(lane: Lane, ack: AckFrame, news: Confirmed | undefined): void {
    if (lane !== this.#shaken?.lane) return;
    this.#sender.acknowledged(news);
    for (const { handle, durable } of ack.documents) this.#documents.byHandle(handle)?.durable(durable);
    this.#sender.pump();
  }

  #frame(lane: Lane, frame: CloudFrame): void {
    if (lane !== this.#shaken?.lane) return;
    switch (frame.type) {
      case 'HELD':
        this.#documents.held(frame);
        break;
      case 'WANT':
        this.#documents.byHandle(frame.handle)?.want(frame);
        break;
      case 'RECEIPT':
        this.#receipt(frame);
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
      case 'INVENTORY_PAGE':
        this.#inventory?.resolve(frame);
        this.#inventory = undefined;
        break;
      default: // PONG: its ACK has said all there is
        break;
    }
    this.#documents.sweep();
    this.#sender.pump();
  }

  #receipt(frame: Extract<CloudFrame, { type: 'RECEIPT' }>): void {
    const { lane, hello } = this.#shaken!;
    const { deviceId, cloudKeys } = this.#identity!;
    const proofs = provenReceipts(frame, { tenantId: hello.tenantId, deviceId }, cloudKeys);
    if (!proofs) {
      lane.fail(lineFailure('TENDER_RECEIPT_FORGED'));
      return;
    }
    for (const [uploadId, proof] of proofs) this.#documents.find(uploadId)?.stored(proof);
  }

  /** A log that is slower than the cloud's notices stops the lane for a while. */
  #heedNotices(): void {
    const full = this.#notices.length >= this.#limits.noticesQueuedMax;
    const empty = this.#notices.length <= this.#limits.noticesQueuedMax / 2;
    const lane = this.#shaken?.lane;
    if (full && !this.#noticesPaused) {
      this.#noticesPaused = true;
      lane?.pause();
    } else if (empty && this.#noticesPaused) {
      this.#noticesPaused = false;
      lane?.resume();
    }
  }
}

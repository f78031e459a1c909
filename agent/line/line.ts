// The line aboard: one session with the cloud over its lanes (link.ts), the documents on it in order of urgency, what leaves and when
// (sender.ts), what the cloud says (inbox.ts). Effects carry documents on it and wait for their outcomes; the connection machine
// opens and closes it, and learns from `lost` when it is gone. Documents outlive the line and go on where they were.
import type { Failure } from '../../cloud/contract/failure.ts';
import { sliceHeaderMaxBytes } from '../../cloud/contract/frame-encoder.ts';
import type { HelloFrame, InventoryPageFrame, NoticeFrame } from '../../cloud/contract/frames.ts';
import { hexFromBytes } from '../../cloud/contract/ids.ts';
import type { Crossing } from '../../machines/estimators.ts';
import { Connector } from './connector.ts';
import { createDocuments, type Documents } from './documents.ts';
import { type Compress, EncodeLevels } from './encode-levels.ts';
import { FramePool } from './frame-pool.ts';
import type { HandshakePorts } from './handshake.ts';
import { Inbox } from './inbox.ts';
import { Lanes } from './lanes.ts';
import { type LineLimitsAboard, lineLimits } from './limits.ts';
import { type LineStatus, laneStatus } from './line-status.ts';
import { Link } from './link.ts';
import type { DocumentSource, Upload } from './outcome.ts';
import type { OutgoingDocument } from './outgoing.ts';
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

/** A handshake costs 6 KB up and down: ten of them are not worth it for a document that is nearly all ashore. */
const lanesWorthBytes = 32 * 1024;

export interface Opened {
  readonly epoch: number;
  readonly sessionId: string;
  readonly rttMs: number;
}

export class Line {
  readonly sessionId: string;
  readonly #connector: Connector;
  readonly #sender: Sender;
  readonly #lanes = new Lanes();
  readonly #link: Link;
  readonly #documents: Documents;
  readonly #inbox: Inbox;
  #boundTo: string | undefined;
  /** Something travelled since the line was opened. */
  #hasCarried = false;
  #claim: { readonly logId: string; readonly boot: number } | undefined;
  #cursor = 0;
  #identity: LineIdentity | undefined;
  #opening: Promise<{ opened: Opened } | { failure: Failure }> | undefined;

  constructor(ports: LinePorts) {
    const limits = ports.limits ?? lineLimits;
    const lanes = this.#lanes;
    this.#connector = new Connector({ ...ports, limits });
    this.sessionId = hexFromBytes(ports.random.bytes(16));
    const frames = new FramePool(sliceHeaderMaxBytes + limits.sliceMaxBytes, limits.framesKeptMaxBytes);
    const bytesPerSecond = () => this.#sender.pace.bytesPerSecond;
    const { clock, compress } = ports;
    this.#documents = createDocuments({
      frames,
      bootWallMs: clock.wallMs(),
      limits,
      wake: () => this.#sender.pump(),
      bytesPerSecond,
      levels: compress && new EncodeLevels({ clock, compress, wireBytesPerSecond: bytesPerSecond }),
    });
    this.#sender = new Sender({
      ...ports,
      limits,
      lanes,
      frames,
      next: (...asked) => this.#documents.next(...asked),
      isBound: (handle) => this.#documents.byHandle(handle) !== undefined,
      stirred: () => this.#link.stirred(),
    });
    this.#link = new Link({
      ...ports,
      limits,
      lanes,
      connector: this.#connector,
      sender: this.#sender,
      whom: () => this.#claim && { ...this.#claim, sessionId: this.sessionId, cursor: this.#cursor },
      proved: (identity) => {
        this.#identity = identity;
      },
      frame: (lane, frame) => {
        this.#inbox.frame(lane, frame);
        this.#sender.pump();
      },
      acknowledged: ({ documents }) => {
        if (!this.#hasCarried) this.#sender.sound();
        for (const { handle, durable } of documents) this.#documents.byHandle(handle)?.durable(durable);
      },
      isWorthMore: () => !this.#hasCarried || this.#documents.inHandBytes >= lanesWorthBytes,
      began: (hello) => this.#bindAnew(hello),
      opened: () => {
        this.#documents.bindAll();
        if (!this.#hasCarried) this.#sender.sound();
      },
      wentOn: () => this.#documents.goOn(),
      laneGone: (lane) => this.#inbox.laneGone(lane),
      closed: (failure) => {
        this.#hasCarried = this.#documents.count > 0;
        this.#inbox.end(failure);
      },
    });
    this.#inbox = new Inbox({
      ...ports,
      limits,
      lanes,
      sender: this.#sender,
      documents: this.#documents,
      parted: this.#link.parted,
      identity: () => this.#identity!,
      keepNotices: async (notices) => {
        const cursor = await ports.keepNotices(notices);
        this.#cursor = Math.max(this.#cursor, cursor);
        return cursor;
      },
      seen: (cursor) => this.#sender.say({ type: 'SEEN', cursor }, { kind: 'said' }),
      failed: (failure) => this.#link.loseAll(failure),
    });
  }

  get isOpen(): boolean {
    return this.#link.isOpen;
  }

  /** Opens the line, or says why not. `cursor`: the last notice in the log. An open line answers as it is. */
  open(claim: {
    readonly logId: string;
    readonly boot: number;
    readonly cursor: number;
  }): Promise<{ readonly opened: Opened } | { readonly failure: Failure }> {
    const { hello } = this.#link;
    if (hello) return Promise.resolve({ opened: this.#opened(hello) });
    this.#claim = { logId: claim.logId, boot: claim.boot };
    this.#cursor = Math.max(this.#cursor, claim.cursor);
    this.#opening ??= this.#link.open().then((outcome) => {
      this.#opening = undefined;
      return 'failure' in outcome ? outcome : { opened: this.#opened(outcome.hello) };
    });
    return this.#opening;
  }

  /** Says goodbye. Documents stay where they are until the next open. */
  close(): void {
    this.#link.close();
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
    return this.#inbox.inventory(after);
  }

  status(): LineStatus {
    return {
      open: this.isOpen,
      epoch: this.#link.hello?.epoch ?? null,
      documents: this.#documents.count,
      clockOffsetMs: this.#connector.wall.offsetMs,
      heardMs: this.isOpen ? this.#lanes.heardMs : null,
      ...this.#sender.figures,
      lanes: this.#lanes.all.map((lane) => laneStatus(lane, this.#sender.pace.laneWindowBytes(lane.serial))),
    };
  }

  #opened({ epoch, sessionId }: HelloFrame): Opened {
    return { epoch, sessionId, rttMs: this.#link.lastRttMs ?? 0 };
  }

  /** The cloud remembers nothing of this session, or it is another: documents are offered anew. */
  #bindAnew(hello: HelloFrame): void {
    const session = `${hello.epoch} ${hello.sinceMs}`;
    if (this.#boundTo === session) return;
    this.#boundTo = session;
    this.#link.parted.giveUp(); // nobody knows any more what lanes of before brought
    this.#sender.forget();
    this.#documents.unbindAll();
  }
}

// What the cloud says besides ACKs, sorted to whom it is for: documents, receipts after their proof, notices into the log, pages of
// the inventory. Held by line.ts, which knows the lanes.
import type { Failure } from '../../cloud/contract/failure.ts';
import type { CloudFrame, InventoryPageFrame, NoticeFrame } from '../../cloud/contract/frames.ts';
import type { Clock } from '../ports.ts';
import type { Documents } from './documents.ts';
import { lineFailure, saidByCloud } from './failures.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';
import type { LineLimitsAboard } from './limits.ts';
import { createNoticeQueue, type NoticeQueue } from './notice-queue.ts';
import type { Parted } from './parted.ts';
import { provenReceipts } from './receipt-check.ts';
import type { Sender } from './sender.ts';
import type { LineIdentity } from './upgrade.ts';

export interface InboxPorts {
  readonly clock: Clock;
  readonly limits: LineLimitsAboard;
  readonly lanes: Lanes;
  readonly sender: Sender;
  readonly documents: Documents;
  readonly parted: Parted;
  /** Of the newest lane: whose keys a receipt must bear. */
  readonly identity: () => LineIdentity;
  /** Resolves with the new cursor when the notices are in the log. */
  readonly keepNotices: (notices: readonly NoticeFrame[]) => Promise<number>;
  /** All up to this notice are in the log. */
  readonly seen: (cursor: number) => void;
  /** The line cannot go on. */
  readonly failed: (failure: Failure) => void;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

interface Asked {
  readonly lane: Lane;
  readonly resolve: (page: InventoryPageFrame) => void;
  readonly reject: (failure: Failure) => void;
  readonly cancel: () => void;
}

export class Inbox {
  readonly #ports: InboxPorts;
  readonly #notices: NoticeQueue;
  #noticesPaused = false;
  #inventory: Asked | undefined;

  constructor(ports: InboxPorts) {
    this.#ports = ports;
    this.#notices = createNoticeQueue({
      clock: ports.clock,
      keep: ports.keepNotices,
      seen: ports.seen,
      drained: () => this.#heedNotices(),
      failed: (error) => {
        ports.log({ event: 'line.notice.failed', error: String(error) });
        ports.failed(lineFailure('TENDER_NOTICE_NOT_KEPT'));
      },
    });
  }

  frame(lane: Lane, frame: CloudFrame): void {
    const { documents, parted } = this.#ports;
    switch (frame.type) {
      case 'HELD':
        documents.held(frame);
        break;
      case 'WANT':
        documents.byHandle(frame.handle)?.want(frame);
        break;
      case 'RECEIPT':
        this.#receipt(lane, frame);
        break;
      case 'REFUSED': {
        const { code, message, retryAfterMs } = frame;
        const failure = { ...saidByCloud({ code, message, retryAfterMs }), class: frame.class };
        documents.byHandle(frame.handle)?.refuse(failure);
        break;
      }
      case 'NOTICE':
        this.#notices.add(frame);
        this.#heedNotices();
        break;
      case 'COUNTED':
        parted.counted(frame);
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
    documents.sweep();
  }

  /** One page of what is ashore, by name bytes. Rejects with the Failure that ended the line; one call at a time. */
  inventory(after: Uint8Array | null): Promise<InventoryPageFrame> {
    const { clock, limits, lanes, sender } = this.#ports;
    const lane = lanes.best();
    if (!lane) return Promise.reject(lineFailure('TENDER_LINE_CUT'));
    return new Promise((resolve, reject) => {
      const cancel = clock.after(limits.inventoryMaxMs, () => this.#endInventory());
      this.#inventory = { lane, resolve, reject, cancel };
      // Its answer comes on the same lane: a page that was asked for twice could be taken for the next one.
      const asked = { type: 'INVENTORY', ...(after && { after }), extensions: [] } as const;
      sender.say(asked, { kind: 'passing' }, lane);
    });
  }

  laneGone(lane: Lane): void {
    if (this.#inventory?.lane === lane) this.#endInventory();
  }

  /** The line is closed. */
  end(failure: Failure): void {
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

  #receipt(lane: Lane, frame: Extract<CloudFrame, { type: 'RECEIPT' }>): void {
    const { tenantId } = lane.hello!;
    const { deviceId, cloudKeys } = this.#ports.identity();
    const proofs = provenReceipts(frame, { tenantId, deviceId }, cloudKeys);
    if (!proofs) {
      lane.fail(lineFailure('TENDER_RECEIPT_FORGED'));
      return;
    }
    for (const [uploadId, proof] of proofs) this.#ports.documents.find(uploadId)?.stored(proof);
  }

  /** A log that is slower than the cloud's notices stops the lanes for a while. */
  #heedNotices(): void {
    const { limits, lanes } = this.#ports;
    const full = this.#notices.length >= limits.noticesQueuedMax;
    const empty = this.#notices.length <= limits.noticesQueuedMax / 2;
    if (full && !this.#noticesPaused) {
      this.#noticesPaused = true;
      for (const lane of lanes.all) lane.pause();
    } else if (empty && this.#noticesPaused) {
      this.#noticesPaused = false;
      for (const lane of lanes.all) lane.resume();
    }
  }
}

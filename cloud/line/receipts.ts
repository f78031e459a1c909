// Gathers receipts that fall together, so that one signature covers a few of them, and says them.

import type { ReceiptFrame } from '../contract/frames.ts';
import type { Signer } from '../contract/keys.ts';
import { receiptBatchMaxCount, receiptBytes, signReceipts } from '../contract/receipt.ts';
import type { Clock, Receipt } from '../ports.ts';
import type { LineLimitsAshore } from './limits.ts';

export interface Receipts {
  /** The version is committed: its receipt leaves within `receiptGatherMs`. */
  add(receipt: Receipt): void;
  stop(): void;
}

export function createReceipts(
  ports: { readonly signer: Signer; readonly clock: Clock; readonly limits: LineLimitsAshore },
  say: (frame: ReceiptFrame) => void,
): Receipts {
  const { signer, clock, limits } = ports;
  let waiting: Receipt[] = [];
  let cancel: (() => void) | undefined;

  const flush = () => {
    cancel?.();
    cancel = undefined;
    const receipts = waiting;
    waiting = [];
    if (receipts.length === 0) return;
    const signature = signReceipts(signer, receipts.map(receiptBytes));
    say({ type: 'RECEIPT', keyId: signer.keyId, receipts, signature, extensions: [] });
  };

  return {
    add(receipt) {
      waiting.push(receipt);
      if (waiting.length >= receiptBatchMaxCount) flush();
      else cancel ??= clock.after(limits.receiptGatherMs, flush);
    },
    stop() {
      cancel?.();
      waiting = [];
    },
  };
}

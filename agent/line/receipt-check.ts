// A RECEIPT frame → proofs, one per document: only if the cloud's key signed exactly these facts, with our tenant and device in
// them. Anything else is no receipt.
import type { ReceiptFrame } from '../../cloud/contract/frames.ts';
import { proofsFor, receiptBytes, verifyBatch } from '../../cloud/contract/receipt.ts';
import type { StoredProof } from './outcome.ts';

/** By upload; undefined when the signature is not the cloud's. */
export function provenReceipts(
  frame: ReceiptFrame,
  owner: { readonly tenantId: string; readonly deviceId: string },
  cloudKeys: readonly Uint8Array[],
): ReadonlyMap<string, StoredProof> | undefined {
  const batch = frame.receipts.map((one) => receiptBytes({ ...one, ...owner }));
  if (!cloudKeys.some((key) => verifyBatch(batch, frame.signature, key))) return undefined;
  const byPosition = proofsFor(frame.signature, batch);
  const proofs = new Map<string, StoredProof>();
  for (const [position, one] of frame.receipts.entries()) {
    const receipt = batch[position]!;
    const proof = byPosition[position]!;
    const { uploadId, documentId, version, lengthBytes, storedMs } = one;
    const sha256 = Uint8Array.from(one.sha256);
    proofs.set(uploadId, {
      documentId,
      version,
      lengthBytes,
      sha256,
      storedMs,
      keyId: frame.keyId,
      receipt,
      proof,
    });
  }
  return proofs;
}

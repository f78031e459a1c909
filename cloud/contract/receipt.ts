// The cloud's word that a document version is durable and committed: canonical text, and one signature over a batch of such
// texts. The yacht rebuilds the text from what it knows itself, so a receipt for other bytes cannot be mistaken for its own.
import { createHash } from 'node:crypto';
import { ByteReader, ByteWriter, Malformed } from './bytes.ts';
import { bytesFromHex, hexFromBytes } from './ids.ts';
import { type Signer, verifySignature } from './keys.ts';

export interface ReceiptFacts {
  readonly tenantId: string;
  readonly deviceId: string;
  readonly uploadId: string;
  readonly documentId: string;
  readonly version: number;
  readonly lengthBytes: number;
  /** 32 bytes. */
  readonly sha256: Uint8Array;
  /** Wall clock ashore at the commit. */
  readonly storedMs: number;
}

/** One signature over this many receipts at most: the proof of each fits 256 characters of base64. */
export const receiptBatchMaxCount = 4;

const encoder = new TextEncoder();

/** The canonical bytes: lines of UTF-8, each `field value`, in this order. They are kept aboard for good. */
export function receiptBytes(facts: ReceiptFacts): Uint8Array {
  return encoder.encode(
    [
      'tender receipt 1',
      `tenant ${facts.tenantId}`,
      `device ${facts.deviceId}`,
      `upload ${facts.uploadId}`,
      `document ${facts.documentId}`,
      `version ${facts.version}`,
      `length ${facts.lengthBytes}`,
      `sha256 ${hexFromBytes(facts.sha256)}`,
      `stored ${facts.storedMs}`,
      '',
    ].join('\n'),
  );
}

const receiptPattern =
  /^tender receipt 1\ntenant (.{1,64})\ndevice (.{1,64})\nupload ([0-9A-Z]{26})\ndocument (.{1,64})\nversion (\d{1,16})\nlength (\d{1,16})\nsha256 ([0-9a-f]{64})\nstored (\d{1,16})\n$/;

/** Canonical bytes → facts; undefined for anything that receiptBytes would not have written. */
export function readReceipt(bytes: Uint8Array): ReceiptFacts | undefined {
  const match = receiptPattern.exec(new TextDecoder().decode(bytes));
  if (!match) return undefined;
  return {
    tenantId: match[1]!,
    deviceId: match[2]!,
    uploadId: match[3]!,
    documentId: match[4]!,
    version: Number(match[5]),
    lengthBytes: Number(match[6]),
    sha256: bytesFromHex(match[7]!),
    storedMs: Number(match[8]),
  };
}

/** What is signed: one line of SHA-256 per receipt of the batch. */
function batchMessage(digests: readonly Uint8Array[]): Uint8Array {
  return encoder.encode(['tender receipts 1', ...digests.map(hexFromBytes), ''].join('\n'));
}

function digest(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

/** Signs a batch of canonical receipts. */
export function signReceipts(signer: Signer, receipts: readonly Uint8Array[]): Uint8Array {
  return signer.sign(batchMessage(receipts.map(digest)));
}

/**
 * The proof that belongs to one receipt of a batch, to be kept beside it: signature (64), position, count, and the digests of the
 * other receipts. With it and the cloud's public key anybody can check the receipt, years later, alone.
 */
export function proofFor(
  signature: Uint8Array,
  receipts: readonly Uint8Array[],
  position: number,
): Uint8Array {
  const writer = new ByteWriter().fixed(signature).varint(position).varint(receipts.length);
  for (const [at, bytes] of receipts.entries()) if (at !== position) writer.fixed(digest(bytes));
  return writer.done();
}

/** True only if the cloud signed exactly this receipt. */
export function verifyReceipt(receipt: Uint8Array, proof: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    const reader = new ByteReader(proof);
    const signature = reader.fixed(64);
    const position = reader.varint();
    const count = reader.varint();
    if (count > receiptBatchMaxCount || position >= count) return false;
    const digests: Uint8Array[] = [];
    for (let at = 0; at < count; at++) digests.push(at === position ? digest(receipt) : reader.fixed(32));
    reader.end();
    return verifySignature(publicKey, batchMessage(digests), signature);
  } catch (error) {
    if (error instanceof Malformed) return false;
    throw error;
  }
}

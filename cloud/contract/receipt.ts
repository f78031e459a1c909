// The cloud's word that a document version is durable and committed: canonical text, and one signature over a batch of such
// texts. The yacht rebuilds the text from what it knows itself, so a receipt for other bytes cannot be mistaken for its own.
import { ByteReader, ByteWriter, Malformed } from './bytes.ts';
import { bytesFromHex, hexFromBytes } from './ids.ts';
import { type Signer, verifySignature } from './keys.ts';
import { merklePath, merkleTree, rootFromPath } from './merkle.ts';

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

/** One signature over this many receipts at most: the proof of each fits 384 characters of base64. */
export const receiptBatchMaxCount = 64;

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

/** What is signed: the root of the batch's tree, as a line of hex. */
function batchMessage(root: Uint8Array): Uint8Array {
  return encoder.encode(`tender receipts 1\n${hexFromBytes(root)}\n`);
}

/** Signs a batch of canonical receipts. */
export function signReceipts(signer: Signer, receipts: readonly Uint8Array[]): Uint8Array {
  return signer.sign(batchMessage(merkleTree(receipts).hash));
}

/** True only if the cloud signed exactly this batch, in this order: one verification for all of it. */
export function verifyBatch(
  receipts: readonly Uint8Array[],
  signature: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  if (receipts.length === 0 || receipts.length > receiptBatchMaxCount) return false;
  return verifySignature(publicKey, batchMessage(merkleTree(receipts).hash), signature);
}

/**
 * The proofs that belong to the receipts of a batch, each to be kept beside its own: signature (64), position, count, and the path
 * of hashes to the root. With it and the cloud's public key anybody can check the receipt, years later, alone.
 */
export function proofsFor(signature: Uint8Array, receipts: readonly Uint8Array[]): Uint8Array[] {
  const tree = merkleTree(receipts);
  return receipts.map((_, position) => {
    const path = merklePath(tree, position);
    const writer = new ByteWriter(64 + 2 + 32 * path.length).fixed(signature);
    writer.varint(position).varint(receipts.length);
    for (const hash of path) writer.fixed(hash);
    return writer.done();
  });
}

/** True only if the cloud signed exactly this receipt. */
export function verifyReceipt(receipt: Uint8Array, proof: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    const reader = new ByteReader(proof);
    const signature = reader.fixed(64);
    const position = reader.varint();
    const count = reader.varint();
    if (count > receiptBatchMaxCount || position >= count) return false;
    const root = rootFromPath(receipt, position, count, () => reader.fixed(32));
    reader.end();
    return verifySignature(publicKey, batchMessage(root), signature);
  } catch (error) {
    if (error instanceof Malformed) return false;
    throw error;
  }
}

// The worked example of docs/protocol.md: one short document from upgrade to receipt, with fixed keys and times, as hex made by the
// code itself. protocol.test.ts compares it with the page.
import { createHash } from 'node:crypto';
import { encodeCloudFrame, encodeHelloBody, encodeYachtFrame } from '../../cloud/contract/frame-encoder.ts';
import { hexFromBytes } from '../../cloud/contract/ids.ts';
import { signerFromSeed } from '../../cloud/contract/keys.ts';
import { formatClaim } from '../../cloud/contract/line-header.ts';
import { receiptBytes, signReceipts } from '../../cloud/contract/receipt.ts';
import { helloMessage } from '../../cloud/contract/signatures.ts';

export const exampleCloud = signerFromSeed(new Uint8Array(32).fill(1));
const deviceId = '00000000-0000-4000-8000-00000000000d';
const tenantId = '00000000-0000-4000-8000-00000000000e';
const documentId = '00000000-0000-4000-8000-00000000000f';
const uploadId = '01KDVDNA346BNA42BXT1THG8EH';
const nonce = 'AAECAwQFBgcICQoLDA0ODw';
const sessionId = '000102030405060708090a0b0c0d0e0f';
const timeMs = 1_767_225_600_000;
const text = new TextEncoder().encode('The anchor light is fixed.\n');
const sha256 = new Uint8Array(createHash('sha256').update(text).digest());

function hexLines(bytes: Uint8Array): string {
  return hexFromBytes(bytes)
    .match(/.{1,64}/g)!
    .map((line) => `    ${line}`)
    .join('\n');
}

export function protocolExample(): string {
  const claim = { version: 1, logId: 'a'.repeat(32), boot: 3, sessionId, lane: 0, cursor: 17, nonce };
  const limits = {
    frameMaxBytes: 131_072,
    handlesMax: 256,
    manifestEntriesMax: 2_048,
    unackedMaxBytes: 8_388_608,
    chunkMaxBytes: 262_144,
  };
  const hello = {
    type: 'HELLO' as const,
    version: 1,
    sessionId,
    lane: 0,
    serial: 1,
    sinceMs: timeMs - 40,
    epoch: 4,
    timeMs,
    tenantId,
    keyId: exampleCloud.keyId,
    limits,
    extensions: [],
  };
  const signature = exampleCloud.sign(helloMessage(nonce, deviceId, encodeHelloBody(hello)));
  const receipt = {
    tenantId,
    deviceId,
    uploadId,
    documentId,
    version: 1,
    lengthBytes: text.length,
    sha256,
    storedMs: timeMs + 900,
  };
  const name = new TextEncoder().encode('bridge/anchor.txt');
  const handle = 0;
  const frames: readonly (readonly [string, Uint8Array])[] = [
    ['cloud → HELLO', encodeCloudFrame({ ...hello, signature })],
    [
      'yacht → OFFER',
      encodeYachtFrame({
        type: 'OFFER',
        handle,
        uploadId,
        version: 1,
        priority: 5,
        modifiedMs: timeMs - 60_000,
        name,
        extensions: [],
      }),
    ],
    [
      'yacht → MANIFEST',
      encodeYachtFrame({
        type: 'MANIFEST',
        handle,
        first: 0,
        entries: [{ length: text.length }],
        extensions: [],
      }),
    ],
    ['yacht → SLICE', encodeYachtFrame({ type: 'SLICE', handle, index: 0, offset: 0, bytes: text })],
    [
      'yacht → FINISH',
      encodeYachtFrame({
        type: 'FINISH',
        handle,
        lengthBytes: text.length,
        chunks: 1,
        sha256,
        extensions: [],
      }),
    ],
    [
      'cloud → HELD',
      encodeCloudFrame({ type: 'HELD', uploadId, handle, durable: [], partial: [], more: false }),
    ],
    [
      'cloud → ACK',
      encodeCloudFrame({
        type: 'ACK',
        nowMs: 70_100,
        lanes: [{ serial: 1, receivedBytes: 119, heldMs: 99.8 }],
        documents: [{ handle, durable: [{ start: 0, end: 1 }] }],
      }),
    ],
    [
      'cloud → RECEIPT',
      encodeCloudFrame({
        type: 'RECEIPT',
        keyId: exampleCloud.keyId,
        receipts: [receipt],
        signature: signReceipts(exampleCloud, [receiptBytes(receipt)]),
        extensions: [],
      }),
    ],
    [
      'cloud → NOTICE',
      encodeCloudFrame({
        type: 'NOTICE',
        sequence: 18,
        uploadId,
        documentId,
        version: 1,
        kind: 'indexed',
        passages: 1,
        reason: '',
        atMs: timeMs + 2_000,
        extensions: [],
      }),
    ],
    ['yacht → SEEN', encodeYachtFrame({ type: 'SEEN', cursor: 18 })],
  ];
  return [
    `cloud key (public)  ${hexFromBytes(exampleCloud.publicKey)}`,
    `device              ${deviceId}`,
    `Tender-Line: ${formatClaim(claim)}`,
    '',
    ...frames.map(([title, bytes]) => `${title} (${bytes.length} bytes)\n${hexLines(bytes)}`),
    '',
    'canonical receipt',
    ...new TextDecoder()
      .decode(receiptBytes(receipt))
      .trimEnd()
      .split('\n')
      .map((line) => `    ${line}`),
  ].join('\n');
}

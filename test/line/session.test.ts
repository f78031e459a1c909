import { describe, expect, test } from 'vitest';
import { readReceipt, verifyReceipt } from '../../cloud/contract/receipt.ts';
import { content, sha256, yachtAndShore } from './support/yacht.ts';

describe('a document on the line', () => {
  test('arrives as it was, and its receipt is verified and proves exactly it', async () => {
    const yacht = await yachtAndShore();
    const opened = await yacht.open();
    expect(opened).toMatchObject({ type: 'line.opened', epoch: 1, sessionId: yacht.line.sessionId });
    const bytes = content(100_000);
    const uploadId = yacht.upload(bytes);
    const stored = await yacht.carry(uploadId);
    expect(stored.type).toBe('upload.stored');
    const receipt = new Uint8Array(Buffer.from(String(stored.receipt), 'base64'));
    const proof = new Uint8Array(Buffer.from(String(stored.signature), 'base64'));
    expect(verifyReceipt(receipt, proof, yacht.shore.cloudKey.publicKey)).toBe(true);
    expect(readReceipt(receipt)).toMatchObject({
      tenantId: yacht.shore.tenantId,
      deviceId: yacht.shore.deviceId,
      uploadId,
      version: 1,
      lengthBytes: 100_000,
      sha256: sha256(bytes),
    });
    expect(stored.keyId).toBe(yacht.shore.cloudKey.keyId);
    expect(String(stored.signature).length).toBeLessThanOrEqual(256);
    expect((await yacht.shore.content(uploadId)).equals(bytes)).toBe(true);
    expect(yacht.sliceBytes()).toBe(100_000);
    expect(yacht.lost).toEqual([]);
  });

  test('of zero bytes and of one byte arrive too', async () => {
    const yacht = await yachtAndShore();
    await yacht.open();
    for (const length of [0, 1]) {
      const uploadId = yacht.upload(content(length));
      expect((await yacht.carry(uploadId)).type).toBe('upload.stored');
      expect((await yacht.shore.content(uploadId)).length).toBe(length);
    }
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  codeNamesKey,
  formatEnrolmentCode,
  parseEnrolmentCode,
} from '../../cloud/contract/enrolment-code.ts';
import { mintUlid, ulidFromBytes, ulidTimeMs, ulidToBytes } from '../../cloud/contract/ids.ts';
import { fingerprint, signerFromSeed, verifySignature } from '../../cloud/contract/keys.ts';
import { formatClaim, parseClaim, parseSignatureInput } from '../../cloud/contract/line-header.ts';
import {
  proofsFor,
  readReceipt,
  receiptBatchMaxCount,
  receiptBytes,
  signReceipts,
  verifyBatch,
  verifyReceipt,
} from '../../cloud/contract/receipt.ts';
import { RunSet } from '../../cloud/contract/runs.ts';
import { answerMessage, formatAnswer, verifiedAnswer } from '../../cloud/contract/signatures.ts';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const cloud = signerFromSeed(new Uint8Array(32).fill(7));

const facts = (n: number) => ({
  tenantId: '6f1c1e52-3f0e-4f43-9d84-0f1f8a4c9f01',
  deviceId: '6f1c1e52-3f0e-4f43-9d84-0f1f8a4c9f02',
  uploadId: ulidFromBytes(new Uint8Array(16).fill(n)),
  documentId: '6f1c1e52-3f0e-4f43-9d84-0f1f8a4c9f03',
  version: n,
  lengthBytes: 1000 * n,
  sha256: new Uint8Array(32).fill(n),
  storedMs: 1_767_225_600_000 + n,
});

describe('receipts', () => {
  test('each receipt of a signed batch is proved alone, and none proves another', () => {
    for (const count of [1, 2, 3, 4, 7, 33, receiptBatchMaxCount]) {
      const batch = Array.from({ length: count }, (_, n) => receiptBytes(facts(n)));
      const signature = signReceipts(cloud, batch);
      for (const [position, receipt] of batch.entries()) {
        const proof = proofsFor(signature, batch)[position]!;
        expect(verifyReceipt(receipt, proof, cloud.publicKey)).toBe(true);
        expect(Buffer.from(proof).toString('base64').length).toBeLessThanOrEqual(384);
        expect(verifyReceipt(receiptBytes(facts(99)), proof, cloud.publicKey)).toBe(false);
        if (count > 1)
          expect(verifyReceipt(batch[(position + 1) % count]!, proof, cloud.publicKey)).toBe(false);
      }
    }
  });

  test('a batch is proved as a whole: not in another order, not without one, not beyond the largest', () => {
    const batch = Array.from({ length: receiptBatchMaxCount + 1 }, (_, n) => receiptBytes(facts(n)));
    const most = batch.slice(1);
    const signature = signReceipts(cloud, most);
    expect(verifyBatch(most, signature, cloud.publicKey)).toBe(true);
    expect(verifyBatch([...most].reverse(), signature, cloud.publicKey)).toBe(false);
    expect(verifyBatch(most.slice(1), signature, cloud.publicKey)).toBe(false);
    expect(verifyBatch(batch, signReceipts(cloud, batch), cloud.publicKey)).toBe(false);
    expect(verifyBatch([], signature, cloud.publicKey)).toBe(false);
  });

  test('one flipped bit anywhere in receipt, proof or key refuses it', () => {
    const batch = [receiptBytes(facts(1)), receiptBytes(facts(2))];
    const proof = proofsFor(signReceipts(cloud, batch), batch)[0]!;
    const flipped = (source: Uint8Array, bit: number) => {
      const copy = Uint8Array.from(source);
      copy[bit >> 3] = copy[bit >> 3]! ^ (1 << (bit & 7));
      return copy;
    };
    for (let bit = 0; bit < batch[0]!.length * 8; bit += 7) {
      expect(verifyReceipt(flipped(batch[0]!, bit), proof, cloud.publicKey)).toBe(false);
    }
    for (let bit = 0; bit < proof.length * 8; bit += 3) {
      expect(verifyReceipt(batch[0]!, flipped(proof, bit), cloud.publicKey)).toBe(false);
    }
    expect(verifyReceipt(batch[0]!, proof, signerFromSeed(new Uint8Array(32)).publicKey)).toBe(false);
  });

  test('canonical bytes say exactly the facts', () => {
    expect(readReceipt(receiptBytes(facts(5)))).toEqual(facts(5));
    expect(readReceipt(new TextEncoder().encode('tender receipt 2\n'))).toBeUndefined();
  });
});

describe('enrolment code', () => {
  test('comes back from any writing of it, and a mistyped character is noticed', () => {
    fc.assert(
      fc.property(bytes(16), bytes(16), fc.nat(55), (secret, cloudFingerprint, at) => {
        const text = formatEnrolmentCode({ secret, cloudFingerprint });
        expect(text).toMatch(/^([0-9A-Z]{7}-){7}[0-9A-Z]{7}$/);
        const parsed = parseEnrolmentCode(text.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o'));
        expect(parsed).toEqual({ secret, cloudFingerprint });
        const plain = text.replaceAll('-', '');
        const wrong = plain.slice(0, at) + (plain[at] === 'Q' ? 'R' : 'Q') + plain.slice(at + 1);
        expect(parseEnrolmentCode(wrong)).toBeUndefined();
      }),
    );
  });

  test('names the key of its cloud and no other', () => {
    const code = { secret: new Uint8Array(16), cloudFingerprint: fingerprint(cloud.publicKey) };
    expect(codeNamesKey(code, cloud.publicKey)).toBe(true);
    expect(codeNamesKey(code, signerFromSeed(new Uint8Array(32)).publicKey)).toBe(false);
  });
});

describe('ids and sets', () => {
  test('ULIDs and their bytes are the same thing, and sort by time', () => {
    fc.assert(
      fc.property(bytes(16), (raw) => {
        expect(ulidToBytes(ulidFromBytes(raw))).toEqual(raw);
      }),
    );
    const early = mintUlid(1_700_000_000_000, new Uint8Array(10).fill(255));
    const late = mintUlid(1_700_000_000_001, new Uint8Array(10));
    expect(early < late).toBe(true);
    expect(ulidTimeMs(late)).toBe(1_700_000_000_001);
  });

  test('a run set agrees with a plain set over random additions and removals', () => {
    const change = fc.tuple(fc.boolean(), fc.nat(60), fc.nat(12));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const runs = new RunSet();
        const plain = new Set<number>();
        for (const [add, start, length] of changes) {
          if (add) runs.add(start, start + length);
          else runs.delete(start, start + length);
          for (let index = start; index < start + length; index++)
            add ? plain.add(index) : plain.delete(index);
        }
        const ascending = [...plain].sort((a, b) => a - b);
        expect(
          runs.runs.flatMap((run) => Array.from({ length: run.end - run.start }, (_, n) => run.start + n)),
        ).toEqual(ascending);
        for (let at = 1; at < runs.runs.length; at++)
          expect(runs.runs[at]!.start).toBeGreaterThan(runs.runs[at - 1]!.end);
        for (let index = 0; index < 80; index++) expect(runs.has(index)).toBe(plain.has(index));
        const missing = Array.from({ length: 50 }, (_, n) => n).filter((n) => !plain.has(n));
        expect(
          runs
            .holes(50)
            .flatMap((run) => Array.from({ length: run.end - run.start }, (_, n) => run.start + n)),
        ).toEqual(missing);
        let first = 10;
        while (plain.has(first)) first++;
        expect(runs.firstMissing(10)).toBe(first);
      }),
      { numRuns: 500 },
    );
  });
});

describe('upgrade header', () => {
  const claim = {
    version: 1,
    logId: 'a'.repeat(32),
    boot: 12,
    sessionId: 'b'.repeat(32),
    lane: 3,
    cursor: 77,
    nonce: 'n'.repeat(22),
  };

  test('comes back as it was, with members of a later version skipped', () => {
    expect(parseClaim(formatClaim(claim))).toEqual(claim);
    expect(parseClaim(`${formatClaim(claim)}, pack=1`)).toEqual(claim);
  });

  test('anything else is no claim', () => {
    const good = formatClaim(claim);
    for (const bad of [
      '',
      good.slice(1),
      `${good},`,
      good.replace('lane=3', 'lane=16'),
      good.replace('v=1', 'v=0'),
      `${good}\n`,
    ]) {
      expect(parseClaim(bad)).toBeUndefined();
    }
  });

  test('only one signature input is accepted: no other components, label, parameter or order', () => {
    const good = `tender=("@method" "@path" "tender-line");created=1;nonce="${claim.nonce}";keyid="k";alg="ed25519"`;
    expect(parseSignatureInput(good)).toEqual({ createdMs: 1000, nonce: claim.nonce, keyId: 'k' });
    for (const bad of [
      good.replace('"@path" ', ''),
      good.replace('ed25519', 'hmac-sha256'),
      good.replace('tender=', 'other='),
      `${good}, other=("@method")`,
      `${good};expires=2`,
      good.replace('("@method" "@path" "tender-line")', '()'),
    ]) {
      expect(parseSignatureInput(bad)).toBeUndefined();
    }
  });
});

describe('signed answers', () => {
  const answer = { status: 401, code: 'TENDER_CLOCK_WRONG', timeMs: 1_767_225_600_000, retryAfterMs: 0 };
  const header = formatAnswer(answer, cloud.sign(answerMessage('nonce', answer)));

  test('are believed only over the own nonce, with the same status, from the pinned key', () => {
    expect(verifiedAnswer(header, 401, 'nonce', [cloud.publicKey])).toEqual(answer);
    expect(verifiedAnswer(header, 403, 'nonce', [cloud.publicKey])).toBeUndefined();
    expect(verifiedAnswer(header, 401, 'other', [cloud.publicKey])).toBeUndefined();
    expect(
      verifiedAnswer(header.replace('time=17', 'time=18'), 401, 'nonce', [cloud.publicKey]),
    ).toBeUndefined();
    expect(
      verifiedAnswer(header, 401, 'nonce', [signerFromSeed(new Uint8Array(32)).publicKey]),
    ).toBeUndefined();
  });

  test('keys and signatures of the wrong shape are simply not good', () => {
    expect(verifySignature(new Uint8Array(31), new Uint8Array(), new Uint8Array(64))).toBe(false);
    expect(verifySignature(cloud.publicKey, new Uint8Array(), new Uint8Array(63))).toBe(false);
    expect(verifySignature(new Uint8Array(32).fill(255), new Uint8Array(), new Uint8Array(64))).toBe(false);
  });
});

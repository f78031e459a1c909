import { describe, expect, test } from 'vitest';
import { upgradeRequest } from '../../agent/line/upgrade.ts';
import { signerFromSeed } from '../../cloud/contract/keys.ts';
import { parseSignatureInput } from '../../cloud/contract/line-header.ts';

const identity = {
  deviceId: 'device',
  cloudUrl: 'https://cloud.example.com',
  cloudKeys: [],
  sign: signerFromSeed(new Uint8Array(32).fill(3)).sign,
};
const claim = {
  version: 1,
  logId: 'a'.repeat(32),
  boot: 1,
  sessionId: 'b'.repeat(32),
  lane: 0,
  cursor: 0,
  nonce: 'A'.repeat(22),
};

describe('the upgrade request', () => {
  test.each([-1e12, -1, 0, 999, 1_000, 1_790_000_000_000])(
    'can be read whatever the clock aboard says (%d ms since 1970)',
    async (nowMs) => {
      const { headers } = await upgradeRequest(identity, claim, nowMs, 1_000);
      const read = parseSignatureInput(headers['signature-input'] ?? '');
      expect(read).toMatchObject({ nonce: claim.nonce, keyId: 'device' });
      expect(read?.createdMs).toBe(Math.max(1_000, nowMs));
    },
  );
});

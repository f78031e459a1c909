import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { frameLimits, frameTypes } from '../../cloud/contract/frames.ts';
import { lineLimits } from '../../cloud/line/limits.ts';
import { protocolExample } from './protocol-example.ts';

const page = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');

describe('docs/protocol.md', () => {
  test('shows the worked example exactly as the code makes it', () => {
    const shown = /<!-- example -->\n```text\n([\s\S]*?)\n```/.exec(page)?.[1];
    expect(shown).toBe(protocolExample());
  });

  test('lists every frame type with its number', () => {
    for (const [name, number] of Object.entries(frameTypes)) {
      const plain = name === 'BYE_FROM_CLOUD' ? 'BYE' : name;
      expect(page).toMatch(new RegExp(`\\| \`0x${number.toString(16).padStart(2, '0')}\` \\| ${plain} \\|`));
    }
  });

  test('states the limits that hold', () => {
    for (const limit of [
      frameLimits.frameMaxBytes,
      frameLimits.manifestEntriesMaxCount,
      lineLimits.handlesMax,
      lineLimits.unackedMaxBytes,
      lineLimits.chunkMaxBytes,
      lineLimits.partialMaxBytes,
    ]) {
      expect(page).toContain(limit.toLocaleString('en').replaceAll(',', ' '));
    }
  });
});

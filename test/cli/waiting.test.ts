import { describe, expect, test } from 'vitest';
import { progressText, type UploadView } from '../../agent/cli/uploads.ts';
import { atRest, delivered } from '../../agent/cli/waiting.ts';

const upload = (more: Partial<UploadView>): UploadView => ({
  id: 'x',
  name: 'added/a',
  state: 'sending',
  glance: 'uploading',
  priority: 5,
  version: 1,
  attempts: 0,
  sizeBytes: 3_400_000,
  sentBytes: 1_400_000,
  percent: 41.1,
  why: '',
  final: false,
  ...more,
});

describe('what a wait shows', () => {
  test('how far, how fast and how long still', () => {
    expect(progressText(upload({}), 120_000)).toBe('41 % of 3.4 MB, 120 KB/s, about 17 s left');
  });
  test('no rate, no promise', () => {
    expect(progressText(upload({}), undefined)).toBe('41 % of 3.4 MB');
    expect(progressText(upload({ sizeBytes: null, percent: null }), 5)).toBe('0 %');
  });
  test.each([
    ['sending', {}, false, false],
    ['waiting', {}, false, false],
    ['paused', {}, false, false],
    ['stored', { indexFailure: null }, false, false],
    ['stored', { indexFailure: { reason: 'poison' } }, true, false],
    ['parked', {}, true, false],
    ['indexed', { final: true }, true, true],
    ['cancelled', { final: true, cancelReason: 'person' }, true, false],
    ['cancelled', { final: true, cancelReason: 'unchanged' }, true, true],
    ['cancelled', { final: true, cancelReason: 'superseded' }, true, true],
  ])('%s %j: at rest %s, delivered %s', (state, more, rest, done) => {
    const one = upload({ state, ...more });
    expect([atRest(one), delivered(one)]).toEqual([rest, done]);
  });
});

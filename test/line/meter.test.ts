// What a document cost and saved, as its events report it: with what was sent, resumed and named together, the meter must
// come to exactly what the wire saw.
import { describe, expect, test } from 'vitest';
import type { MachineEvent } from '../../machines/kernel.ts';
import { validateEvent } from '../../machines/registry.ts';
import { content, type Yacht, yachtAndShore } from './support/yacht.ts';

const fields = ['wireBytes', 'dedupedBytes', 'resumedBytes', 'compressedAwayBytes'] as const;

/** All reports of one document together. */
function sum(...events: readonly MachineEvent[]) {
  const total = { wireBytes: 0, dedupedBytes: 0, resumedBytes: 0, compressedAwayBytes: 0 };
  for (const event of events) {
    expect(validateEvent('upload', { ...event, fx: '1.0' })).toBeNull();
    for (const field of fields) total[field] += event[field] as number;
  }
  return total;
}

/** Sends until so many bytes went over the wire, then the link breaks. */
async function cutAt(yacht: Yacht, uploadId: string, bytes: number): Promise<ReturnType<Yacht['send']>> {
  await yacht.open();
  const sending = yacht.send(uploadId);
  for (let i = 0; i < 10_000 && yacht.sliceBytes() < bytes; i++) await yacht.clock.advance(5);
  yacht.link.isDown = true;
  yacht.link.cut();
  await yacht.clock.advance(1_000);
  yacht.link.isDown = false;
  sending.abort();
  return sending;
}

describe('the meter', () => {
  test('of a document that went straight ashore tells the frames and no savings', async () => {
    const yacht = await yachtAndShore();
    await yacht.open();
    const uploadId = yacht.upload(content(60_000));
    const sending = yacht.send(uploadId);
    const sent = await yacht.until(sending.event);
    const { wireBytes, ...saved } = sum(...sending.checkpoints, sent);
    expect(saved).toEqual({ dedupedBytes: 0, resumedBytes: 0, compressedAwayBytes: 0 });
    expect(wireBytes).toBeGreaterThan(60_000);
    expect(wireBytes).toBeLessThan(63_000);
  });

  test.each(['the process lived on', 'the process died'] as const)(
    'after a cut counts what was ashore as resumed: the rest and no more goes again (%s)',
    async (what) => {
      const yacht = await yachtAndShore();
      const bytes = content(600_000);
      const uploadId = yacht.upload(bytes);
      const first = await cutAt(yacht, uploadId, 150_000);
      const before = yacht.sliceBytes();
      expect(before).toBeLessThan(bytes.length);
      if (what === 'the process died') yacht.restart();
      await yacht.open();
      const second = yacht.send(uploadId);
      const sent = await yacht.until(second.event);
      const again = yacht.sliceBytes() - before;
      const { resumedBytes, dedupedBytes } = sum(...first.checkpoints, ...second.checkpoints, sent);
      expect(resumedBytes).toBe(bytes.length - again);
      expect(resumedBytes).toBeGreaterThan(40_000);
      expect(dedupedBytes).toBe(0);
    },
  );

  test('counts at every cut', async () => {
    const yacht = await yachtAndShore();
    const bytes = content(200_000);
    const uploadId = yacht.upload(bytes);
    await cutAt(yacht, uploadId, 100_000);
    const one = yacht.sliceBytes();
    await cutAt(yacht, uploadId, one + 60_000);
    await yacht.open();
    const two = yacht.sliceBytes();
    const last = yacht.send(uploadId);
    const sent = await yacht.until(last.event);
    const { resumedBytes } = sum(sent);
    // What was ashore at the second cut, which holds what was ashore at the first.
    const atSecond = bytes.length - (yacht.sliceBytes() - two);
    expect(resumedBytes).toBeGreaterThan(atSecond);
    expect(resumedBytes).toBeLessThanOrEqual(atSecond + one);
  });

  test('counts content the cloud knows as named once it is durable, and never what it turns out not to know', async () => {
    const yacht = await yachtAndShore();
    await yacht.open();
    const bytes = content(60_000);
    expect((await yacht.carry(yacht.upload(bytes))).type).toBe('upload.stored');
    const before = yacht.sliceBytes();
    expect(await total(yacht, yacht.upload(bytes))).toMatchObject({
      dedupedBytes: bytes.length,
      resumedBytes: 0,
    });
    expect(yacht.sliceBytes()).toBe(before);

    const stranger = await yachtAndShore();
    await stranger.open();
    stranger.ledger = yacht.ledger;
    const { dedupedBytes, wireBytes } = await total(stranger, stranger.upload(bytes));
    expect(stranger.sliceBytes()).toBe(bytes.length);
    expect(dedupedBytes).toBe(0);
    expect(wireBytes).toBeGreaterThan(bytes.length);
  });
});

/** Carries a document through disagreements until it is stored, and adds up every report on the way. */
async function total(yacht: Yacht, uploadId: string) {
  const events: MachineEvent[] = [];
  for (let tries = 0; tries < 10; tries++) {
    const sending = yacht.send(uploadId);
    const sent = await yacht.until(sending.event);
    const stored = await yacht.until(yacht.confirm(uploadId, sent).event);
    events.push(...sending.checkpoints, sent, stored);
    if (stored.type === 'upload.stored') return sum(...events);
  }
  throw new Error('never stored');
}

import { describe, expect, test } from 'vitest';
import type { LaneRequest } from '../../cloud/contract/socket.ts';
import { content, yachtAndShore } from './support/yacht.ts';

describe('a line that fell silent', () => {
  test('is doubted 1.5 s after the last confirmed byte, dialled anew every 0.6 s, and given up when no fresh connection comes through', async () => {
    const yacht = await yachtAndShore();
    await yacht.open();
    yacht.line.throttle(200_000); // confirmed every 100 ms
    const sending = yacht.send(yacht.upload(content(1_000_000)));
    await yacht.clock.advance(1_000);
    yacht.link.isSilent = true;
    await yacht.clock.advance(1_300);
    expect(yacht.link.dials).toBe(1);
    await yacht.clock.advance(500);
    expect(yacht.link.dials).toBe(2);
    await yacht.clock.advance(3_000);
    expect(yacht.link.dials).toBe(7);
    expect(yacht.lost).toEqual([]);
    await yacht.clock.advance(30_000);
    expect(yacht.lost).toMatchObject([{ class: 'LINK', code: 'TENDER_LINE_SILENT' }]);
    sending.abort();
  });

  test('a dial that fell into the outage does not delay the one after it: others start beside it', async () => {
    const yacht = await yachtAndShore();
    yacht.link.isSilent = true;
    const opening = yacht.open();
    await yacht.clock.advance(7_000);
    yacht.link.isSilent = false; // what was said before is lost
    expect(yacht.link.dials).toBe(1);
    await yacht.clock.advance(2_000);
    expect(await opening).toMatchObject({ type: 'line.opened' });
    expect(yacht.link.dials).toBe(2);
  });

  test('a dial nobody waits for any more is hung up: and after 30 s the whole try is over', async () => {
    const yacht = await yachtAndShore();
    const hungUp: number[] = [];
    let dials = 0;
    Object.assign(yacht.link, {
      dialer: {
        dial: ({ signal }: LaneRequest) => {
          const number = ++dials;
          signal?.addEventListener('abort', () => hungUp.push(number));
          return new Promise(() => {});
        },
      },
    });
    yacht.line = yacht.newLine();
    const opening = yacht.open();
    await yacht.clock.advance(30_000);
    expect(await opening).toMatchObject({ type: 'line.failed', class: 'LINK', code: 'TENDER_HELLO_LATE' });
    expect(dials).toBe(3);
    expect(hungUp).toEqual([1, 2, 3]);
  });

  test('goes on over a fresh connection when there is one, and the machine hears nothing of it', async () => {
    const yacht = await yachtAndShore();
    await yacht.open();
    yacht.line.throttle(200_000); // confirmed every 100 ms
    const bytes = content(1_000_000);
    const uploadId = yacht.upload(bytes);
    const sending = yacht.send(uploadId);
    await yacht.clock.advance(1_000);
    yacht.link.isSilent = true; // the old connection is dead …
    await yacht.clock.advance(1_200);
    yacht.link.isSilent = false; // … and what was lost on it stays lost
    yacht.link.mapDown = (frame) => (frame[0] === 0x83 && yacht.link.dials === 1 ? [] : [frame]);
    yacht.line.throttle(null);
    const sent = await yacht.until(sending.event);
    expect((await yacht.until(yacht.confirm(uploadId, sent).event)).type).toBe('upload.stored');
    expect(yacht.link.dials).toBe(2);
    expect(yacht.lost).toEqual([]);
    expect((await yacht.shore.content(uploadId)).equals(bytes)).toBe(true);
    expect(yacht.shore.service.status()).toMatchObject({ sessions: 1, lanes: 1 });
  });

  test('and idle is found out by the heartbeat, which costs less than 200 bytes on the wire', async () => {
    const yacht = await yachtAndShore();
    await yacht.open();
    const before = yacht.line.status().wireBytesUp;
    await yacht.clock.advance(10 * 60_000 + 500);
    expect(yacht.frames.length).toBeGreaterThanOrEqual(9);
    expect(yacht.frames.every((frame) => frame.type === 'PING')).toBe(true);
    // TLS, TCP and IP, and our kernel's word for the answer, included.
    expect((yacht.line.status().wireBytesUp - before) / yacht.frames.length).toBeLessThan(200);
    expect(yacht.lost).toEqual([]);
    yacht.link.isSilent = true;
    await yacht.clock.advance(60_000 + 4_600 + 30_000);
    expect(yacht.lost).toMatchObject([{ class: 'LINK', code: 'TENDER_LINE_SILENT' }]);
  });

  test('that is only slow is not given up: late acknowledgements count', async () => {
    const yacht = await yachtAndShore();
    await yacht.open();
    const bytes = content(100_000);
    const uploadId = yacht.upload(bytes);
    const sending = yacht.send(uploadId);
    yacht.link.latencyMs = 2_500; // a round trip of 5 s, all at once
    const sent = await yacht.until(sending.event);
    expect((await yacht.until(yacht.confirm(uploadId, sent).event)).type).toBe('upload.stored');
    expect(yacht.lost).toEqual([]);
    expect((await yacht.shore.content(uploadId)).equals(bytes)).toBe(true);
  });

  test('leaves no timer behind when it is closed', async () => {
    const yacht = await yachtAndShore();
    await yacht.open();
    await yacht.carry(yacht.upload(content(10_000)));
    const ashoreOnly = 2; // the hub polls for other yachts; the shore's lane is closing
    await yacht.close();
    await yacht.clock.advance(10_000);
    expect(yacht.clock.pending).toBeLessThanOrEqual(ashoreOnly);
    expect(yacht.shore.service.status()).toMatchObject({ sessions: 0, lanes: 0 });
  });
});

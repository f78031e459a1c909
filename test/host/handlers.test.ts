// What the host does about handlers that misbehave or are missing.
import { describe, expect, it } from 'vitest';
import { defaultLimits } from '../../agent/host/limits.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { hostOn, spooled, until, uploadId } from './support.ts';

const sent = { type: 'document.sent', lengthBytes: 1, sha256: 'ab'.repeat(32), chunks: 1 };

describe('a handler that does not let go', () => {
  it('keeps a close waiting for its bound only, and its effect is issued again at the next start', async () => {
    const directory = await temporaryDirectory();
    const { host, clock, lines } = hostOn(directory);
    let started = 0;
    host.register('sendDocument', () => {
      started += 1;
      return new Promise(() => {});
    });
    await host.open();
    await host.create(uploadId(1), spooled(1));
    await until(() => started === 1);
    let ended = false;
    const closed = host.close().then(() => {
      ended = true;
    });
    await clock.advance(defaultLimits.handlerStopMaxMs - 1);
    expect(ended).toBe(false);
    await clock.advance(1);
    await closed;
    expect(lines.join()).toContain('sendDocument of upload/00000000000000000000000001 did not stop within');

    const next = hostOn(directory);
    let again = '';
    next.host.register('sendDocument', ({ id, signal }) => {
      again = id;
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
    const report = await next.host.open();
    expect(report.clean).toBe(true);
    await until(() => again === `${report.logId}/${uploadId(1)}/1.0`);
    await next.host.close();
  });
});

describe('an effect that nobody here does', () => {
  it('waits in the ledger, is told of once, and lets the others of its lane pass until somebody does it', async () => {
    const directory = await temporaryDirectory();
    const first = hostOn(directory);
    first.host.register('sendDocument', async () => sent);
    await first.host.open();
    await first.host.create(uploadId(9), spooled(9));
    await until(async () => (await first.host.read(uploadId(9)))?.value === 'confirming');
    await first.host.close();

    const { host, lines } = hostOn(directory);
    const confirmed: string[] = [];
    const waits = (signal: AbortSignal) =>
      new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    host.register('confirmStored', ({ actor, signal }) => {
      confirmed.push(actor);
      return waits(signal);
    });
    host.setPermits('line', 0);
    await host.open();
    for (const number of [1, 2, 3]) await host.create(uploadId(number), spooled(number, { priority: 1 }));
    host.setPermits('line', 1);
    await until(() => confirmed.length === 1);
    expect(confirmed).toEqual([uploadId(9)]);
    expect(lines.filter((line) => line.includes('nothing in this agent does sendDocument'))).toHaveLength(1);
    expect((await host.read(uploadId(1)))?.value).toBe('sending');

    const sending: string[] = [];
    host.setPermits('line', 4);
    host.register('sendDocument', ({ actor, signal }) => {
      sending.push(actor);
      return waits(signal);
    });
    await until(() => sending.length === 3);
    expect(sending).toEqual([1, 2, 3].map(uploadId));
    await host.close();
  });
});

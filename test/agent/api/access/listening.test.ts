import { describe, expect, test } from 'vitest';
import { type Address, createListening } from '../../../../agent/api/access/listening.ts';
import type { LogLine } from '../../../../agent/log-line.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

/** A machine whose ports the test takes and gives back. */
function machine(address: Address | null, taken: string | undefined = undefined) {
  const clock = new FakeClock();
  const lines: LogLine[] = [];
  const self = { clock, lines, taken, protected: false, tries: [] as string[], open: [] as string[] };
  const listening = createListening({
    address,
    clock,
    log: (line) => lines.push(line),
    hasPassword: () => self.protected,
    async listen({ host, port }) {
      self.tries.push(`${host}:${port}`);
      if (self.taken) throw Object.assign(new Error('taken'), { code: self.taken });
      const chosen = port || 40_000;
      const name = `${host}:${chosen}`;
      self.open.push(name);
      return {
        port: chosen,
        async close() {
          self.open.splice(self.open.indexOf(name), 1);
        },
      };
    },
  });
  return { self, listening, clock };
}

const loopback = { host: '127.0.0.1', port: 7420 };
const everywhere = { host: '0.0.0.0', port: 7420 };

describe('the port of the page', () => {
  test('is told when it is open', async () => {
    const { listening } = machine(loopback);
    await listening.start();
    expect(listening.status()).toMatchObject({ state: 'listening', url: 'http://127.0.0.1:7420' });
  });
  test('is none at all when the settings say off', async () => {
    const { self, listening } = machine(null);
    await listening.start();
    await listening.refresh();
    expect([self.tries, listening.url(), listening.status().state]).toEqual([[], undefined, 'off']);
  });
  test('that another program has is tried again, ever more slowly and at least once a minute', async () => {
    const { self, listening, clock } = machine(loopback, 'EADDRINUSE');
    await listening.start();
    expect(listening.status()).toMatchObject({ state: 'waiting', url: null });
    const waits: number[] = [];
    for (let at = 0; waits.length < 9; ) {
      const before = self.tries.length;
      await clock.advance(1_000);
      at += 1_000;
      if (self.tries.length === before) continue;
      waits.push(at / 1_000);
      at = 0;
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    // Said once, not each time.
    expect(self.lines.filter(({ code }) => code === 'TENDER_PAGE_OFF').length).toBe(1);
    self.taken = undefined;
    await clock.advance(60_000);
    expect(listening.url()).toBe('http://127.0.0.1:7420');
  });
  test('stays closed once stopped, also between two tries', async () => {
    const { self, listening, clock } = machine(loopback, 'EADDRINUSE');
    await listening.start();
    await listening.stop();
    self.taken = undefined;
    await clock.advance(600_000);
    expect([self.tries.length, self.open, clock.pending]).toEqual([1, [], 0]);
  });
  test('opens to the network with the first password, and closes with the last', async () => {
    const { self, listening } = machine(everywhere);
    await listening.start();
    expect(self.open).toEqual(['127.0.0.1:7420']);
    expect(listening.status()).toMatchObject({ state: 'loopback only', url: 'http://127.0.0.1:7420' });
    self.protected = true;
    await listening.refresh();
    expect(self.open).toEqual(['0.0.0.0:7420']);
    expect(listening.status().state).toBe('listening');
    self.protected = false;
    await listening.refresh();
    expect(self.open).toEqual(['127.0.0.1:7420']);
  });
  test('that the system chose stays the same when it opens to the network', async () => {
    const { self, listening } = machine({ host: '::', port: 0 });
    await listening.start();
    self.protected = true;
    await listening.refresh();
    expect(self.open).toEqual([':::40000']);
    expect(listening.url()).toBe('http://[::1]:40000');
  });
});

import { describe, expect, onTestFinished, test } from 'vitest';
import { createLevelStorage } from '../../../agent/adapters/level-storage.ts';
import { nodeRandom } from '../../../agent/adapters/node-random.ts';
import { createBreaker, outcomeOf } from '../../../agent/daemon/breaker.ts';
import type { EffectRequest } from '../../../agent/host/contract.ts';
import { createHost } from '../../../agent/host/host.ts';
import { gateDefaults } from '../../../machines/breaker-gate.ts';
import type { MachineEvent } from '../../../machines/kernel.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const busy = { type: 'send.failed', class: 'BUSY', code: 'TENDER_OVERLOADED', message: 'later', delayMs: 0 };
const sent = { type: 'document.sent', lengthBytes: 1, sha256: 'ab', chunks: 1 };
const linkLost = { ...busy, class: 'LINK' };

async function aboard(input: Record<string, number> = { openMinMs: 1_000, openMaxMs: 1_000 }) {
  const clock = new FakeClock();
  const storage = createLevelStorage(await temporaryDirectory());
  const host = createHost({ storage, clock, random: nodeRandom(), log: () => {} });
  await host.open();
  const breaker = createBreaker({
    host,
    clock,
    random: { unit: () => 0.5, bytes: (count) => new Uint8Array(count) },
    log: () => {},
    actor: 'breaker/line',
    policy: { ...gateDefaults, consecutiveMax: 3 },
    input,
    linkLossCounts: false,
  });
  await breaker.start();
  onTestFinished(async () => {
    breaker.stop();
    await host.close();
  });
  const request = (signal = new AbortController().signal): EffectRequest => ({
    id: 'x',
    actor: 'upload/x',
    type: 'sendDocument',
    params: {},
    signal,
    progress: () => {},
    checkpoint: () => {},
  });
  const run = (event: MachineEvent, cheap = false) => breaker.guard(async () => event, cheap)(request());
  /** The gate moves at once, its record follows: here both have. */
  const state = async (wanted: string) => {
    await expect.poll(async () => (await host.read('breaker/line'))?.value).toBe(wanted);
    expect(breaker.state).toBe(wanted);
  };
  return { clock, host, breaker, request, run, state };
}

describe('the breaker before the cloud', () => {
  test('opens after failures of the cloud in a row, and the log has the numbers that decided', async () => {
    const { host, run, state } = await aboard();
    for (let i = 0; i < 3; i++) await run(busy);
    await state('open');
    const cell = await host.read('breaker/line');
    expect(cell).toMatchObject({
      value: 'open',
      context: { window: { failures: 3, consecutive: 3 }, reason: 'later' },
    });
  });

  test('the loss of the link never counts', async () => {
    const { run, breaker, host } = await aboard();
    const before = host.status().lastSeq;
    for (let i = 0; i < 20; i++) await run(linkLost);
    expect(breaker.state).toBe('closed');
    expect(host.status().lastSeq).toBe(before);
  });

  test('open it lets nothing through; half-open one dear and one cheap; two successes close it', async () => {
    const { clock, breaker, request, run, state } = await aboard();
    for (let i = 0; i < 3; i++) await run(busy);
    await state('open');
    const begun: string[] = [];
    const finish = new Map<string, (event: MachineEvent) => void>();
    const start = (name: string, cheap: boolean) =>
      breaker.guard(
        () =>
          new Promise((resolve) => {
            begun.push(name);
            finish.set(name, resolve);
          }),
        cheap,
      )(request());
    const running = [start('dear 1', false), start('dear 2', false), start('cheap', true)];
    await clock.advance(500);
    expect(begun).toEqual([]);
    await clock.advance(500);
    await state('half-open');
    await expect.poll(() => [...begun].sort()).toEqual(['cheap', 'dear 1']);
    finish.get('dear 1')!(sent);
    await running[0];
    await expect.poll(() => begun).toContain('dear 2');
    finish.get('cheap')!(sent);
    await state('closed');
    finish.get('dear 2')!(sent);
    await Promise.all(running);
  });

  test('a failure while half-open opens it again; a link that comes back ends the rest early', async () => {
    const { clock, breaker, run, state } = await aboard({ openMinMs: 60_000, openMaxMs: 60_000 });
    for (let i = 0; i < 3; i++) await run(busy);
    await state('open');
    breaker.linkUp();
    await state('half-open');
    await run(busy);
    await state('open');
    breaker.linkUp();
    await clock.advance(1_000);
    // A second early try so soon would hammer: the machine refuses it.
    expect(breaker.state).toBe('open');
  });

  test('an effect that is withdrawn while it waits lets go, and takes no place with it', async () => {
    const { breaker, request, run, state } = await aboard();
    for (let i = 0; i < 3; i++) await run(busy);
    await state('open');
    const withdrawn = new AbortController();
    const waiting = breaker.guard(async () => sent, false)(request(withdrawn.signal));
    withdrawn.abort(new Error('the link is gone'));
    await expect(waiting).rejects.toThrow('the link is gone');
  });

  test('a handler that throws gives its place back and says nothing about the cloud', async () => {
    const { breaker, request, run } = await aboard();
    for (let i = 0; i < 100; i++)
      await breaker
        .guard(
          () => Promise.reject(new Error('bug')),
          false,
        )(request())
        .catch(() => {});
    expect(breaker.state).toBe('closed');
    expect(await run(sent)).toBe(sent);
  });

  test.each([
    ['BUSY', 'failure'],
    ['SERVER', 'failure'],
    ['LINK', 'neither'],
    ['CAPTIVE', 'neither'],
    ['INTERCEPTED', 'neither'],
    ['RESYNC', 'neither'],
    ['AUTH', 'neither'],
    ['ITEM', 'neither'],
    ['LOCAL', 'neither'],
    ['POLICY', 'neither'],
  ])('a send that failed with %s says "%s" about the cloud', (failure, outcome) => {
    expect(outcomeOf({ ...busy, class: failure }, false).outcome).toBe(outcome);
  });

  test('where the profile says so, the loss of the link counts', () => {
    expect(outcomeOf(linkLost, true).outcome).toBe('failure');
  });
});

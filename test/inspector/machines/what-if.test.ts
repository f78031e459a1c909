// What if: dry runs and forks change nothing real, and nothing is sent but live, in two steps, by who may.
import { describe, expect, it } from 'vitest';
import { createInspection } from '../../../inspector/machines/inspection.ts';
import type { ActorDetail, HistorySource, Sender, WireRecord } from '../../../inspector/machines/source.ts';
import { createWhatIf } from '../../../inspector/machines/what-if.ts';
import type { MachineEvent } from '../../../machines/events.ts';
import { digest, init, step } from '../../../machines/kernel.ts';
import { registry } from '../../../machines/registry.ts';
import { createdEvent } from '../../../machines/replay.ts';
import { heldClock } from './support/held-clock.ts';

const actor = 'connection/main';
const began = 1_000_000;

/** A connection that was started and failed once, and waits to try again. */
function history(): WireRecord[] {
  let { cell } = init('connection', {}, { at: began });
  const records: WireRecord[] = [];
  const record = (event: MachineEvent, at: number, src: string) =>
    records.push({
      ...{
        seq: cell.n,
        actor,
        kind: `connection@${registry.connection!.version}`,
        n: cell.n,
        at,
        wall: at,
        src,
      },
      ...{ boot: 1, type: event.type, event, state: cell.value, digest: digest(cell), hash: '' },
    });
  const take = (event: MachineEvent, at: number, src: string) => {
    cell = step('connection', cell, event, { at })!.cell;
    record(event, at, src);
  };
  record(createdEvent({}), began, 'sys');
  if (cell.value === 'stopped') take({ type: 'start', by: 'crew' }, began + 1_000, 'cmd');
  const fx = Object.keys(cell.fx)[0]!;
  const failure = { class: 'LINK', code: 'X', message: 'gone', delayMs: 20_000 };
  take({ type: 'line.failed', ...failure, fx }, began + 2_000, 'fx');
  return records;
}

function opened(options: { readonly refusal?: string; readonly stale?: boolean } = {}) {
  const records = history();
  const sent: { event: MachineEvent; reason: string; dryRunId: string }[] = [];
  const sender: Sender = {
    refusal: options.refusal ?? null,
    dryRun: async () => ({ dryRunId: 'dry', n: records.length }),
    async send(_, event, reason, dryRunId) {
      if (options.stale) throw new Error('It moved on since the dry run.');
      sent.push({ event, reason, dryRunId });
      return { seq: records.length + 1 };
    },
  };
  const actors = [actor];
  const types = [...new Set(records.map(({ type }) => type))];
  const states = [...new Set(records.map(({ state }) => state))];
  const last = records.length;
  const source: HistorySource = {
    mode: 'live',
    open: async () => ({ logId: 'x', build: 'x', oldest: 1, head: last, notes: [] }),
    machines: async () => [],
    async timeline(after) {
      let at = 0;
      const rows = records.slice(after).flatMap((record) => {
        const later = record.at - at;
        at = record.at;
        return [0, record.n, types.indexOf(record.type), states.indexOf(record.state), 1, later];
      });
      return { oldest: 1, head: last, next: last, more: false, actors, types, states, rows };
    },
    records: async (_, after, limit) => records.slice(after, after + limit),
    base: async () => null,
    actors: async () => ({ items: [], more: false, next: null }),
    actor: async () => ({}) as ActorDetail,
    follow: () => () => undefined,
    sender,
    exportLink: null,
  };
  const clock = heldClock(began + 5_000);
  const page = createInspection({ source, clock });
  return { page, whatIf: createWhatIf(page), sent, clock, last };
}

async function ready(options: Parameters<typeof opened>[0] = {}) {
  const all = opened(options);
  all.page.select(actor);
  await all.page.start();
  all.clock.paint();
  while (all.page.selected.value.is !== 'ready') await new Promise((resolve) => setImmediate(resolve));
  return all;
}

describe('a dry run', () => {
  it('shows where an event leads and leaves the cell as it is', async () => {
    const { whatIf } = await ready();
    const before = JSON.stringify(whatIf.view.value?.cell);
    whatIf.choose({ type: 'stop', by: 'crew' });
    expect(whatIf.dry.value).toMatchObject({ accepted: true, to: 'stopped' });
    expect(JSON.stringify(whatIf.view.value?.cell)).toBe(before);
  });

  it('tells why an event would not be taken', async () => {
    const { whatIf } = await ready();
    whatIf.choose({ type: 'line.closed' });
    expect(whatIf.dry.value).toMatchObject({ accepted: false });
    expect(whatIf.events.value.find(({ event }) => event === 'line.closed')).toMatchObject({
      possible: false,
    });
  });
});

describe('a fork', () => {
  it('goes on by its own clock, fires timers, answers effects, and undoes step by step', async () => {
    const { whatIf, page, sent } = await ready();
    const from = whatIf.view.value!;
    whatIf.startFork();
    const began = whatIf.nowMs();
    whatIf.advance(null);
    expect(whatIf.view.value).toMatchObject({ forked: true, cell: { value: 'connecting' } });
    expect(whatIf.nowMs()).toBeGreaterThan(began);
    const effect = whatIf.fork.value!.effects[0]!;
    whatIf.answer(effect.id, effect.answers.find(({ type }) => type === 'line.opened')!);
    expect(whatIf.view.value?.cell.value).toBe('online');
    expect(whatIf.view.value?.before?.value).toBe('connecting');
    whatIf.undo();
    expect(whatIf.view.value?.cell.value).toBe('connecting');
    whatIf.undo();
    whatIf.undo();
    expect(whatIf.view.value?.cell).toEqual(from.cell);
    whatIf.endFork();
    expect(whatIf.view.value).toEqual(from);
    expect(page.columns.last).toBe(page.seq.value);
    expect(sent).toEqual([]);
  });

  it('stays where it was begun when the cursor moves', async () => {
    const { whatIf, page } = await ready();
    whatIf.choose({ type: 'stop', by: 'crew' });
    whatIf.sendToFork();
    page.goTo(1);
    expect(whatIf.view.value).toMatchObject({ forked: true, cell: { value: 'stopped' } });
  });
});

describe('sending for real', () => {
  const stop = { type: 'stop', by: 'crew' };

  it('needs the daemon’s dry run first and a reason then', async () => {
    const { whatIf, sent, last } = await ready();
    whatIf.choose(stop);
    expect(whatIf.sendRefusal.value).toBeNull();
    await whatIf.send('too early');
    expect(sent).toEqual([]);
    await whatIf.askToSend();
    expect(whatIf.sending.value).toMatchObject({ is: 'review', dryRunId: 'dry' });
    await whatIf.send('dinghy in the way of the dish');
    expect(sent).toEqual([{ event: stop, reason: 'dinghy in the way of the dish', dryRunId: 'dry' }]);
    expect(whatIf.sending.value).toMatchObject({ is: 'sent', seq: last + 1 });
  });

  it.each([
    ['in the past', (all: Awaited<ReturnType<typeof ready>>) => all.page.goTo(1), /past/],
    ['in a sandbox', (all: Awaited<ReturnType<typeof ready>>) => all.whatIf.startFork(), /sandbox/],
    [
      'with an event that is no command',
      (all: Awaited<ReturnType<typeof ready>>) => all.whatIf.choose({ type: 'host.booted', boot: 2 }),
      /Only commands/,
    ],
  ])('is refused %s', async (_, change, words) => {
    const all = await ready();
    all.whatIf.choose(stop);
    change(all);
    expect(all.whatIf.sendRefusal.value).toMatch(words);
    await all.whatIf.askToSend();
    expect(all.whatIf.sending.value).toBeNull();
    expect(all.sent).toEqual([]);
  });

  it('is refused to who may not', async () => {
    const { whatIf, sent } = await ready({ refusal: 'Only an engineer may.' });
    whatIf.choose(stop);
    expect(whatIf.sendRefusal.value).toBe('Only an engineer may.');
    await whatIf.askToSend();
    expect(sent).toEqual([]);
  });

  it('says so when the actor moved on meanwhile', async () => {
    const { whatIf } = await ready({ stale: true });
    whatIf.choose(stop);
    await whatIf.askToSend();
    await whatIf.send('because');
    expect(whatIf.sending.value).toMatchObject({ is: 'failed', message: 'It moved on since the dry run.' });
  });
});

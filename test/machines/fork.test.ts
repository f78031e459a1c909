import { describe, expect, it } from 'vitest';
import { createFork, type Fork, forkAdvanceMaxMs, forkStepsMax } from '../../machines/fork.ts';
import { step } from '../../machines/kernel.ts';
import { registry } from '../../machines/registry.ts';
import { FakeRandom } from '../support/fake-random.ts';
import { life, pausedByCli, pausedForAMinute, watched } from './cells.ts';
import { frozen } from './frozen.ts';
import { randomEvent, walk } from './walk.ts';

const upload = (...events: Parameters<typeof life>[2][]) => frozen(life('upload', watched, ...events).cell);
const causes = (fork: Fork) => fork.history.map(({ cause, at, event }) => `${cause} ${at} ${event.type}`);

describe('a fork', () => {
  it('goes on from its cell with events, time and answers, as the real one would', () => {
    const start = createFork('upload', upload(), 20_000);
    expect(start).toMatchObject({ at: 20_000, history: [], refused: null, nextDueMs: null });
    const [effect] = start.effects;
    expect(effect).toMatchObject({ id: '1.0', type: 'checkSettled' });
    expect(effect?.answers.map((answer) => [answer.type, answer.fx])).toEqual([
      ['file.settled', '1.0'],
      ['file.vanished', '1.0'],
      ['file.unreadable', '1.0'],
    ]);
    const sending = start.answer('1.0', effect?.answers[0] as never);
    expect(sending.cell.value).toBe('sending');
    const waiting = sending.answer('2.0', {
      type: 'send.failed',
      class: 'BUSY',
      code: 'TENDER_BUSY',
      message: 'Later.',
      delayMs: 30_000,
    });
    expect(waiting).toMatchObject({ cell: { value: 'waiting' }, nextDueMs: 50_000, effects: [] });
    const early = waiting.advance(29_999);
    expect(early).toMatchObject({ cell: { value: 'waiting' }, at: 49_999 });
    const again = early.advance(1);
    expect(again).toMatchObject({ cell: { value: 'sending', n: 4 }, at: 50_000 });
    expect(again.send({ type: 'cancel', by: 'crew' }).cell.value).toBe('cancelled');
    expect(causes(again)).toEqual([
      'sent 20000 file.settled',
      'sent 20000 send.failed',
      'timer 50000 retry.elapsed',
    ]);
    expect(again.history.at(-1)).toMatchObject({
      from: 'waiting',
      to: 'sending',
      ops: [
        { op: 'disarm', id: 'retry' },
        { op: 'start', id: '4.0', type: 'sendDocument' },
      ],
    });
  });

  it('is a value: going on leaves what it came from as it was', () => {
    const start = createFork('upload', upload('file.settled'), 20_000);
    const one = start.send({ type: 'cancel', by: 'crew' });
    const other = start.send({ type: 'pause', by: 'crew', untilMs: 1_000 }).advance(5_000);
    expect([start.cell.value, start.at, start.history.length]).toEqual(['sending', 20_000, 0]);
    expect([one.cell.value, one.history.length]).toEqual(['cancelled', 1]);
    expect([other.cell.value, other.at, other.history.length]).toEqual(['sending', 25_000, 2]);
  });

  it('fires due timers in their order, each at its own time', () => {
    const cell = upload(pausedForAMinute, { type: 'pause', by: 'bridge', untilMs: 30_000 });
    const fork = createFork('upload', cell, 20_000).advance(forkAdvanceMaxMs);
    expect(causes(fork)).toEqual(['timer 40020 pause.elapsed', 'timer 70010 pause.elapsed']);
    expect(fork.history.map((each) => each.to)).toEqual(['paused', 'settling']);
    expect(fork.at).toBe(20_000 + forkAdvanceMaxMs);
  });

  it('goes to the next timer, and fires at once what was due before it began', () => {
    const cell = upload(pausedForAMinute, { type: 'pause', by: 'bridge', untilMs: 90_000 });
    const next = createFork('upload', cell, 20_000).advanceToNext();
    expect([causes(next), next.at]).toEqual([['timer 70010 pause.elapsed'], 70_010]);
    const late = createFork('upload', cell, 80_000).advanceToNext();
    expect([causes(late), late.at]).toEqual([['timer 80000 pause.elapsed'], 80_000]);
    expect(createFork('upload', upload(), 1).advanceToNext().refused?.code).toBe('TENDER_TIMER_NOT_ARMED');
  });

  it('tells why something did not happen, and stays where it was', () => {
    const start = createFork('upload', upload(pausedByCli), 20_000);
    const refused = start.send({ type: 'resume', by: 'crew' });
    expect(refused).toMatchObject({
      cell: start.cell,
      history: [],
      refused: { code: 'TENDER_EVENT_REFUSED', message: expect.stringContaining('paused by cli') },
    });
    expect(refused.send({ type: 'resume', by: 'cli' })).toMatchObject({
      refused: null,
      cell: { value: 'settling' },
    });
    expect(start.answer('7.0', { type: 'file.settled', stat: {} }).refused?.code).toBe(
      'TENDER_EFFECT_NOT_OPEN',
    );
    for (const ms of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, forkAdvanceMaxMs + 1])
      expect(start.advance(ms)).toMatchObject({ at: 20_000, refused: { code: 'TENDER_EVENT_INVALID' } });
  });

  it('has an end', () => {
    let fork = createFork('upload', upload(), 20_000);
    for (let i = 0; i < forkStepsMax; i++)
      fork = fork.send({ type: 'prioritise', by: 'crew', priority: 1 + (i % 2) });
    expect([fork.history.length, fork.refused]).toEqual([forkStepsMax, null]);
    fork = fork.send({ type: 'cancel', by: 'crew' });
    expect([fork.history.length, fork.refused?.code]).toEqual([forkStepsMax, 'TENDER_FORK_TOO_LONG']);
  });

  it('that is full stops its clock before the timer it cannot fire', () => {
    let fork = createFork('upload', upload(pausedForAMinute), 20_000);
    for (let i = 0; i < forkStepsMax; i++)
      fork = fork.send({ type: 'prioritise', by: 'crew', priority: 1 + (i % 2) });
    expect(fork.advance(100)).toMatchObject({ at: 20_100, refused: null });
    expect(fork.advance(100_000)).toMatchObject({
      at: 70_010,
      cell: { value: 'paused' },
      refused: { code: 'TENDER_FORK_TOO_LONG' },
    });
  });

  it.each(Object.keys(registry))(
    '%s: every answer it offers is taken, and every step is the kernel’s',
    (kind) => {
      const random = new FakeRandom(111, kind);
      let answers = 0;
      walk(kind, random, 300, ({ before, at }) => {
        let fork = createFork(kind, frozen(before), at);
        for (const effect of fork.effects)
          for (const answer of effect.answers) {
            const next = fork.answer(effect.id, answer);
            expect(next.refused).toBeNull();
            answers += 1;
          }
        for (let i = 0; i < 5; i++) {
          const event = randomEvent(kind, fork.cell, random);
          const next = fork.send(event).advance(1_000);
          let cell = step(kind, fork.cell, event, { at: fork.at })?.cell ?? fork.cell;
          for (const each of next.history.slice(fork.history.length))
            if (each.cause === 'timer') cell = step(kind, cell, each.event, { at: each.at })?.cell as never;
          expect(next.cell).toEqual(cell);
          expect(Object.values(next.cell.tm).every((timer) => timer.due > next.at)).toBe(true);
          fork = next;
        }
      });
      if (kind !== 'breaker') expect(answers).toBeGreaterThan(100);
    },
  );
});

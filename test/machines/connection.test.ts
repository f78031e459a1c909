import { describe, expect, it } from 'vitest';
import { type ConnectionState, fiveNames, openStates } from '../../machines/connection.ts';
import type { Cell } from '../../machines/kernel.ts';
import { FakeRandom } from '../support/fake-random.ts';
import { life, tell } from './cells.ts';
import { walk } from './walk.ts';

const online = life('connection', {}, 'start', 'line.opened').cell;
const lost = (cls: string, more: object = {}) =>
  tell('connection', online, 'line.lost', { class: cls, ...more });

describe('the connection', () => {
  it('C1: is open only after the cloud proved itself, and knows that line', () => {
    walk('connection', new FakeRandom(31, 'open'), 5_000, ({ before, event, step }) => {
      if (!step) return;
      const opens = openStates.includes(step.cell.value) && !openStates.includes(before.value);
      if (opens) expect(event.type).toBe('line.opened');
      if (openStates.includes(step.cell.value)) expect(step.cell.context.line).not.toBeNull();
    });
  });

  it('C2: while it is not open and not stopped, an effect or a timer will try again', () => {
    walk('connection', new FakeRandom(32, 'tries'), 5_000, ({ step }) => {
      if (!step || openStates.includes(step.cell.value) || step.cell.value === 'stopped') return;
      const running = Object.values(step.cell.fx).some((effect) => effect.type === 'openLine');
      expect(running || 'reconnect' in step.cell.tm, step.cell.value).toBe(true);
    });
  });

  it('C3: at most one line is being opened, and none while one is open', () => {
    walk('connection', new FakeRandom(33, 'one'), 5_000, ({ step }) => {
      if (!step) return;
      const opening = Object.values(step.cell.fx).filter((effect) => effect.type === 'openLine').length;
      expect(opening).toBe(step.cell.value === 'connecting' ? 1 : 0);
    });
  });

  it.each<[string, ConnectionState]>([
    ['LINK', 'offline'],
    ['BUSY', 'offline'],
    ['SERVER', 'offline'],
    ['LOCAL', 'offline'],
    ['RESYNC', 'offline'],
    ['POLICY', 'offline'],
    ['ITEM', 'offline'],
    ['CAPTIVE', 'captive'],
    ['INTERCEPTED', 'intercepted'],
    ['AUTH', 'refused'],
  ])('C4: a failure of class %s leads to %s, from opening and from open', (cls, state) => {
    const connecting = life('connection', {}, 'start').cell;
    expect(tell('connection', connecting, 'line.failed', { class: cls })?.cell.value).toBe(state);
    expect(lost(cls)?.cell).toMatchObject({
      value: state,
      context: { line: null, lastError: { class: cls } },
    });
  });

  it('C5: the next try comes when the failure said, and a hint or a person makes it come at once', () => {
    const offline = lost('LINK', { delayMs: 200 })?.cell as Cell;
    expect(offline.tm.reconnect).toMatchObject({ len: 200, due: 20_200 });
    expect(offline.context.untilMs).toBe(20_200);
    for (const type of ['reconnect', 'reconnect.elapsed'])
      expect(tell('connection', offline, type)?.cell).toMatchObject({ value: 'connecting', tm: {} });
  });

  it('C6: counts tries since the line was last open', () => {
    let { cell } = life('connection', {}, 'start', 'line.failed', 'reconnect.elapsed');
    expect(Object.values(cell.fx)).toEqual([{ type: 'openLine', params: { attempt: 2 } }]);
    cell = tell('connection', cell, 'line.opened')?.cell as Cell;
    expect(cell.context.attempt).toBe(0);
  });

  it('C7: a refusing cloud is not hammered: a boot does not try again, a person does', () => {
    const refused = lost('AUTH', { delayMs: 3_600_000 })?.cell as Cell;
    expect(tell('connection', refused, 'host.booted')).toBeNull();
    expect(tell('connection', refused, 'reconnect')?.cell.value).toBe('connecting');
  });

  it('C8: the loss of an older line says nothing about the present one', () => {
    expect(lost('LINK', { epoch: 6 })).toBeNull();
    expect(lost('LINK', { epoch: 7 })?.cell.value).toBe('offline');
  });

  it('C9: after a boot there is no line, whatever the log says', () => {
    expect(tell('connection', online, 'host.booted')?.cell).toMatchObject({
      value: 'connecting',
      context: { line: null },
    });
  });

  it('C10: stopped stays stopped until started, and closes what was open', () => {
    const stopped = tell('connection', online, 'stop');
    expect(stopped?.ops).toMatchObject([{ op: 'start', type: 'closeLine' }]);
    for (const type of ['reconnect', 'host.booted', 'reconnect.elapsed', 'line.lost'])
      expect(tell('connection', stopped?.cell as Cell, type)).toBeNull();
    expect(tell('connection', stopped?.cell as Cell, 'line.closed')?.cell.context.line).toBeNull();
    expect(tell('connection', stopped?.cell as Cell, 'start')?.cell).toMatchObject({
      value: 'connecting',
      context: { line: null },
    });
  });

  it('C11: with a limit of tries it stops after them; without one it never does', () => {
    const run = (attemptsMax: number) => {
      let { cell } = life('connection', { attemptsMax }, 'start');
      for (let i = 0; i < 50 && cell.value === 'connecting'; i++) {
        cell = tell('connection', cell, 'line.failed')?.cell as Cell;
        cell = tell('connection', cell, 'reconnect.elapsed')?.cell ?? cell;
      }
      return [cell.value, cell.context.attempt];
    };
    expect(run(10)).toEqual(['stopped', 10]);
    expect(run(0)).toEqual(['connecting', 51]);
  });

  it('C12: a poor link is still open, and the same numbers are no news', () => {
    const poor = tell('connection', online, 'link.degraded')?.cell as Cell;
    expect([poor.value, openStates.includes(poor.value)]).toEqual(['degraded', true]);
    expect(tell('connection', poor, 'link.degraded')).toBeNull();
    expect(
      tell('connection', poor, 'link.degraded', { numbers: { srttMs: 9_000 } })?.cell.context.quality,
    ).toEqual({
      srttMs: 9_000,
    });
    expect(tell('connection', poor, 'link.recovered')?.cell).toMatchObject({
      value: 'online',
      context: { quality: null },
    });
  });

  it('has one of five older names for each state', () => {
    expect(new Set(Object.values(fiveNames))).toEqual(
      new Set(['disconnected', 'connecting', 'connected', 'error', 'stopped']),
    );
  });
});

// The cloud's own breaker against a held clock: opens on failures in a row, refuses at once, tries again, heals.
import { describe, expect, it } from 'vitest';
import { ApiProblem } from '../../cloud/api/problem.ts';
import { behind, createBreaker } from '../../cloud/breaker.ts';
import { CloudError } from '../../cloud/cloud-error.ts';
import { FakeClock } from '../support/fake-clock.ts';

function setUp() {
  const clock = new FakeClock();
  let down = false;
  let asked = 0;
  const changes: string[] = [];
  const breaker = createBreaker('database', {
    clock,
    random: { unit: () => 0.5, bytes: (count) => new Uint8Array(count) },
    judge: (error) =>
      error instanceof CloudError && error.code === 'TENDER_STORE_UNAVAILABLE' ? 'failure' : 'neither',
    changed: (_name, view) => void changes.push(view.state),
  });
  const port = behind(
    breaker,
    {
      async ask(answer: string) {
        asked++;
        if (down) throw new CloudError('TENDER_STORE_UNAVAILABLE');
        if (answer === 'absent') throw new CloudError('TENDER_NOT_FOUND');
        return answer;
      },
      plain: () => 7,
    },
    ['plain'],
  );
  const fail = async (times: number) => {
    for (let i = 0; i < times; i++) await port.ask('x').catch(() => {});
  };
  return {
    ...{ clock, breaker, port, changes, fail, asked: () => asked },
    set: (value: boolean) => {
      down = value;
    },
  };
}

describe('the breaker around a destination ashore', () => {
  it('opens after five failures in a row, then refuses without asking, and says when to come back', async () => {
    const s = setUp();
    s.set(true);
    await s.fail(5);
    expect(s.breaker.view().state).toBe('open');
    const before = s.asked();
    const refused = await s.port.ask('x').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ApiProblem);
    expect(refused).toMatchObject({ code: 'TENDER_STORE_UNAVAILABLE', extras: { breaker: 'open' } });
    expect(s.asked()).toBe(before);
    s.breaker.close();
  });

  it('tries again after its time, closes on two successes, opens for longer on a failure', async () => {
    const s = setUp();
    s.set(true);
    await s.fail(5);
    await s.clock.advance(1500);
    expect(s.breaker.view().state).toBe('half-open');
    await s.fail(1);
    expect(s.breaker.view().state).toBe('open');
    await s.clock.advance(1500);
    expect(s.breaker.view().state).toBe('open');
    await s.clock.advance(1500);
    s.set(false);
    expect(await s.port.ask('a')).toBe('a');
    expect(await s.port.ask('b')).toBe('b');
    expect(s.changes).toEqual(['open', 'half-open', 'open', 'half-open', 'closed']);
    expect(s.clock.pending).toBe(0);
  });

  it('hundreds of requests at once pass a closed breaker, also right after it healed', async () => {
    const s = setUp();
    const many = () => Promise.all(Array.from({ length: 300 }, (_, i) => s.port.ask(String(i))));
    expect(await many()).toHaveLength(300);
    s.set(true);
    await s.fail(5);
    await s.clock.advance(1500);
    s.set(false);
    await s.port.ask('a');
    await s.port.ask('b');
    expect(await many()).toHaveLength(300);
  });

  it('what is somebody’s own mistake counts for nothing, and a passing method is not guarded', async () => {
    const s = setUp();
    for (let i = 0; i < 20; i++) await s.port.ask('absent').catch(() => {});
    expect(s.breaker.view()).toEqual({ state: 'closed', reason: '', retryInMs: 0 });
    expect(s.port.plain()).toBe(7);
  });
});

// What the system has noticed reaches its machine, whatever the disk does meanwhile. Found by voyage 117: a line lost
// while the log could not be written stayed "online" for ever.
import { expect, it } from 'vitest';
import { createTeller } from '../../../agent/daemon/teller.ts';
import type { Accepted } from '../../../agent/host/contract.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

function teller(failures: number) {
  const clock = new FakeClock();
  const taken: string[] = [];
  let left = failures;
  const told = createTeller({
    host: {
      send: async (_, event): Promise<Accepted> => {
        if (left-- > 0) throw new Error('the disk is full');
        taken.push(event.type);
        return { accepted: true, seq: 1, n: 1, state: 'offline' };
      },
    },
    clock,
    log: () => {},
    actor: 'connection/main',
  });
  return { clock, taken, told };
}

it('an event the log could not take is put to it again, in order, until it is taken', async () => {
  const { clock, taken, told } = teller(3);
  told.tell({ type: 'line.lost' });
  told.tell({ type: 'link.recovered' });
  await settle();
  expect(taken).toEqual([]);
  await clock.advance(3_000);
  expect(taken).toEqual(['line.lost', 'link.recovered']);
  expect(clock.pending).toBe(0);
});

it('after stop nothing is told any more and no timer is left', async () => {
  const { clock, taken, told } = teller(3);
  told.tell({ type: 'line.lost' });
  await settle();
  told.stop();
  await clock.advance(60_000);
  expect(taken).toEqual([]);
  expect(clock.pending).toBe(0);
});

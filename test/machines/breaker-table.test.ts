// Every event in every state of a breaker.
import { describe } from 'vitest';
import type { BreakerState } from '../../machines/breaker.ts';
import type { breakerEvents } from '../../machines/breaker-events.ts';
import { life } from './cells.ts';
import { holdTable, type Table } from './table.ts';

const table: Table<BreakerState, keyof typeof breakerEvents> = {
  closed: {
    'breaker.tripped': 'open',
    'probe.succeeded': 'refuses',
    'probe.failed': 'refuses',
    'link.up': 'refuses',
    'host.booted': 'half-open',
    'reset.elapsed': 'refuses',
    forceOpen: 'open',
    forceClose: 'refuses',
  },
  open: {
    'breaker.tripped': 'refuses',
    'probe.succeeded': 'refuses',
    'probe.failed': 'refuses',
    'link.up': 'half-open',
    'host.booted': 'half-open',
    'reset.elapsed': 'half-open',
    forceOpen: 'kept',
    forceClose: 'closed',
  },
  'half-open': {
    'breaker.tripped': 'refuses',
    'probe.succeeded': 'closed',
    'probe.failed': 'open',
    'link.up': 'refuses',
    'host.booted': 'refuses',
    'reset.elapsed': 'refuses',
    forceOpen: 'open',
    forceClose: 'closed',
  },
};

describe('the table of a breaker', () => {
  holdTable('breaker', table, {
    closed: life('breaker', {}).cell,
    open: life('breaker', {}, 'breaker.tripped').cell,
    'half-open': life('breaker', {}, 'breaker.tripped', 'reset.elapsed').cell,
  });
});

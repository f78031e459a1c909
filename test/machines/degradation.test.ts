import { describe, expect, it } from 'vitest';
import { type Condition, degradation, longOfflineMs } from '../../machines/degradation.ts';

const fine: Condition = {
  connection: 'online',
  connectionForMs: 0,
  breakers: { line: 'closed', api: 'closed' },
  parked: 0,
  freeBytes: 1e9,
  reserveBytes: 1e8,
  logStopped: false,
};
const level = (more: Partial<Condition>) => degradation({ ...fine, ...more }).level;

describe('degradation', () => {
  it('is none, without a reason, when all is well', () => {
    expect(degradation(fine)).toEqual({ level: 'none', reasons: [] });
  });

  it('has a level for each trouble', () => {
    expect(level({ connection: 'degraded' })).toBe('minor');
    expect(level({ connection: 'offline' })).toBe('minor');
    expect(level({ connection: 'offline', connectionForMs: longOfflineMs })).toBe('moderate');
    expect(level({ connection: 'captive' })).toBe('moderate');
    expect(level({ connection: 'stopped' })).toBe('moderate');
    expect(level({ breakers: { line: 'half-open' } })).toBe('minor');
    expect(level({ breakers: { line: 'open' } })).toBe('moderate');
    expect(level({ parked: 1 })).toBe('minor');
    expect(level({ connection: 'refused' })).toBe('severe');
    expect(level({ connection: 'intercepted' })).toBe('severe');
    expect(level({ freeBytes: 1 })).toBe('critical');
    expect(level({ logStopped: true })).toBe('critical');
  });

  it('gives the worst as the level and every reason, worst first', () => {
    const { reasons } = degradation({ ...fine, parked: 2, connection: 'refused', logStopped: true });
    expect(reasons.map((one) => one.level)).toEqual(['critical', 'severe', 'minor']);
  });
});

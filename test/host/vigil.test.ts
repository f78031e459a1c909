// The audit that runs by itself: when it comes, what it finds, and that it is in nobody's way.
import { describe, expect, it } from 'vitest';
import { createLevelStorage } from '../../agent/adapters/level-storage.ts';
import { defaultLimits } from '../../agent/host/limits.ts';
import type { KeyValue, Storage } from '../../agent/ports.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { hostOn, spooled, until, uploadId } from './support.ts';

/** LevelDB in which one row can be made to rot, and whose whole readings are counted. */
function rotting(directory: string) {
  const real = createLevelStorage(directory);
  const seen = { audits: 0, rotten: '' };
  const wrap = (kv: KeyValue): KeyValue => ({
    ...kv,
    iterate: async function* (range) {
      if (Object.keys(range).length === 0) seen.audits += 1;
      for await (const [key, value] of kv.iterate(range))
        yield [key, key === seen.rotten ? `${value}?` : value];
    },
  });
  const storage: Storage = { ...real, open: async () => wrap(await real.open()) };
  return { storage, seen };
}

describe('the audit in the background', () => {
  it('finds what rotted since it was written, once the time for it has come, and stops the host', async () => {
    const directory = await temporaryDirectory();
    const { storage, seen } = rotting(directory);
    const { host, clock } = hostOn(directory, { storage });
    const errors: Error[] = [];
    host.onFatal((error) => errors.push(error));
    await host.open();
    await host.create(uploadId(1), spooled(1), { rows: [{ type: 'put', key: 'file/1', value: 'row' }] });
    seen.rotten = 'file/1';
    await clock.advance(defaultLimits.auditAfterStartMs - 1);
    expect(seen.audits).toBe(0);
    await clock.advance(1);
    await until(() => errors.length > 0);
    expect(errors[0]?.message).toContain('The row file/1 is not what was written');
    await host.close();
    const next = hostOn(directory);
    expect((await next.host.open()).rebuilt?.reason).toContain('file/1');
    await next.host.close();
  });

  it('comes again a day after it ended', async () => {
    const directory = await temporaryDirectory();
    const { storage, seen } = rotting(directory);
    const { host, clock } = hostOn(directory, { storage });
    await host.open();
    await clock.advance(defaultLimits.auditAfterStartMs);
    await until(() => seen.audits === 1);
    await until(async () => {
      await clock.advance(defaultLimits.auditEveryMs);
      return seen.audits === 2;
    });
    await host.close();
  });

  it('lets events pass between its slices, and a close does not wait for its end', async () => {
    const directory = await temporaryDirectory();
    const { storage, seen } = rotting(directory);
    const { host, clock } = hostOn(directory, { storage });
    host.setPermits('line', 0);
    await host.open();
    for (let i = 1; i <= 300; i++) await host.create(uploadId(i), spooled(i));
    await clock.advance(defaultLimits.auditAfterStartMs);
    // It rests after its first slice, and time stands still.
    expect(await host.create(uploadId(301), spooled(301))).toMatchObject({ accepted: true });
    expect(seen.audits).toBe(0);
    await host.close();
  });
});

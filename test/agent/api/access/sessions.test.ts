import { describe, expect, test } from 'vitest';
import { nodeRandom } from '../../../../agent/adapters/node-random.ts';
import { createSessions, type NewSession } from '../../../../agent/api/access/sessions.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { memoryRows } from './support.ts';

const dayMs = 86_400_000;
const crew = { role: 'crew', by: 'crew@tablet', origin: 'password' } as const;

async function opened(rows = memoryRows(), clock = new FakeClock()) {
  const sessions = createSessions({ rows, clock, random: nodeRandom(), log: () => {}, lifeMs: 30 * dayMs });
  await sessions.open();
  return { rows, clock, sessions };
}

describe('sessions', () => {
  test('are found by both secrets together and by neither alone', async () => {
    const { sessions } = await opened();
    const [one, two] = [await sessions.make(crew), await sessions.make(crew)];
    expect(sessions.find(one.path, one.secret)?.session).toMatchObject(crew);
    expect(sessions.find(one.path, two.secret)).toBeUndefined();
    expect(sessions.find(two.path, one.secret)).toBeUndefined();
    expect(sessions.find(one.session.id, one.secret)).toBeUndefined();
  });
  test('have ids that can be typed after a command: never one that begins with a hyphen', async () => {
    const { sessions } = await opened();
    for (let index = 0; index < 256; index++) {
      expect((await sessions.make(crew)).session.id).toMatch(/^[0-9a-f]{12}$/);
    }
  });
  test('neither secret stands on disk, nor in the list', async () => {
    const { sessions, rows } = await opened();
    const { path, secret } = await sessions.make(crew);
    const written = [...rows.kept].join('\n') + JSON.stringify(sessions.list());
    for (const word of [path, secret]) expect(written).not.toContain(word);
    expect(JSON.stringify(sessions.list())).not.toContain('hash');
  });
  test('go on after a restart, until their time is over', async () => {
    const before = await opened();
    const { path, secret } = await before.sessions.make(crew);
    await before.clock.advance(30 * dayMs - 1);
    const after = await opened(before.rows, before.clock);
    expect(after.sessions.find(path, secret)).toBeDefined();
    await before.clock.advance(1);
    expect(after.sessions.find(path, secret)).toBeUndefined();
    const later = await opened(before.rows, before.clock);
    expect(later.sessions.list()).toEqual([]);
    expect(later.rows.kept.size).toBe(0);
  });
  test('one that is revoked ends at once, its open streams too, and stays ended', async () => {
    const { sessions, rows, clock } = await opened();
    const { path, secret, session } = await sessions.make(crew);
    const { ended } = sessions.find(path, secret)!;
    expect(await sessions.revoke(session.id)).toBe(true);
    expect(ended.aborted).toBe(true);
    expect(sessions.find(path, secret)).toBeUndefined();
    expect((await opened(rows, clock)).sessions.find(path, secret)).toBeUndefined();
    expect(await sessions.revoke(session.id)).toBe(false);
  });
  test('are few per role: the one seen longest ago makes room, and only for its own role', async () => {
    const { sessions, clock, rows } = await opened();
    const engineer = await sessions.make({ ...crew, role: 'engineer' });
    const made: NewSession[] = [];
    for (let index = 0; index < 16; index++) {
      made.push(await sessions.make(crew));
      await clock.advance(1_000);
    }
    // The first comes back: now the second is the one seen longest ago.
    await clock.advance(3_600_000);
    sessions.find(made[0]!.path, made[0]!.secret);
    await sessions.make(crew);
    const alive = (index: number) => sessions.find(made[index]!.path, made[index]!.secret) !== undefined;
    expect([alive(0), alive(1), alive(2)]).toEqual([true, false, true]);
    expect(sessions.find(engineer.path, engineer.secret)).toBeDefined();
    expect(rows.kept.size).toBe(17);
  });
  test('are noted as seen once an hour, not at every request', async () => {
    const { sessions, rows, clock } = await opened();
    const { path, secret } = await sessions.make(crew);
    let writes = 0;
    const { putRows } = rows;
    rows.putRows = (changes, options) => {
      writes++;
      return putRows(changes, options);
    };
    for (let minute = 0; minute < 180; minute++) {
      sessions.find(path, secret);
      await clock.advance(60_000);
    }
    expect(writes).toBe(2);
  });
  test('rows that are not ours to read are dropped, and the rest is kept', async () => {
    const before = await opened();
    const { path, secret } = await before.sessions.make(crew);
    before.rows.kept.set('ui/session/broken', '{"v":1');
    before.rows.kept.set('ui/session/newer', '{"v":2}');
    before.rows.kept.set('ui/session/role', '{"v":1,"role":"owner"}');
    const after = await opened(before.rows, before.clock);
    expect(after.sessions.list().length).toBe(1);
    expect(after.sessions.find(path, secret)).toBeDefined();
    expect(after.rows.kept.size).toBe(1);
  });
});

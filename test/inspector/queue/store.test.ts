import { describe, expect, it } from 'vitest';
import { openQueue } from '../../../inspector/queue/store.ts';
import { createScriptedDaemon } from './scripted-daemon.ts';

const row = (id: string, fields: Readonly<Record<string, unknown>> = {}) => ({
  ...{ id, name: `papers/${id}.pdf`, state: 'sending', hold: 'turn', priority: 5, addedMs: 1 },
  ...{ sizeBytes: 1_000, sentBytes: 0, why: 'Others go first.', whatToDo: '' },
  ...fields,
});

async function opened(...uploads: readonly ReturnType<typeof row>[]) {
  const daemon = createScriptedDaemon(uploads);
  await daemon.app.checkSession();
  const store = openQueue(daemon.app);
  await daemon.settle();
  const idsShown = () => store.groups.value.flatMap(({ rows }) => rows.map(({ id }) => id));
  return { daemon, store, idsShown };
}

describe('the store', () => {
  it('follows the feed from where its list ends, so that nothing lies between', async () => {
    const { daemon, idsShown } = await opened(row('a'), row('b'));
    expect(idsShown()).toEqual(['a', 'b']);
    expect(daemon.stream.after).toBe(100);
  });

  it('takes in a thousand events between two pictures with one change of the list', async () => {
    const { daemon, store } = await opened(row('a'));
    let drawn = 0;
    store.rows.subscribe(() => drawn++);
    drawn = 0;
    for (let i = 1; i <= 1_000; i++)
      daemon.stream.onEvent('uploads', [row(`n${i}`), row('a', { sentBytes: i })], 100 + i);
    expect(drawn).toBe(0);
    daemon.clock.paint();
    expect(drawn).toBe(1);
    expect(store.rows.value.byId.size).toBe(1_001);
    expect(store.rows.value.byId.get('a')?.sentBytes).toBe(1_000);
  });

  it('never shows a document twice, also when the feed tells what the list told', async () => {
    const { daemon, idsShown } = await opened(row('a'), row('b'));
    daemon.stream.onEvent('uploads', [row('a'), row('b'), row('c')], 101);
    daemon.stream.onEvent('uploads', [row('c')], 102);
    daemon.clock.paint();
    expect(idsShown()).toEqual(['a', 'b', 'c']);
  });

  it('reads the list again when the daemon says that it came back too late, and only then', async () => {
    const { daemon, idsShown } = await opened(row('a'), row('b'));
    const lists = () => daemon.asked.filter((path) => path.startsWith('v1/uploads?limit')).length;
    const first = daemon.stream;
    first.onEvent('hello', { logId: 'x', now: 5, head: 100 }, undefined);
    first.onState({ is: 'trying', sinceMs: 1 });
    first.onState({ is: 'live' });
    first.onEvent('hello', { logId: 'x', now: 5, head: 100 }, undefined);
    await daemon.settle();
    expect(lists()).toBe(1);
    daemon.uploads = [row('b'), row('z')];
    daemon.head = 900;
    first.onEvent('uploads', [row('old')], 101);
    first.onEvent('reset', { reason: 'too far behind' }, 900);
    await daemon.settle();
    daemon.clock.paint();
    expect(lists()).toBe(2);
    expect(first.closed).toBe(true);
    expect(daemon.stream.after).toBe(900);
    expect(idsShown()).toEqual(['b', 'z']);
  });

  it('reads the list again when the daemon has another log than before', async () => {
    const { daemon, idsShown } = await opened(row('a'));
    daemon.stream.onEvent('hello', { logId: 'x' }, undefined);
    daemon.uploads = [row('q')];
    daemon.stream.onEvent('hello', { logId: 'y' }, undefined);
    await daemon.settle();
    expect(idsShown()).toEqual(['q']);
  });

  it('disables what cannot work while the daemon is gone, keeps what it knows, and goes on by itself', async () => {
    const { daemon, store, idsShown } = await opened(row('a'));
    expect(store.blocked.value).toBe('');
    daemon.stream.onState({ is: 'trying', sinceMs: 7 });
    expect(store.blocked.value).toContain('does not answer');
    expect(idsShown()).toEqual(['a']);
    daemon.stream.onState({ is: 'live' });
    expect(store.blocked.value).toBe('');
  });

  it('tries again by itself when nobody answered at the start', async () => {
    const daemon = createScriptedDaemon([row('a')]);
    await daemon.app.checkSession();
    daemon.gone = true;
    const store = openQueue(daemon.app);
    await daemon.settle();
    expect([store.ready.value, daemon.app.stream.value.is]).toEqual([false, 'trying']);
    daemon.gone = false;
    daemon.clock.advance(2_000);
    await daemon.settle();
    expect([store.ready.value, daemon.app.stream.value.is]).toEqual([true, 'live']);
  });

  it('asks again for the reasons of those that wait when the link changes', async () => {
    const { daemon, store } = await opened(row('a'), row('b', { state: 'paused' }));
    daemon.uploads = [row('a', { hold: 'connection', why: 'There is no connection to the cloud.' })];
    daemon.stream.onEvent('status', { connection: { state: 'offline', name: 'disconnected' } }, undefined);
    daemon.clock.paint();
    daemon.clock.advance(1_000);
    await daemon.settle();
    expect(daemon.asked.filter((path) => path.includes('ids='))).toEqual(['v1/uploads?ids=a']);
    expect(store.rows.value.byId.get('a')?.why).toBe('There is no connection to the cloud.');
  });

  it('asks the daemon for what a search cannot find here, once, when the typing rests', async () => {
    const daemon = createScriptedDaemon([row('a')]);
    daemon.more = true;
    await daemon.app.checkSession();
    const store = openQueue(daemon.app);
    await daemon.settle();
    const searches = () => daemon.asked.filter((path) => path.includes('q='));
    for (const text of ['c', 'ch', 'cha']) {
      store.search.value = text;
      store.lookFor();
      daemon.clock.advance(100);
    }
    daemon.clock.advance(300);
    await daemon.settle();
    store.lookFor();
    daemon.clock.advance(300);
    await daemon.settle();
    expect(searches()).toEqual(['v1/uploads?q=cha&limit=100']);
  });

  it('does nothing any more once it is closed', async () => {
    const { daemon, store } = await opened(row('a'));
    store.close();
    const before = daemon.asked.length;
    expect(daemon.streams.every(({ closed }) => closed)).toBe(true);
    daemon.clock.advance(600_000);
    await daemon.settle();
    expect(daemon.asked).toHaveLength(before);
  });
});

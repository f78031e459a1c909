import { describe, expect, it } from 'vitest';
import { digest } from '../../machines/kernel.ts';
import { fold } from '../../machines/replay.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { collect, hostOn, spooled, until, uploadId, watched } from './support.ts';

const sent = { type: 'document.sent', lengthBytes: 1_000, sha256: 'ab'.repeat(32), chunks: 1 };
const stored = {
  type: 'upload.stored',
  documentId: 'd',
  receipt: 'cmVjZWlwdA==',
  signature: 'sig',
  keyId: 'key',
  storedMs: 5,
};

describe('one turn', () => {
  it('an accepted event is in the log, in the state and with every listener when the caller hears of it', async () => {
    const { host } = hostOn(await temporaryDirectory());
    await host.open();
    const heard: string[] = [];
    host.tail((rec) => heard.push(`${rec.actor} ${rec.event.type}`));
    const outcome = await host.create(uploadId(1), spooled(1));
    expect(outcome).toMatchObject({ accepted: true, n: 1, state: 'sending' });
    expect(heard).toEqual([`${uploadId(1)} actor.created`]);
    expect((await host.read(uploadId(1)))?.value).toBe('sending');
    const records = await collect(host.history({ actor: uploadId(1), limit: 10 }));
    expect(records.map((rec) => [rec.n, rec.state, rec.event.type])).toEqual([
      [1, 'sending', 'actor.created'],
    ]);
    await host.close();
  });

  it('what changes nothing is refused, counted and never logged', async () => {
    const { host } = hostOn(await temporaryDirectory());
    await host.open();
    await host.create(uploadId(1), spooled(1));
    const before = host.status().lastSeq;
    expect(await host.create(uploadId(1), spooled(1))).toMatchObject({ accepted: false, reason: 'exists' });
    expect(await host.send(uploadId(2), { type: 'pause', by: 'a' })).toMatchObject({ reason: 'unknown' });
    expect(await host.send('nobody/1', { type: 'pause', by: 'a' })).toMatchObject({ reason: 'unknown' });
    expect(await host.send(uploadId(1), { type: 'resume', by: 'a' })).toMatchObject({
      reason: 'not-accepted',
    });
    expect(await host.send(uploadId(1), { type: 'pause', by: 7 })).toMatchObject({ reason: 'invalid' });
    expect(await host.create(uploadId(3), { name: 7 })).toMatchObject({ reason: 'invalid' });
    expect(host.status().lastSeq).toBe(before);
    expect(host.status().refusedEvents).toBe(6);
    await host.close();
  });

  it('later events of a turn see the earlier ones, and all share one sequence without gaps', async () => {
    const { host } = hostOn(await temporaryDirectory());
    await host.open();
    const outcomes = await Promise.all([
      host.create(uploadId(1), spooled(1)),
      host.send(uploadId(1), { type: 'pause', by: 'a' }),
      host.send(uploadId(1), { type: 'pause', by: 'b' }),
      host.send(uploadId(1), { type: 'resume', by: 'a' }),
      host.send(uploadId(1), { type: 'resume', by: 'b' }),
    ]);
    expect(outcomes.map((outcome) => outcome.accepted && [outcome.n, outcome.state])).toEqual([
      [1, 'sending'],
      [2, 'paused'],
      [3, 'paused'],
      [4, 'paused'],
      [5, 'sending'],
    ]);
    const all = await collect(host.history({ limit: 100 }));
    expect(all.map((rec) => rec.seq)).toEqual(all.map((_, index) => index + 1));
    await host.close();
  });

  it('the fold of the log is the state of every actor', async () => {
    const { host } = hostOn(await temporaryDirectory());
    await host.open();
    for (let i = 1; i <= 20; i++) {
      await host.create(uploadId(i), i % 2 ? spooled(i) : watched(i));
      if (i % 3 === 0) await host.send(uploadId(i), { type: 'pause', by: 'crew' });
      if (i % 4 === 0) await host.send(uploadId(i), { type: 'prioritise', priority: 2, by: 'crew' });
      if (i % 5 === 0) await host.send(uploadId(i), { type: 'cancel', by: 'crew' });
    }
    const records = (await collect(host.history({ limit: 1_000 }))).filter((rec) => rec.kind !== 'host@1');
    const { cells, broken } = fold(records);
    expect(broken.size).toBe(0);
    for (let i = 1; i <= 20; i++) {
      expect(digest((await host.read(uploadId(i)))!)).toBe(digest(cells.get(uploadId(i))!));
    }
    await host.close();
  });
});

describe('effects', () => {
  it('an upload lives from creation to its receipt row through the handlers', async () => {
    const { host } = hostOn(await temporaryDirectory());
    host.register('checkSettled', async () => ({ type: 'file.settled', stat: { size: 1 } }));
    host.register('sendDocument', async ({ checkpoint }) => {
      checkpoint({ type: 'transfer.checkpointed', bytesDurable: 500 });
      return sent;
    });
    host.register('confirmStored', async () => stored);
    await host.open();
    await host.create(uploadId(1), watched(1));
    await until(async () => (await host.read(uploadId(1)))?.value === 'stored');
    await host.send(
      uploadId(1),
      { type: 'document.indexed', documentId: 'd', version: 1, passages: 3 },
      { src: 'sys', rows: [{ type: 'put', key: 'cursor', value: '17' }] },
    );
    expect(await host.row('cursor')).toBe('17');
    expect((await host.read(uploadId(1)))?.value).toBe('indexed');
    expect(await host.send(uploadId(1), { type: 'pause', by: 'a' })).toMatchObject({ reason: 'finished' });
    expect(await host.create(uploadId(1), watched(1))).toMatchObject({ reason: 'exists' });
    expect(host.status().liveCells).toBe(0);
    await host.close();
  });

  it('no effect starts before its record is durable', async () => {
    const { host } = hostOn(await temporaryDirectory());
    const durable = new Set<string>();
    const early: string[] = [];
    host.tail((rec) => durable.add(`${rec.actor}/${rec.n}`));
    host.register('sendDocument', async ({ id, actor }) => {
      const n = id.slice(id.lastIndexOf('/') + 1).split('.')[0];
      if (!durable.has(`${actor}/${n}`)) early.push(id);
      return sent;
    });
    host.register('confirmStored', async () => stored);
    await host.open();
    await Promise.all(Array.from({ length: 50 }, (_, i) => host.create(uploadId(i + 1), spooled(i + 1))));
    await until(async () => (await collect(host.list({ state: 'stored', limit: 100 }))).length === 50);
    expect(early).toEqual([]);
    await host.close();
  });

  it('an effect nobody answered is issued again after a restart, with the same id', async () => {
    const directory = await temporaryDirectory();
    const ids: string[] = [];
    for (let boot = 0; boot < 2; boot++) {
      const { host } = hostOn(directory);
      const started = new Promise<void>((resolve) => {
        host.register('sendDocument', ({ id, signal }) => {
          ids.push(id);
          resolve();
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
        });
      });
      await host.open();
      if (boot === 0) await host.create(uploadId(1), spooled(1));
      await started;
      await host.close();
    }
    expect(ids).toHaveLength(2);
    expect(ids[0]).toBe(ids[1]);
  });

  it('a cancelled upload aborts its effect, and what the handler answers late is not applied', async () => {
    const { host } = hostOn(await temporaryDirectory());
    let aborted = false;
    let answer: (event: typeof sent) => void = () => {};
    const started = new Promise<void>((resolve) => {
      host.register('sendDocument', ({ signal }) => {
        signal.addEventListener('abort', () => {
          aborted = true;
        });
        resolve();
        return new Promise((done) => {
          answer = done;
        });
      });
    });
    await host.open();
    await host.create(uploadId(1), watched(1));
    await host.send(uploadId(1), { type: 'pause', by: 'a' });
    await host.create(uploadId(2), spooled(2));
    await started;
    await host.send(uploadId(2), { type: 'pause', by: 'a' });
    expect(aborted).toBe(true);
    answer(sent);
    await until(() => host.status().running === 0);
    expect((await host.read(uploadId(2)))?.value).toBe('paused');
    await host.close();
  });

  it('urgent first, then oldest, never more than the permits, and nothing without one', async () => {
    const { host } = hostOn(await temporaryDirectory());
    const order: string[] = [];
    let running = 0;
    let most = 0;
    host.register('sendDocument', async ({ actor }) => {
      order.push(actor);
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return sent;
    });
    host.register('confirmStored', async () => stored);
    host.setPermits('line', 0);
    await host.open();
    const priorities = [5, 9, 5, 2, 10, 2];
    await Promise.all(
      priorities.map((priority, i) =>
        host.create(uploadId(i + 1), spooled(i + 1, { priority, addedMs: 100 - i })),
      ),
    );
    expect(order).toEqual([]);
    host.setPermits('line', 1);
    await until(() => order.length === 6);
    expect(order).toEqual([6, 4, 3, 1, 2, 5].map(uploadId));
    expect(most).toBe(1);
    await host.close();
  });

  it('a critical upload does not wait for a place', async () => {
    const { host } = hostOn(await temporaryDirectory());
    const started: string[] = [];
    host.register('sendDocument', ({ actor, signal }) => {
      started.push(actor);
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
    host.setPermits('line', 1);
    await host.open();
    await host.create(uploadId(1), spooled(1));
    await until(() => started.length === 1);
    await host.create(uploadId(2), spooled(2));
    await host.create(uploadId(3), spooled(3, { priority: 1 }));
    await until(() => started.length === 2);
    expect(started).toEqual([uploadId(1), uploadId(3)]);
    expect(await host.hold(uploadId(2))).toMatchObject({ why: 'turn' });
    expect(await host.hold(uploadId(1))).toBeNull();
    await host.close();
  });

  it('versions of one name go in order, whatever their priority', async () => {
    const { host } = hostOn(await temporaryDirectory());
    const order: string[] = [];
    host.register('sendDocument', async ({ actor }) => {
      order.push(actor);
      return sent;
    });
    host.register('confirmStored', async () => stored);
    host.setPermits('line', 0);
    await host.open();
    await host.create(uploadId(1), spooled(1, { name: 'added/x', version: 1, priority: 9 }));
    await host.create(uploadId(2), spooled(2, { name: 'added/x', version: 2, priority: 2 }));
    await host.create(uploadId(3), spooled(3, { name: 'added/y', version: 7, priority: 5 }));
    expect(await host.hold(uploadId(2))).toMatchObject({ why: 'earlierVersion', version: 1 });
    host.setPermits('line', 3);
    await until(() => order.length === 3);
    expect(order.indexOf(uploadId(1))).toBeLessThan(order.indexOf(uploadId(2)));
    expect(order[0]).toBe(uploadId(3));
    await host.close();
  });

  it('a handler that throws is tried again, and after the bound the machine hears of a LOCAL failure', async () => {
    const { host, clock, lines } = hostOn(await temporaryDirectory());
    let tries = 0;
    host.register('sendDocument', async () => {
      tries += 1;
      throw new Error('a fault of ours');
    });
    await host.open();
    await host.create(uploadId(1), spooled(1));
    await until(() => tries === 1);
    await until(async () => {
      await clock.advance(1_000);
      return (await host.read(uploadId(1)))?.value === 'waiting';
    });
    expect(tries).toBe(3);
    expect((await host.read(uploadId(1)))?.context.waiting).toMatchObject({ class: 'LOCAL' });
    expect(lines.filter((line) => line.includes('a fault of ours'))).toHaveLength(3);
    await host.close();
  });

  it('a result of another effect, or a second one, is refused', async () => {
    const { host } = hostOn(await temporaryDirectory());
    await host.open();
    await host.create(uploadId(1), spooled(1));
    expect(await host.send(uploadId(1), { ...sent, fx: '1.1' }, { src: 'fx' })).toMatchObject({
      accepted: false,
    });
    expect(await host.send(uploadId(1), { ...sent, fx: '1.0' }, { src: 'fx' })).toMatchObject({
      accepted: true,
    });
    expect(await host.send(uploadId(1), { ...sent, fx: '1.0' }, { src: 'fx' })).toMatchObject({
      accepted: false,
    });
    await host.close();
  });

  it('the line opens and closes with the connection: running effects stop and start again', async () => {
    const { host, clock } = hostOn(await temporaryDirectory());
    let starts = 0;
    host.register('sendDocument', ({ signal }) => {
      starts += 1;
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
    const opened = { type: 'line.opened', epoch: 1, sessionId: 's', rttMs: 600 };
    host.register('openLine', async () => opened);
    await host.open();
    await host.create('connection/main', {});
    await host.create(uploadId(1), spooled(1));
    expect(await host.hold(uploadId(1))).toMatchObject({ why: 'connection' });
    expect(starts).toBe(0);
    await host.send('connection/main', { type: 'start' });
    await until(() => starts === 1);
    const lost = { type: 'line.lost', class: 'LINK', code: 'TENDER_X', message: '', delayMs: 0 };
    await host.send('connection/main', lost, { src: 'sys' });
    expect(host.status().linePermits).toBe(0);
    await until(async () => {
      await clock.advance(1_000);
      return starts === 2;
    });
    expect((await host.read(uploadId(1)))?.n).toBe(1);
    await host.close();
  });
});

describe('soft and side rows', () => {
  it('a soft row waits at most its second and keeps its order', async () => {
    const { host, clock } = hostOn(await temporaryDirectory());
    await host.open();
    let done = false;
    const soft = host.putRows([{ type: 'put', key: 'ch/aa', value: '1' }], { soft: true }).then(() => {
      done = true;
    });
    await clock.advance(500);
    expect(done).toBe(false);
    await clock.advance(500);
    await soft;
    expect(await host.row('ch/aa')).toBe('1');
    void host.putRows([{ type: 'put', key: 'ch/bb', value: 'old' }], { soft: true });
    await host.putRows([{ type: 'put', key: 'ch/bb', value: 'new' }]);
    expect(await host.row('ch/bb')).toBe('new');
    expect(await collect(host.rows({ gte: 'ch/', lt: 'ch0' }))).toEqual([
      ['ch/aa', '1'],
      ['ch/bb', 'new'],
    ]);
    await host.close();
  });

  it('rows are written only with an accepted event, and keys of the host are refused', async () => {
    const { host } = hostOn(await temporaryDirectory());
    await host.open();
    const rows = [{ type: 'put', key: 'file/a', value: 'x' }] as const;
    await host.send(uploadId(1), { type: 'pause', by: 'a' }, { rows });
    expect(await host.row('file/a')).toBeUndefined();
    await host.create(uploadId(1), spooled(1), { rows });
    expect(await host.row('file/a')).toBe('x');
    await expect(host.putRows([{ type: 'put', key: 'log/000000000001', value: '' }])).rejects.toThrow(
      'side row',
    );
    await host.close();
  });
});

describe('passivation', () => {
  it('cells beyond the limit are rows, and come back as they were', async () => {
    const { host } = hostOn(await temporaryDirectory(), {
      limits: { liveCellsMax: 10, checkpointCommits: 4 },
    });
    await host.open();
    for (let i = 1; i <= 100; i++) await host.create(uploadId(i), spooled(i));
    expect(host.status().liveCells).toBeLessThanOrEqual(14);
    const { actor, cell } = (await collect(host.list({ limit: 1 })))[0]!;
    expect([actor, cell.n]).toEqual([uploadId(1), 1]);
    expect(await host.send(uploadId(1), { type: 'pause', by: 'a' })).toMatchObject({ accepted: true, n: 2 });
    expect((await collect(host.list({ state: 'sending', limit: 1_000 }))).length).toBe(99);
    expect((await collect(host.list({ after: uploadId(98), limit: 10 }))).map((each) => each.actor)).toEqual([
      uploadId(99),
      uploadId(100),
    ]);
    await host.close();
  });
});

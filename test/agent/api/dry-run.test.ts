import { describe, expect, onTestFinished, test } from 'vitest';
import { createLevelStorage } from '../../../agent/adapters/level-storage.ts';
import type { Who } from '../../../agent/api/access/roles.ts';
import { dryRunLastsMs } from '../../../agent/daemon/history-what-if.ts';
import { keys } from '../../../agent/host/keys.ts';
import { headRow, readSlot } from '../../../agent/host/slot.ts';
import type { KeyValue } from '../../../agent/ports.ts';
import type { JsonObject } from '../../../machines/json.ts';
import { digest } from '../../../machines/kernel.ts';
import { collect, hostOn, spooled, until, uploadId } from '../../host/support.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { pastApi } from './past-api.ts';

const actor = uploadId(1);
const pause = { type: 'pause', by: 'captain' };

async function aboard(options: { readonly who?: Who } = {}) {
  const directory = await temporaryDirectory();
  const real = createLevelStorage(directory);
  let open: KeyValue | undefined;
  const storage = {
    ...real,
    open: async () => {
      open = await real.open();
      return open;
    },
  };
  const { host } = hostOn(directory, { storage });
  host.setPermits('line', 0);
  host.register('releaseSource', async () => ({ type: 'source.released' }));
  await host.open();
  onTestFinished(() => host.close());
  await host.create(actor, spooled(1));
  await host.create('breaker/line', {});
  const clock = new FakeClock();
  const api = pastApi(host, { ...options, clock });
  const rows = () => collect(open!.iterate({}));
  const tryIt = async (event: JsonObject, of = actor, more: JsonObject = {}) =>
    api.post(`/v1/actors/${of}/dry-run`, { event, ...more });
  const send = async (event: JsonObject, dryRunId: unknown, more: JsonObject = {}, of = actor) =>
    api.post(`/v1/actors/${of}/send`, { event, dryRunId: String(dryRunId), reason: 'A test.', ...more });
  return { host, api, clock, rows, tryIt, send };
}

describe('a dry run', () => {
  test('tells what would happen and changes nothing: not the head, not the cell, not one row', async () => {
    const { host, rows, tryIt } = await aboard();
    await host.send(actor, { type: 'prioritise', by: 'crew', priority: 2 });
    await host.checkpoint();
    const before = { rows: await rows(), head: host.status().lastSeq, cell: (await host.read(actor))! };
    const digestBefore = digest(before.cell);
    const events = [
      pause,
      { type: 'cancel', by: 'captain' },
      { type: 'document.sent', fx: '1.0', lengthBytes: 3, sha256: 'ab'.repeat(32), chunks: 1 },
      { type: 'resume', by: 'captain' },
      { type: 'no.such.event' },
      { type: 'pause', by: 7 },
    ];
    for (const event of events)
      for (const more of [{}, { n: 1 }]) expect((await tryIt(event, actor, more)).status).toBe(200);
    expect(await rows()).toEqual(before.rows);
    expect(host.status().lastSeq).toBe(before.head);
    expect(digest((await host.read(actor))!)).toBe(digestBefore);
    expect(host.status().refusedEvents).toBe(0);
  });

  test('says where it leads, what would be done and what becomes different', async () => {
    const { tryIt } = await aboard();
    const { body } = await tryIt(pause);
    expect(body).toMatchObject({ accepted: true, from: 'sending', to: 'paused', n: 1, notSendable: null });
    expect(body.ops).toEqual([expect.objectContaining({ op: 'stop' })]);
    expect(body.diff).not.toEqual([]);
    expect(body.dryRunId).toMatch(/^[\w-]{22}$/);
  });

  test('of a past state answers from that state, and cannot be sent', async () => {
    const { host, tryIt } = await aboard();
    await host.send(actor, pause);
    const { body } = await tryIt(pause, actor, { n: 1 });
    expect(body).toMatchObject({ accepted: true, from: 'sending', to: 'paused', n: 1, dryRunId: null });
    expect(body.notSendable).toContain('record 2');
  });

  test('that is not taken says why, and cannot be sent', async () => {
    const { host, tryIt } = await aboard();
    expect((await tryIt({ type: 'resume', by: 'captain' })).body).toMatchObject({
      accepted: false,
      code: 'TENDER_EVENT_NOT_NOW',
      dryRunId: null,
    });
    await host.send(actor, { type: 'cancel', by: 'crew' });
    await until(async () => (await host.look(actor))?.finished);
    expect((await tryIt(pause)).body).toMatchObject({
      accepted: false,
      code: 'TENDER_ACTOR_FINISHED',
      dryRunId: null,
    });
    expect((await tryIt(pause, 'upload/nobody')).body.code).toBe('TENDER_NO_SUCH_ACTOR');
    expect((await tryIt(pause, 'host/log')).body.code).toBe('TENDER_NO_SUCH_ACTOR');
  });

  test('of what no person says is shown, and cannot be sent', async () => {
    const { tryIt } = await aboard();
    const failed = {
      type: 'breaker.tripped',
      reason: 'x',
      spread: 0,
      window: { count: 1, failures: 1, consecutive: 1 },
    };
    const { body } = await tryIt(failed, 'breaker/line');
    expect(body).toMatchObject({ accepted: true, to: 'open', dryRunId: null });
    expect(body.notSendable).toContain('the agent itself');
  });
});

describe('sending for real', () => {
  test('writes what was shown, as a command, with who and why', async () => {
    const { host, tryIt, send } = await aboard();
    const shown = await tryIt(pause);
    const { status, body } = await send(pause, shown.body.dryRunId, {
      reason: '  The owner is on the line. ',
    });
    expect([status, body.state]).toEqual([200, 'paused']);
    const [record] = await collect(host.history({ after: Number(body.seq) - 1, limit: 1 }));
    expect(record).toMatchObject({
      actor,
      n: body.n,
      src: 'cmd',
      event: { type: 'pause', by: 'captain', reason: 'The owner is on the line.' },
    });
  });

  test('through the page, who it was is known from the session, whatever the event claims', async () => {
    const who: Who = { via: 'page', role: 'engineer', by: 'engineer@tablet', session: 's1' };
    const { host, tryIt, send } = await aboard({ who });
    const shown = await tryIt(pause, actor, { by: 'captain' });
    expect(shown.body).toMatchObject({ accepted: true });
    expect(shown.body.event).toEqual({ type: 'pause', by: 'engineer@tablet' });
    const { body } = await send(pause, shown.body.dryRunId, { by: 'the owner' });
    const [record] = await collect(host.history({ after: Number(body.seq) - 1, limit: 1 }));
    expect(record!.event.by).toBe('engineer@tablet');
  });

  test('needs a reason', async () => {
    const { host, tryIt, send } = await aboard();
    const { body } = await tryIt(pause);
    for (const reason of ['', '   ', 'x'.repeat(501), 7])
      expect((await send(pause, body.dryRunId, { reason })).body.code).toBe('TENDER_COMMAND_INVALID');
    expect((await host.read(actor))!.n).toBe(1);
  });

  test('is refused when the actor moved on, the time is over, or it is another event or actor; and works once', async () => {
    const { host, clock, tryIt, send } = await aboard();
    const stale = async (answer: Promise<{ readonly status: number; readonly body: JsonObject }>) => {
      const { status, body } = await answer;
      expect([status, body.code]).toEqual([409, 'TENDER_STALE_DRY_RUN']);
    };
    const id = async () => (await tryIt(pause)).body.dryRunId;
    await stale(send(pause, 'made-up'));
    await stale(send({ ...pause, untilMs: 60_000 }, await id()));
    await stale(send({ type: 'cancel', by: 'captain' }, await id()));
    await stale(send({ type: 'forceOpen', by: 'captain' }, await id(), {}, 'breaker/line'));
    const late = await id();
    await clock.advance(dryRunLastsMs);
    await stale(send(pause, late));
    const overtaken = await id();
    await host.send(actor, { type: 'prioritise', by: 'crew', priority: 1 });
    await stale(send(pause, overtaken));
    const good = await id();
    expect((await send(pause, good)).status).toBe(200);
    await stale(send(pause, good));
    expect((await host.read(actor))!.n).toBe(3);
  });

  test('of two that were shown the same state only one is taken', async () => {
    const { host, tryIt, send } = await aboard();
    const [a, b] = await Promise.all([tryIt(pause), tryIt({ type: 'cancel', by: 'captain' })]);
    const answers = await Promise.all([
      send(pause, a.body.dryRunId),
      send({ type: 'cancel', by: 'captain' }, b.body.dryRunId),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect((await host.read(actor))!.n).toBe(2);
  });

  test('is for engineers', async () => {
    const who: Who = { via: 'page', role: 'crew', by: 'crew', session: 's1' };
    const { tryIt, send } = await aboard({ who });
    expect((await tryIt(pause)).status).toBe(403);
    expect((await send(pause, 'x')).status).toBe(403);
  });

  test('more dry runs than are remembered push out the oldest, never grow', async () => {
    const { tryIt, send } = await aboard();
    const first = (await tryIt(pause)).body.dryRunId;
    for (let count = 0; count < 64; count++) await tryIt(pause);
    expect((await send(pause, first)).body.code).toBe('TENDER_STALE_DRY_RUN');
  });
});

describe('an actor that was set aside', () => {
  test('is found, shown with its reason, shown as it was, and takes nothing', async () => {
    const directory = await temporaryDirectory();
    const first = hostOn(directory);
    first.host.setPermits('line', 0);
    await first.host.open();
    await first.host.create(actor, spooled(1));
    await first.host.send(actor, pause);
    await first.host.close();
    const kv = await createLevelStorage(directory).open();
    const slot = readSlot(actor, keys.head(actor), (await kv.get(keys.head(actor)))!);
    await kv.batch([headRow({ ...slot, quarantined: 'it no longer folds' })], { sync: true });
    await kv.close();

    const { host } = hostOn(directory);
    host.setPermits('line', 0);
    await host.open();
    onTestFinished(() => host.close());
    const api = pastApi(host);
    expect((await api.get('/v1/actors?state=quarantined')).body.items).toMatchObject([
      { actor, state: 'quarantined' },
    ]);
    expect((await api.get('/v1/actors?state=paused')).body.items).toEqual([]);
    expect((await api.get(`/v1/actors/${actor}`)).body.quarantined).toBe('it no longer folds');
    expect((await api.get(`/v1/actors/${actor}?n=1`)).body.cell).toMatchObject({ value: 'sending' });
    const shown = await api.post(`/v1/actors/${actor}/dry-run`, {
      event: { type: 'resume', by: 'captain' },
    });
    expect(shown.body).toMatchObject({ accepted: false, code: 'TENDER_ACTOR_QUARANTINED', dryRunId: null });
  });
});

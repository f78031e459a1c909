// The bridge as a viewer of @xstate/inspect meets it: the package's own server on one side, its own receiver on the other.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type ClientOptions, WebSocket } from 'ws';
import { type Bridge, startBridge } from '../../../inspector/bridge/bridge.ts';
import { toLegacyMachine } from '../../../inspector/bridge/convert.ts';
import { watchedMax } from '../../../inspector/bridge/follow.ts';
import { loadLegacy } from '../../../inspector/bridge/legacy.ts';
import {
  refusedPerViewerMax,
  sendBounded,
  viewerBufferMaxBytes,
  viewersMax,
} from '../../../inspector/bridge/viewers.ts';
import { describe as describeMachine } from '../../../machines/describe.ts';
import type { Cell } from '../../../machines/kernel.ts';
import { registry } from '../../../machines/registry.ts';
import { foldRecord, type LogRecord } from '../../../machines/replay.ts';
import { randomHistory } from '../../machines/history.ts';
import { FakeRandom } from '../../support/fake-random.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { attach } from './receiver.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const descriptions = Object.values(registry).map(describeMachine);
let bridge: Bridge;

async function start(options: Partial<Parameters<typeof startBridge>[0]> = {}): Promise<Bridge> {
  bridge = await startBridge({
    descriptions,
    port: 0,
    stately: false,
    reveal: true,
    origins: [],
    ...options,
  });
  return bridge;
}
afterEach(() => bridge?.close());

/** Each history that is kept for ever, and long random ones: one list of records per actor. */
function histories(): readonly { readonly name: string; readonly records: readonly LogRecord[] }[] {
  const shelf = join(root, 'test', 'histories');
  const kept = readdirSync(shelf)
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => {
      const lines = readFileSync(join(shelf, name), 'utf8').trim().split('\n');
      const records = lines.map((line) => JSON.parse(line) as LogRecord);
      return [...new Set(records.map(({ actor }) => actor))].map((actor) => ({
        name: `${name} ${actor}`,
        records: records.filter((record) => record.actor === actor),
      }));
    });
  const random = Object.keys(registry).flatMap((kind) =>
    [1, 2].map((seed) => ({
      name: `random ${kind} ${seed}`,
      records: randomHistory(kind, new FakeRandom(seed), 150),
    })),
  );
  return [...kept, ...random];
}

/** Feeds a whole life to the bridge and answers the cells on the way. */
function feed(records: readonly LogRecord[]): Cell[] {
  const cells: Cell[] = [];
  for (const record of records) {
    const cell = foldRecord(cells.at(-1), record);
    if (cells.length === 0) bridge.appear(record.actor, cell);
    else bridge.took(record.actor, record, cell);
    cells.push(cell);
  }
  return cells;
}

describe('versions', () => {
  it('each workspace gets the XState it is written for', () => {
    const major = (place: string) =>
      createRequire(join(root, place))('xstate/package.json').version as string;
    console.log(
      `xstate: ${major('package.json')} at the root, ${major('inspector/bridge/package.json')} in the bridge`,
    );
    expect(major('package.json')).toMatch(/^5\./);
    expect(major('inspector/bridge/package.json')).toBe('4.38.3');
    expect(loadLegacy().versions).toEqual({ xstate: '4.38.3', inspect: '0.8.0' });
  });

  it('the emitted code, which lies where `xstate` is 5, finds 4 too', async () => {
    const place = await temporaryDirectory();
    mkdirSync(join(place, 'dist', 'inspector', 'bridge'), { recursive: true });
    copyFileSync(join(root, 'inspector/bridge/legacy.ts'), join(place, 'dist/inspector/bridge/legacy.ts'));
    for (const name of ['inspector', 'node_modules', 'package.json'])
      symlinkSync(join(root, name), join(place, name));
    const code = `import { loadLegacy } from './legacy.ts'; console.log(loadLegacy().versions.xstate)`;
    const options = { cwd: join(place, 'dist', 'inspector', 'bridge'), encoding: 'utf8' } as const;
    expect(execFileSync(process.execPath, ['--input-type=module', '-e', code], options).trim()).toBe(
      '4.38.3',
    );
    rmSync(place, { recursive: true });
  });
});

describe('what a viewer sees', () => {
  it.each(histories())('is our state after every record: $name', async ({ records }) => {
    await start();
    const [first] = records;
    if (!first) throw new Error('the history is empty');
    const born = foldRecord(undefined, first);
    bridge.appear(first.actor, born);
    const viewer = attach(bridge.inspectUrl);
    await viewer.until((frames) => frames.some(({ type }) => type === 'service.register'));

    const cells = [born];
    for (const record of records.slice(1)) {
      const cell = foldRecord(cells.at(-1), record);
      bridge.took(record.actor, record, cell);
      cells.push(cell);
    }
    await viewer.until(
      (frames) => frames.filter(({ type }) => type === 'service.state').length === cells.length - 1,
    );
    const states = viewer.frames.flatMap((frame) =>
      frame.type === 'service.register' || frame.type === 'service.state' ? [frame.state] : [],
    );
    expect(states.map((state) => state.value)).toEqual(cells.map((cell) => cell.value));
    expect(states.map((state) => state.context)).toEqual(cells.map((cell) => cell.context));
    const events = viewer.frames.flatMap((frame) =>
      frame.type === 'service.event' ? [frame.event.data] : [],
    );
    expect(events).toEqual(records.slice(1).map(({ event }) => event));
    expect(new Set(viewer.frames.map((frame) => frame.sessionId))).toEqual(new Set([first.actor]));
  });

  it.each(descriptions)('lists the same next events as the machine has: $kind', ({ kind, states, edges }) => {
    const { xstate } = loadLegacy();
    const description = descriptions.find((each) => each.kind === kind);
    if (!description) throw new Error('no such machine');
    const machine = xstate.createMachine(toLegacyMachine(description) as never);
    for (const { id } of states) {
      const state = machine.resolveState(xstate.State.from(id, {}) as never);
      const ours = new Set(edges.filter((edge) => edge.from === id && edge.event).map((edge) => edge.event));
      // '' stands for what is taken at once.
      expect(new Set(state.nextEvents.filter((event) => event !== ''))).toEqual(ours);
    }
  });

  it.each(descriptions)(
    'is a machine XState 4 accepts, with every transition of ours: $kind',
    (description) => {
      const { xstate } = loadLegacy();
      const text = JSON.stringify(xstate.createMachine(toLegacyMachine(description) as never));
      const machine = xstate.createMachine(JSON.parse(text));
      const theirs = Object.values(machine.states).flatMap((node) =>
        node.transitions.map((step) => {
          const to = step.target?.[0]?.key ?? node.key;
          const guard = step.cond ? ` [${step.cond.name ?? step.cond.type}]` : '';
          return `${node.key} ${step.eventType} ${to}${guard}`;
        }),
      );
      const ours = description.edges.map(
        ({ from, event, to, guard }) => `${from} ${event} ${to}${guard === null ? '' : ` [${guard}]`}`,
      );
      expect(theirs.sort()).toEqual(ours.sort());
    },
  );

  it('begins, for one who comes late, with the present state, and ends with a stop', async () => {
    await start();
    const records = randomHistory('upload', new FakeRandom(7), 60);
    const cells = feed(records);
    const actor = records[0]?.actor ?? '';
    const early = attach(bridge.inspectUrl);
    await early.until((frames) => frames.length === 1);
    const late = attach(bridge.inspectUrl);
    await late.until((frames) => frames.length === 1);
    const [frame] = late.frames;
    expect(frame?.type === 'service.register' && frame.state.value).toBe(cells.at(-1)?.value);
    // Nobody else is told again.
    expect(early.frames).toHaveLength(1);
    bridge.vanish(actor);
    await late.until((frames) => frames.at(-1)?.type === 'service.stop');
    await early.until((frames) => frames.at(-1)?.type === 'service.stop');
    const last = attach(bridge.inspectUrl);
    bridge.appear('breaker/line', { ...cells[0]!, value: 'closed', context: {} });
    await last.until((frames) => frames.some(({ type }) => type === 'service.register'));
    expect(last.frames.map(({ sessionId }) => sessionId)).toEqual(['breaker/line']);
  });

  it(`is ${watchedMax} uploads at once, when there are so many`, async () => {
    await start();
    const [record] = randomHistory('upload', new FakeRandom(6), 1);
    const cell = foldRecord(undefined, record!);
    for (let id = 0; id < watchedMax; id++) bridge.appear(`upload/${id}`, cell);
    const viewer = attach(bridge.inspectUrl);
    await viewer.until((frames) => frames.length === watchedMax);
    expect(new Set(viewer.frames.map(({ sessionId }) => sessionId)).size).toBe(watchedMax);
    expect(bridge.counts().tooSlow).toBe(0);
  });

  it('holds no name, path or key of theirs unless that was asked for', async () => {
    await start({ reveal: false, stately: true });
    const [history] = histories().filter(({ name }) => name.startsWith('upload-1'));
    const viewer = attach(bridge.inspectUrl);
    const other = new WebSocket(bridge.statelyUrl ?? '');
    const texts: string[] = [];
    other.on('message', (data) => texts.push(String(data)));
    await once(other, 'open');
    feed(history?.records ?? []);
    await viewer.until((frames) => frames.filter(({ type }) => type === 'service.state').length > 2);
    await expect.poll(() => texts.length).toBeGreaterThan(4);
    const told =
      JSON.stringify(viewer.frames.map((frame) => ('state' in frame ? [frame.state.context] : frame))) +
      texts;
    expect(JSON.stringify(history?.records)).toContain('invoice 17');
    expect(told).not.toContain('invoice');
    expect(told).not.toContain('2025/');
    other.close();
  });
});

describe('what a viewer may not', () => {
  const refused = async (url: string, options: ClientOptions = {}): Promise<number> => {
    const socket = new WebSocket(url, options);
    socket.on('error', () => {});
    const [, response] = await once(socket, 'unexpected-response');
    return response.statusCode;
  };

  it('an injected event changes nothing, is told to nobody, and is counted', async () => {
    await start();
    const [record] = randomHistory('upload', new FakeRandom(3), 5);
    const cell = feed(record ? [record] : [])[0];
    const viewer = attach(bridge.inspectUrl);
    await viewer.until((frames) => frames.length === 1);
    const event = JSON.stringify({
      name: 'cancel',
      data: { type: 'cancel' },
      $$type: 'scxml',
      origin: record?.actor,
    });
    viewer.inject({ type: 'xstate.event', event, service: record?.actor });
    viewer.inject({ type: 'service.stop', sessionId: record?.actor });
    viewer.inject({ type: 'disconnect' });
    await expect.poll(() => bridge.counts().refusedMessages).toBe(3);
    // What comes next is our own, so nothing came between.
    bridge.took(record?.actor ?? '', { ...record!, event: { type: 'prioritise', priority: 1 } }, cell!);
    await viewer.until((frames) => frames.length === 3);
    expect(viewer.frames.map(({ type }) => type)).toEqual([
      'service.register',
      'service.event',
      'service.state',
    ]);
    expect(bridge.counts().watched).toBe(1);
  });

  it('text that is no JSON, bytes, and far too long messages do no harm', async () => {
    await start();
    for (const message of ['{', 'null', '[]', '""', Buffer.from([1, 2, 3]), 'x'.repeat(200_000)]) {
      const socket = new WebSocket(bridge.inspectUrl);
      await once(socket, 'open');
      socket.on('error', () => {});
      socket.send(message);
      socket.close();
      await once(socket, 'close');
    }
    const viewer = attach(bridge.inspectUrl);
    bridge.appear('breaker/line', { n: 1, value: 'closed', context: {}, fx: {}, tm: {} });
    await viewer.until((frames) => frames.length > 0);
  });

  it('attaches without the token of this run', async () => {
    await start({ stately: true });
    const { port, token } = bridge;
    const at = (path: string) => `ws://127.0.0.1:${port}${path}`;
    expect(await refused(at('/'))).toBe(401);
    expect(await refused(at('/inspect'))).toBe(401);
    expect(await refused(at(`/inspect/${token.slice(0, -1)}`))).toBe(401);
    expect(await refused(at(`/stately/${token}x`))).toBe(401);
    expect(await refused(at(`/other/${token}`))).toBe(404);
    expect(await refused(at(`/inspect/${token}/more`))).toBe(404);
    expect(bridge.counts()).toMatchObject({ refusedViewers: 6, attached: 0 });
  });

  it('attaches from a page whose origin was not named, nor by another name of this machine', async () => {
    await start({ origins: ['https://viewer.example'] });
    expect(await refused(bridge.inspectUrl, { origin: 'https://evil.example' })).toBe(403);
    expect(await refused(bridge.inspectUrl, { origin: 'null' })).toBe(403);
    expect(await refused(bridge.inspectUrl, { headers: { host: 'rebound.example' } })).toBe(403);
    const welcome = new WebSocket(bridge.inspectUrl, { origin: 'https://viewer.example' });
    await once(welcome, 'open');
    welcome.close();
  });

  it('finds the second protocol when nobody asked for it', async () => {
    await start();
    expect(bridge.statelyUrl).toBe(null);
    expect(await refused(`ws://127.0.0.1:${bridge.port}/stately/${bridge.token}`)).toBe(404);
  });

  it('gets anything by plain HTTP', async () => {
    await start();
    const response = await fetch(`http://127.0.0.1:${bridge.port}/inspect/${bridge.token}`);
    expect(response.status).toBe(426);
  });

  it(`comes as more than ${viewersMax} at a time`, async () => {
    await start();
    const sockets: WebSocket[] = [];
    for (let count = 0; count < viewersMax; count++) {
      const socket = new WebSocket(bridge.inspectUrl);
      await once(socket, 'open');
      sockets.push(socket);
    }
    expect(await refused(bridge.inspectUrl)).toBe(503);
    sockets[0]?.close();
    await expect.poll(() => refusedOrOpen(bridge.inspectUrl)).toBe('open');
    for (const socket of sockets) socket.close();
  });

  const refusedOrOpen = async (url: string): Promise<string> => {
    const socket = new WebSocket(url);
    socket.on('error', () => {});
    const how = await Promise.race([
      once(socket, 'open').then(() => 'open'),
      once(socket, 'unexpected-response').then(() => 'refused'),
    ]);
    socket.terminate();
    return how;
  };

  it('stays after a hundred messages that were refused', async () => {
    await start();
    const socket = new WebSocket(bridge.inspectUrl);
    await once(socket, 'open');
    for (let count = 0; count < refusedPerViewerMax; count++) socket.send('{"type":"xstate.event"}');
    const [code] = await once(socket, 'close');
    expect(code).toBe(1008);
  });

  it('stays when it does not read: the bridge lets it go and nobody else notices', async () => {
    await start();
    const records = randomHistory('upload', new FakeRandom(4), 40);
    const cells = feed(records);
    const event = { type: 'prioritise', priority: 1, long: 'x'.repeat(100_000) };
    const [record, cell] = [{ ...records.at(-1)!, event }, cells.at(-1)!];
    const deaf = new WebSocket(bridge.inspectUrl);
    await once(deaf, 'open');
    deaf.send('{"type":"xstate.inspecting"}');
    await once(deaf, 'message');
    deaf.pause();
    const viewer = attach(bridge.inspectUrl);
    await viewer.until((frames) => frames.length === 1);
    for (let round = 0; bridge.counts().tooSlow === 0 && round < 1_000; round++) {
      for (let count = 0; count < 5; count++) bridge.took(record.actor, record, cell);
      await viewer.until((frames) => frames.length === 1 + (round + 1) * 10);
    }
    expect(bridge.counts()).toMatchObject({ tooSlow: 1, viewers: 1 });
    deaf.terminate();
  });

  it('lets unread frames pile up beyond the limit', () => {
    const counts = { tooSlow: 0 };
    const done: string[] = [];
    const socket = {
      bufferedAmount: viewerBufferMaxBytes - 10,
      send: () => done.push('sent'),
      close: (code: number) => done.push(`closed ${code}`),
      terminate: () => done.push('terminated'),
    };
    sendBounded(socket as never, '0123456789', counts);
    sendBounded(socket as never, '0123456789+', counts);
    expect(done).toEqual(['sent', 'closed 1013', 'terminated']);
    expect(counts.tooSlow).toBe(1);
  });
});

describe('the frames of @statelyai/inspect', () => {
  it('introduce each actor, then tell event and snapshot of every record', async () => {
    await start({ stately: true });
    const records = randomHistory('connection', new FakeRandom(5), 40);
    const [first] = records;
    const born = foldRecord(undefined, first!);
    bridge.appear(first!.actor, born);
    const socket = new WebSocket(bridge.statelyUrl ?? '');
    const frames: { type: string; snapshot?: { value: string; context: object }; definition?: string }[] = [];
    socket.on('message', (data) => frames.push(JSON.parse(String(data))));
    await once(socket, 'open');
    await expect.poll(() => frames.length).toBe(1);
    const cells = [born];
    for (const record of records.slice(1)) {
      const cell = foldRecord(cells.at(-1), record);
      bridge.took(record.actor, record, cell);
      cells.push(cell);
    }
    await expect.poll(() => frames.length).toBe(1 + 2 * (cells.length - 1));
    const snapshots = frames.filter(({ type }) => type !== '@xstate.event').map(({ snapshot }) => snapshot);
    expect(snapshots.map((snapshot) => snapshot?.value)).toEqual(cells.map(({ value }) => value));
    expect(snapshots.map((snapshot) => snapshot?.context)).toEqual(cells.map(({ context }) => context));
    expect(frames[0]).toMatchObject({ type: '@xstate.actor', sessionId: first!.actor, _version: '0.7.2' });
    const { createMachine } = await import('xstate');
    const machine = createMachine(JSON.parse(frames[0]?.definition ?? '{}'));
    expect(Object.keys(machine.states)).toEqual(
      descriptions.find(({ kind }) => kind === 'connection')?.states.map(({ id }) => id),
    );
    socket.send('{"type":"cancel"}');
    await expect.poll(() => bridge.counts().refusedMessages).toBe(1);
    bridge.vanish(first!.actor);
    await expect.poll(() => frames.at(-1)?.snapshot).toMatchObject({ status: 'stopped' });
    socket.close();
  });
});

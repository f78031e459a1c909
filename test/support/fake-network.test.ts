// The fake link keeps what TCP keeps and breaks what TCP may break.
import { describe, expect, it } from 'vitest';
import type { LaneRequest, LaneSocket } from '../../cloud/contract/socket.ts';
import { FakeLife } from './fake-life.ts';
import { FakeNetwork } from './fake-network.ts';
import { FakeRandom } from './fake-random.ts';
import { FakeTimeline } from './fake-timeline.ts';

const request: LaneRequest = {
  url: 'ws://cloud.example/v1/line/1',
  subprotocol: 'tender.1',
  headers: {},
  connectTimeoutMs: 10_000,
};

function world(seed = 1) {
  const timeline = new FakeTimeline();
  const network = new FakeNetwork(timeline, new FakeRandom(seed), {
    latencyMs: 300,
    bytesPerSecond: 250_000,
    jitter: 0.2,
  });
  const shoreLife = new FakeLife('cloud');
  const ashore: { lane: number; byte: number; at: number }[] = [];
  const endings: string[] = [];
  const shoreSockets: LaneSocket[] = [];
  let lanes = 0;
  network.listen({
    life: shoreLife,
    upgrade: async () => ({
      accept: (socket) => {
        const lane = ++lanes;
        shoreSockets.push(socket);
        return {
          message: (bytes) => ashore.push({ lane, byte: bytes[0] ?? -1, at: timeline.now }),
          closed: ({ code, clean }) => endings.push(`shore ${lane} ${code} ${clean}`),
        };
      },
    }),
  });
  const yachtLife = new FakeLife('agent');
  const aboard: number[] = [];
  const dialer = network.dialer(yachtLife);
  const dial = async (): Promise<LaneSocket | string> => {
    let answer: Awaited<ReturnType<typeof dialer.dial>> | undefined;
    void dialer
      .dial(request, {
        message: (bytes) => aboard.push(bytes[0] ?? -1),
        closed: ({ code, clean }) => endings.push(`yacht ${code} ${clean}`),
      })
      .then((value) => {
        answer = value;
      });
    await timeline.run(timeline.now + 20_000, () => answer !== undefined);
    if (!answer) throw new Error('the dial never ended');
    return 'socket' in answer ? answer.socket : answer.failure.class;
  };
  const open = async (): Promise<LaneSocket> => {
    const socket = await dial();
    if (typeof socket === 'string') throw new Error(`no socket: ${socket}`);
    return socket;
  };
  const runFor = (ms: number) => timeline.run(timeline.now + ms);
  return {
    timeline,
    network,
    shoreLife,
    yachtLife,
    ashore,
    aboard,
    endings,
    shoreSockets,
    dial,
    open,
    runFor,
  };
}

const frame = (byte: number, length = 1000) => new Uint8Array(length).fill(byte);

describe('the fake link', () => {
  it('costs three round trips to open a lane, then half of one per message, in order', async () => {
    const w = world();
    const socket = await w.open();
    expect(w.timeline.now).toBeCloseTo(5.5 * 300, 0);
    const sentAt = w.timeline.now;
    for (let i = 0; i < 20; i++) socket.send(frame(i));
    await w.runFor(2000);
    expect(w.ashore.map(({ byte }) => byte)).toEqual([...Array(20).keys()]);
    expect(w.ashore[0]!.at - sentAt).toBeGreaterThanOrEqual(300);
  });

  it('carries no more than its rate: 250 KB take a second', async () => {
    const w = world();
    const socket = await w.open();
    const sentAt = w.timeline.now;
    for (let i = 0; i < 10; i++) socket.send(frame(i, 25_000 - 100));
    await w.runFor(5000);
    expect(w.ashore[9]!.at - sentAt).toBeGreaterThanOrEqual(1300);
    expect(w.ashore[9]!.at - sentAt).toBeLessThan(1400);
  });

  it('counts what it has not sent beyond a kernel buffer as buffered', async () => {
    const w = world();
    const socket = await w.open();
    socket.send(frame(1, 200_000));
    expect(socket.bufferedBytes()).toBe(0);
    socket.send(frame(2, 200_000));
    expect(socket.bufferedBytes()).toBeGreaterThan(100_000);
    await w.runFor(5000);
    expect(socket.bufferedBytes()).toBe(0);
  });

  it('a sender may reuse its buffer at once: what arrives is what was sent', async () => {
    const w = world();
    const socket = await w.open();
    const buffer = frame(7);
    socket.send(buffer);
    buffer.fill(9);
    await w.runFor(2000);
    expect(w.ashore[0]!.byte).toBe(7);
  });

  it('a cut loses a tail, never a middle, and both ends learn of it', async () => {
    for (let seed = 0; seed < 30; seed++) {
      const w = world(seed);
      const socket = await w.open();
      for (let i = 0; i < 20; i++) socket.send(frame(i, 10_000));
      await w.runFor(600);
      w.network.cut();
      await w.runFor(300_000);
      const seen = w.ashore.map(({ byte }) => byte);
      expect(seen).toEqual([...Array(seen.length).keys()]);
      expect(w.endings.sort()).toEqual(['shore 1 1006 false', 'yacht 1006 false']);
    }
  });

  it('late messages of a cut lane reach the shore after its successor in some seeds', async () => {
    let late = 0;
    for (let seed = 0; seed < 60; seed++) {
      const w = world(seed);
      const first = await w.open();
      for (let i = 0; i < 20; i++) first.send(frame(1, 10_000));
      w.network.cut();
      const second = await w.open();
      second.send(frame(2));
      await w.runFor(60_000);
      const successor = w.ashore.findIndex(({ lane }) => lane === 2);
      if (w.ashore.slice(successor + 1).some(({ lane }) => lane === 1)) late++;
    }
    expect(late).toBeGreaterThan(3);
  });

  it('silence holds everything and gives it out in order when it ends; a dial in it times out', async () => {
    const w = world();
    const socket = await w.open();
    w.network.state = 'silent';
    socket.send(frame(1));
    expect(await w.dial()).toBe('LINK');
    expect(w.ashore).toEqual([]);
    socket.send(frame(2));
    w.network.state = 'clear';
    await w.runFor(2000);
    expect(w.ashore.map(({ byte }) => byte)).toEqual([1, 2]);
  });

  it('a portal answers dials itself', async () => {
    const w = world();
    w.network.state = 'portal';
    expect(await w.dial()).toBe('CAPTIVE');
    w.network.state = 'down';
    expect(await w.dial()).toBe('LINK');
  });

  it('an orderly close is heard by both ends as clean', async () => {
    const w = world();
    const socket = await w.open();
    socket.close(1000, 'done');
    await w.runFor(5000);
    expect(w.endings).toEqual(['shore 1 1000 true', 'yacht 1000 true']);
  });

  it('a paused end gets nothing until it resumes, then everything in order', async () => {
    const w = world();
    const socket = await w.open();
    w.shoreSockets[0]!.pause();
    for (let i = 0; i < 3; i++) socket.send(frame(i));
    await w.runFor(3000);
    expect(w.ashore).toEqual([]);
    w.shoreSockets[0]!.resume();
    await w.runFor(1);
    expect(w.ashore.map(({ byte }) => byte)).toEqual([0, 1, 2]);
  });

  it('a killed process resets its peer soon; one whose power went is not heard of for a while', async () => {
    const killed = world();
    await killed.open();
    killed.yachtLife.end('kill');
    await killed.runFor(1000);
    expect(killed.endings).toEqual(['shore 1 1006 false']);
    const dark = world();
    await dark.open();
    dark.yachtLife.end('power');
    await dark.runFor(900);
    expect(dark.endings).toEqual([]);
    await dark.runFor(120_000);
    expect(dark.endings).toEqual(['shore 1 1006 false']);
  });

  it('a replaying proxy plays the yacht’s messages to the shore once more, on a lane of their own', async () => {
    const w = world();
    const socket = await w.open();
    for (let i = 0; i < 3; i++) socket.send(frame(i));
    await w.runFor(2000);
    expect(w.network.replay()).toBe(true);
    await w.runFor(20_000);
    expect(w.ashore.filter(({ lane }) => lane === 2).map(({ byte }) => byte)).toEqual([0, 1, 2]);
    expect(w.aboard).toEqual([]);
  });
});

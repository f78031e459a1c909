import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createEventParser,
  openStream,
  type Stream,
  type StreamState,
} from '../../../inspector/browser/stream.ts';
import { until } from '../../end-to-end/support/until.ts';
import { createHeldClock } from '../queue/held-clock.ts';

const soon = (look: () => boolean) => until(String(look), look, 5_000);

/** A daemon that streams, in the test's hand. */
async function listenHere() {
  const open: { readonly url: string; readonly answer: ServerResponse }[] = [];
  const asked: string[] = [];
  let status = 200;
  const server: Server = createServer((request, answer) => {
    asked.push(request.url ?? '');
    if (status !== 200) return answer.writeHead(status).end();
    answer.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n');
    const one = { url: request.url ?? '', answer };
    open.push(one);
    answer.on('close', () => open.splice(open.indexOf(one), 1));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    ...{ open, asked, base: `http://127.0.0.1:${port}/` },
    refuse: (with_: number) => {
      status = with_;
    },
    /** Cuts every connection, as a daemon that is killed. */
    cut: () => server.closeAllConnections(),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function visiblePage() {
  const listeners = new Set<() => void>();
  const page = {
    hidden: false,
    addEventListener: (_: 'visibilitychange', listener: () => void) => void listeners.add(listener),
    removeEventListener: (_: 'visibilitychange', listener: () => void) => void listeners.delete(listener),
    show(visible: boolean) {
      page.hidden = !visible;
      for (const listener of listeners) listener();
    },
  };
  return page;
}

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function start(after?: number) {
  const daemon = await listenHere();
  const clock = createHeldClock();
  const page = visiblePage();
  const events: string[] = [];
  const states: StreamState[] = [];
  const stream: Stream = openStream(
    { base: daemon.base, clock, page },
    {
      path: 'v1/feed',
      ...(after === undefined ? {} : { after }),
      onEvent: (name, data, id) => events.push(`${name} ${JSON.stringify(data)} ${id ?? '-'}`),
      onState: (state) => states.push(state),
    },
  );
  ends.push(stream.close, daemon.close);
  const is = () => states.at(-1)?.is;
  return { daemon, clock, page, events, states, stream, is };
}

describe('the stream', () => {
  it('comes back behind the last event it was told, after the daemon was killed', async () => {
    const { daemon, clock, events, is } = await start(7);
    await soon(() => is() === 'live');
    daemon.open[0]!.answer.write(
      'id: 8\nevent: uploads\ndata: ["a"]\n\nid: 9\nevent: uploads\ndata: ["b"]\n\n',
    );
    await soon(() => events.length === 2);
    daemon.cut();
    await soon(() => is() === 'trying');
    clock.advance(500);
    await soon(() => is() === 'live');
    expect(daemon.asked).toEqual(['/v1/feed?after=7', '/v1/feed?after=9']);
    expect(events).toEqual(['uploads ["a"] 8', 'uploads ["b"] 9']);
  });

  it('takes in no half of an event that was cut, and asks for it again', async () => {
    const { daemon, clock, events, is } = await start();
    await soon(() => is() === 'live');
    daemon.open[0]!.answer.write('id: 1\nevent: a\ndata: 1\n\nid: 2\nevent: b\ndata: {"half":');
    await soon(() => events.length === 1);
    daemon.cut();
    await soon(() => is() === 'trying');
    clock.advance(500);
    await soon(() => is() === 'live');
    expect(daemon.asked.at(-1)).toBe('/v1/feed?after=1');
    expect(events).toEqual(['a 1 1']);
  });

  it('tries more and more slowly while nobody answers, but at once when it is told to', async () => {
    const { daemon, clock, stream, states, is } = await start();
    await soon(() => is() === 'live');
    daemon.refuse(503);
    daemon.cut();
    await soon(() => is() === 'trying');
    for (const waitMs of [500, 1_000, 2_000, 4_000, 8_000, 8_000]) {
      const before = daemon.asked.length;
      const told = states.length;
      clock.advance(waitMs - 1);
      expect(daemon.asked).toHaveLength(before);
      clock.advance(1);
      await soon(() => daemon.asked.length === before + 1);
      await soon(() => states.length > told);
    }
    daemon.refuse(200);
    stream.retry();
    await soon(() => is() === 'live');
  });

  it('rests while the page is hidden and goes on behind its cursor when it is shown', async () => {
    const { daemon, page, events, is } = await start();
    await soon(() => is() === 'live');
    daemon.open[0]!.answer.write('id: 5\nevent: a\ndata: 1\n\n');
    await soon(() => events.length === 1);
    page.show(false);
    expect(is()).toBe('resting');
    await soon(() => daemon.open.length === 0);
    page.show(true);
    await soon(() => is() === 'live');
    expect(daemon.asked.at(-1)).toBe('/v1/feed?after=5');
  });

  it('takes a line that gives no sign of life for dead', async () => {
    const { daemon, clock, is } = await start();
    await soon(() => is() === 'live');
    clock.advance(34_000);
    expect(is()).toBe('live');
    clock.advance(1_000);
    await soon(() => is() === 'trying');
    expect(daemon.asked).toHaveLength(1);
  });

  it('does not hammer a daemon that refuses it', async () => {
    const { daemon, clock, states, is } = await start();
    await soon(() => is() === 'live');
    daemon.refuse(401);
    daemon.cut();
    await soon(() => is() === 'trying');
    clock.advance(500);
    await soon(() => is() === 'refused');
    expect(states.at(-1)).toEqual({ is: 'refused', status: 401 });
    clock.advance(600_000);
    expect(daemon.asked).toHaveLength(2);
  });
});

describe('events', () => {
  it('are the same however the bytes are cut', () => {
    const text = ': c\n\nid: 3\r\nevent: a\r\ndata: one\r\ndata: two\r\n\r\ndata:three\n\nevent: empty\n\n';
    const whole: string[] = [];
    createEventParser((...event) => whole.push(event.join('|')))(text);
    expect(whole).toEqual(['a|one\ntwo|3', 'message|three|']);
    for (let cut = 1; cut < text.length; cut++) {
      const pieces: string[] = [];
      const parse = createEventParser((...event) => pieces.push(event.join('|')));
      parse(text.slice(0, cut));
      parse(text.slice(cut));
      expect(pieces).toEqual(whole);
    }
  });
});

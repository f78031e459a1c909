// A bad satellite link in user space, for machines where nobody may make network namespaces: a TCP relay on loopback
// with a rate, a round trip and outages. It counts the bytes of the TCP streams (IP and TCP headers would add about 4 %).
// During an outage nothing passes and nobody is told, as at sea: connections that lost bytes never carry another one.
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Direction } from './direction.ts';
import type { LinkProfile } from './profiles.ts';

const connectionsMax = 256;

interface Pair {
  readonly yacht: Socket;
  readonly shore: Socket;
  dead: boolean;
}

export interface Link {
  readonly port: number;
  /** Goes dark now, and comes back after `lengthMs`. */
  cut(lengthMs: number): void;
  readonly up: boolean;
  counters(): {
    readonly upBytes: number;
    readonly downBytes: number;
    readonly lostBytes: number;
    readonly cuts: number;
    readonly darkMs: number;
  };
  close(): Promise<void>;
}

/** Listens on a free loopback port and relays to `targetPort`. `chance` draws the profile's own outages. */
export async function openLink(
  profile: LinkProfile,
  targetPort: number,
  chance: () => number,
  onChange: (up: boolean) => void,
): Promise<Link> {
  const upward = new Direction(profile.upBitsPerSecond, profile.roundTripMs / 2);
  const downward = new Direction(profile.downBitsPerSecond, profile.roundTripMs / 2);
  const pairs = new Set<Pair>();
  let cuts = 0;
  let darkMs = 0;
  let darkSince: number | undefined;
  let restore: NodeJS.Timeout | undefined;
  let nextOutage: NodeJS.Timeout | undefined;

  const server: Server = createServer({ allowHalfOpen: true }, (yacht) => {
    if (pairs.size >= connectionsMax) {
      yacht.destroy();
      return;
    }
    const shore = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true });
    const pair: Pair = { yacht, shore, dead: false };
    pairs.add(pair);
    relay(pair, yacht, shore, upward);
    relay(pair, shore, yacht, downward);
  });

  function relay(pair: Pair, from: Socket, to: Socket, way: Direction): void {
    const lost = (): void => {
      pair.dead = true;
    };
    from.on('data', (bytes) => {
      way.carry(bytes, (piece) => !pair.dead && !to.destroyed && to.write(piece), lost);
      if (way.waitMs > 0) {
        from.pause();
        setTimeout(() => from.resume(), way.waitMs);
      }
    });
    from.on('end', () => way.follow(() => !pair.dead && to.end()));
    // What an ended connection has to say travels too; in the dark the far end never hears of it.
    from.on('close', () => {
      if (to.destroyed) pairs.delete(pair);
      way.follow(() => to.destroy());
    });
    from.on('error', () => undefined);
  }

  function setUp(up: boolean): void {
    upward.dark = !up;
    downward.dark = !up;
    if (!up && darkSince === undefined) {
      darkSince = performance.now();
      cuts += 1;
    }
    if (up && darkSince !== undefined) {
      darkMs += performance.now() - darkSince;
      darkSince = undefined;
    }
    onChange(up);
  }

  function cut(lengthMs: number): void {
    clearTimeout(restore);
    if (darkSince === undefined) setUp(false);
    restore = setTimeout(() => setUp(true), lengthMs);
  }

  function scheduleOutage(): void {
    const outages = profile.outages;
    if (!outages) return;
    const draw = (mean: number): number => -mean * Math.log(1 - chance());
    nextOutage = setTimeout(() => {
      const length = draw(outages.downMeanMs);
      cut(length);
      nextOutage = setTimeout(scheduleOutage, length);
    }, draw(outages.upMeanMs));
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  scheduleOutage();
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    cut,
    get up() {
      return darkSince === undefined;
    },
    counters: () => ({
      upBytes: upward.carriedBytes,
      downBytes: downward.carriedBytes,
      lostBytes: upward.lostBytes + downward.lostBytes,
      cuts,
      darkMs: darkMs + (darkSince === undefined ? 0 : performance.now() - darkSince),
    }),
    close: () => {
      clearTimeout(restore);
      clearTimeout(nextOutage);
      upward.stop();
      downward.stop();
      for (const pair of pairs) {
        pair.yacht.destroy();
        pair.shore.destroy();
      }
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

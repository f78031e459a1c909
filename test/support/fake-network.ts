// The link between one yacht and the shore, as lanes of WebSocket messages. Within a lane order is kept and a message
// arrives whole or not at all, as TCP under WebSocket gives it. Between lanes nothing is promised: what a dead
// connection still had on its way may reach the shore long after its successor is open, and a broken proxy may play a
// whole connection to the shore a second time. Weather (cut, silence, portal) is set from outside.
import type { Failure } from '../../cloud/contract/failure.ts';
import type { LaneDialer, LaneRequest, LaneSocket, LaneSocketEvents } from '../../cloud/contract/socket.ts';
import { FakeConnection } from './fake-connection.ts';
import { type FakeLife, never } from './fake-life.ts';
import type { FakeRandom } from './fake-random.ts';
import type { FakeTimeline } from './fake-timeline.ts';

/** The shore's answer to an upgrade request: take the socket, or say why not. */
export type Upgrade =
  | { readonly accept: (socket: LaneSocket) => LaneSocketEvents }
  | { readonly refuse: HttpAnswer };

/** An HTTP answer instead of an upgrade; header names in lower case. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** A shore process that listens; replaced at each of its boots. */
export interface FakeListener {
  readonly life: FakeLife;
  upgrade(request: LaneRequest): Promise<Upgrade>;
}

/** clear: all passes. down: no route, and everybody knows. silent: a black hole. portal: something else answers. */
export type LinkState = 'clear' | 'down' | 'silent' | 'portal';

export interface LinkQuality {
  /** One way. */
  latencyMs: number;
  /** Per direction, shared by all lanes. */
  bytesPerSecond: number;
  /** Fraction of the latency that varies from message to message. */
  jitter: number;
}

const recordedConnections = 4;
/** Messages closer to each other than this may share a read. */
const togetherMaxMs = 3;

export class FakeNetwork {
  readonly timeline: FakeTimeline;
  readonly random: FakeRandom;
  readonly quality: LinkQuality;
  #state: LinkState = 'clear';
  #listener: FakeListener | undefined;
  readonly #connections = new Set<FakeConnection>();
  readonly #records: FakeConnection[] = [];
  #count = 0;
  /** When each direction has finished sending what it was given: [up, down]. */
  readonly busyUntil: [number, number] = [0, 0];
  /** Bytes handed to the wire: [up, down]. */
  readonly bytes: [number, number] = [0, 0];
  /** Told of each message as it arrives, before the receiver sees it: the trace, and wire checks. */
  onDelivery: (direction: 'up' | 'down', bytes: Uint8Array, connection: number) => void = () => {};
  /** Told of each message as its sender hands it over. */
  onSend: (direction: 'up' | 'down', bytes: Uint8Array, connection: number) => void = () => {};

  constructor(timeline: FakeTimeline, random: FakeRandom, quality: LinkQuality) {
    this.timeline = timeline;
    this.random = random;
    this.quality = quality;
  }

  get state(): LinkState {
    return this.#state;
  }

  set state(state: LinkState) {
    this.#state = state;
    if (state === 'clear') for (const connection of this.#connections) connection.pump();
    if (state === 'down') this.cut();
  }

  /** The shore starts to listen. */
  listen(listener: FakeListener): void {
    this.#listener = listener;
    listener.life.onEnd(() => {
      if (this.#listener === listener) this.#listener = undefined;
    });
  }

  /** Breaks every connection where it is, in mid-frame. */
  cut(): void {
    for (const connection of [...this.#connections]) connection.cut();
  }

  /** Breaks one of the connections; the others know nothing of it. */
  cutOne(): void {
    this.#any()?.cut();
  }

  /** One of the connections is silent for so long, as TCP is while it waits for a lost segment; the others go on. */
  silenceOne(forMs: number): void {
    const connection = this.#any();
    if (!connection) return;
    connection.isSilent = true;
    this.timeline.after(forMs, () => {
      connection.isSilent = false;
      connection.pump();
    });
  }

  #any(): FakeConnection | undefined {
    return this.#connections.size > 0 ? this.random.pick([...this.#connections]) : undefined;
  }

  /** Whether two messages so far apart (ms) reach their receiver in one read. */
  together(apartMs: number): boolean {
    return apartMs <= togetherMaxMs && this.random.chance(0.5);
  }

  /** Connections are numbered from 1 in each network. */
  nextConnection(): number {
    return ++this.#count;
  }

  /** Plays an earlier connection to the shore once more, as a proxy that retries does. False: nothing to play. */
  replay(): boolean {
    const record = this.#records.length > 0 ? this.random.pick(this.#records) : undefined;
    if (!record || !this.#listener || this.#state !== 'clear') return false;
    void this.#replay(record, this.#listener);
    return true;
  }

  /** The agent's door, for the process of `life`. */
  dialer(life: FakeLife): LaneDialer {
    return {
      dial: (request, events) => {
        if (!life.boundary()) return never();
        return life.hold(this.#dial(life, request, events));
      },
    };
  }

  async #dial(
    life: FakeLife,
    request: LaneRequest,
    events: LaneSocketEvents,
  ): ReturnType<LaneDialer['dial']> {
    const giveUpMs = this.timeline.now + request.connectTimeoutMs;
    // Name, TCP and TLS before the request is there: two round trips; then half of one.
    if (!(await this.#travel(4.5, giveUpMs))) return { failure: this.#unreachable() };
    const listener = this.#listener;
    if (!listener) return { failure: linkFailure('TENDER_LINK_REFUSED', 'nothing listens ashore') };
    const answer = await this.#answer(listener, request, giveUpMs);
    if (!answer) return { failure: linkFailure('TENDER_LINK_TIMEOUT', 'no answer to the upgrade in time') };
    if ('refuse' in answer) {
      return (await this.#travel(1, giveUpMs))
        ? { failure: failureOf(answer.refuse.status), answer: answer.refuse }
        : { failure: this.#unreachable() };
    }
    const connection = new FakeConnection(this, request, life, listener.life, () => {
      this.#connections.delete(connection);
    });
    this.#connections.add(connection);
    this.#records.push(connection);
    if (this.#records.length > recordedConnections) this.#records.shift();
    connection.attachShore(answer.accept(connection.shore));
    // From here on the shore has a session, whether or not the yacht ever hears of it.
    if (!(await this.#travel(1, giveUpMs)) || !life.alive || connection.ended || request.signal?.aborted) {
      connection.cut();
      return { failure: this.#unreachable() };
    }
    connection.attachYacht(events);
    return { socket: connection.yacht };
  }

  /** Half round trips under way; false when the link did not carry them. */
  async #travel(legs: number, giveUpMs: number): Promise<boolean> {
    const arriveMs = this.timeline.now + legs * this.quality.latencyMs;
    if (this.#state === 'down' || this.#state === 'portal') {
      await this.timeline.sleep(Math.min(50, giveUpMs - this.timeline.now));
      return false;
    }
    if (this.#state === 'silent' || arriveMs > giveUpMs) {
      await this.timeline.sleep(giveUpMs - this.timeline.now);
      return false;
    }
    await this.timeline.sleep(arriveMs - this.timeline.now);
    if (this.#state === 'clear') return true;
    if (this.#state === 'silent') await this.timeline.sleep(giveUpMs - this.timeline.now);
    return false;
  }

  #answer(listener: FakeListener, request: LaneRequest, giveUpMs: number): Promise<Upgrade | undefined> {
    return new Promise((resolve, reject) => {
      const cancel = this.timeline.after(giveUpMs - this.timeline.now, () => resolve(undefined));
      listener.upgrade(request).then((answer) => {
        cancel();
        resolve(answer);
      }, reject);
    });
  }

  #unreachable(): Failure {
    if (this.#state === 'portal')
      return {
        class: 'CAPTIVE',
        code: 'TENDER_LINK_CAPTIVE',
        message: 'a login page answered in place of the cloud',
      };
    return linkFailure('TENDER_LINK_UNREACHABLE', 'the cloud cannot be reached');
  }

  async #replay(record: FakeConnection, listener: FakeListener): Promise<void> {
    const answer = await listener.upgrade(record.request);
    if ('refuse' in answer || !listener.life.alive) return;
    const ghost = new FakeConnection(this, record.request, undefined, listener.life, () => {});
    ghost.attachShore(answer.accept(ghost.shore));
    for (const bytes of record.sentByYacht) {
      await this.timeline.sleep(this.random.spread(1, 50));
      ghost.deliverToShore(bytes);
    }
    await this.timeline.sleep(this.random.spread(10, 5000));
    ghost.cut();
  }
}

/** What a status says by itself, before anybody has looked for the cloud's signature. */
function failureOf(status: number): Failure {
  const said = { code: 'TENDER_UPGRADE_REFUSED', message: `the upgrade was answered with ${status}` };
  if (status === 429 || status === 503) return { class: 'BUSY', ...said };
  return { class: status >= 500 ? 'SERVER' : status >= 400 ? 'AUTH' : 'CAPTIVE', ...said };
}

function linkFailure(code: string, message: string): Failure {
  return { class: 'LINK', code, message };
}

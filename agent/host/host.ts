// The host: one loop that turns events into facts and facts into effects. Order of every turn: check and step (pure) →
// append with one fsync for all → publish → answer the callers → start effects. No effect starts before the record that
// caused it is durable. Built by main.ts on LevelDB and the real clock, by the simulator on its own.
import type { Json } from '../../machines/json.ts';
import type { Cell, MachineEvent } from '../../machines/kernel.ts';
import { permitOf, registry } from '../../machines/registry.ts';
import { TenderError } from '../errors.ts';
import type { Change, Clock, KeyRange, Random, Storage } from '../ports.ts';
import { audit } from './audit.ts';
import { type Cells, createCells } from './cells.ts';
import type { Accepted, Host, HostStatus, Rec, RecoveryReport, Refused, SendOptions } from './contract.ts';
import { createEffects, type Effects } from './effects.ts';
import { laneOf, queued } from './index-rows.ts';
import { isSideKey, keys, prefixes } from './keys.ts';
import { defaultLimits, type HostLimits } from './limits.ts';
import { createLoop, type Loop, notKept } from './loop.ts';
import { createPermits, type Permits } from './permits.ts';
import { quarantineRows } from './quarantine-rows.ts';
import { history, list } from './reads.ts';
import { recover } from './recover.ts';
import { createRetention, type Retention } from './retention.ts';
import { seal, unseal } from './sealed.ts';
import { createStore, type Store } from './store.ts';
import { createTimers, type Timers } from './timers.ts';
import type { Decided, Mail } from './turn.ts';
import type { Standing } from './verify.ts';
import { createWatermark, type Watermark } from './watermark.ts';

export interface HostPorts {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: Random;
  /** One line for people; never a stack. */
  readonly log: (line: string) => void;
}

export interface HostOptions {
  readonly limits?: Partial<HostLimits>;
}

/** What exists from open() on. */
interface Opened {
  readonly logId: string;
  readonly boot: number;
  readonly bootAt: number;
  readonly openedMs: number;
  readonly store: Store;
  readonly cells: Cells;
  readonly loop: Loop;
  readonly timers: Timers;
  readonly effects: Effects;
  readonly watermark: Watermark;
  readonly retention: Retention;
}

export function createHost(ports: HostPorts, options: HostOptions = {}): Host {
  const { clock, log } = ports;
  const limits: HostLimits = { ...defaultLimits, ...options.limits };
  const handlers: (readonly [string, Parameters<Host['register']>[1]])[] = [];
  const listeners = new Set<(rec: Rec) => void>();
  const fatal = new Set<(error: Error) => void>();
  const progress = new Map<string, Json>();
  let opened: Opened | undefined;
  let closing = false;
  let dead: Error | undefined;

  let refusedEvents = 0;

  const permits: Permits = createPermits(() => here().store.kv(), limits, loadCell);

  function here(): Opened {
    if (dead !== undefined) throw dead;
    if (opened === undefined)
      throw new TenderError('TENDER_INTERNAL', 'The host was used before open() or after close().');
    return opened;
  }

  function now(): number {
    const { bootAt, openedMs } = here();
    return bootAt + Math.floor(clock.monotonicMs() - openedMs);
  }

  function published(decided: Decided, recs: readonly Rec[]): void {
    for (const actor of decided.gone) progress.delete(actor);
    if (listeners.size > 0) for (const rec of recs) tell(listeners, rec);
  }

  /** Lets timers, permits and effects follow what has become durable. */
  function follow(decided: Decided): void {
    refusedEvents += decided.refused;
    const { timers, effects, boot, cells } = here();
    for (const { actor, difference } of decided.moves) {
      for (const { id, due } of difference.disarmed) timers.disarm(actor, id, due);
      for (const { id, due, len } of difference.armed) timers.arm(actor, id, due, len, boot);
      for (const effect of difference.closed) effects.closed(effect);
      for (const { from, to } of difference.moved) effects.moved(from, to);
      for (const effect of difference.opened) effects.opened(effect);
      if (actor.startsWith('connection/') || actor.startsWith('breaker/')) {
        if (permits.observe(actor, cells.live(actor)?.cell)) {
          effects.withdraw('line', 'the line is not to be used now');
        }
        effects.kick('line');
      }
    }
    effects.settle();
  }

  function die(error: Error): void {
    if (dead !== undefined) return;
    dead = error;
    log(`the host stops: ${error.message}`);
    opened?.timers.stop();
    opened?.loop.end(error);
    void noteDamage(error).then(() => tell(fatal, error));
  }

  /** Best effort: the next start must not trust what this one has seen broken. */
  async function noteDamage(error: Error): Promise<void> {
    if (!(error instanceof TenderError) || error.code !== 'TENDER_LOG_BROKEN') return;
    try {
      const value = seal(keys.damage, error.message);
      await opened?.loop.rest();
      await opened?.store.kv().batch([{ type: 'put', key: keys.damage, value }], { sync: true });
    } catch (failure) {
      log(`the damage could not be noted: ${(failure as Error).message}`);
    }
  }

  function tell<T>(to: ReadonlySet<(value: T) => void>, value: T): void {
    for (const listener of to) {
      try {
        listener(value);
      } catch (error) {
        log(`a listener of the log threw: ${(error as Error).message}`);
      }
    }
  }

  // ── the doors ─────────────────────────────────────────────────────────────────────────────────────────────────────

  function deliver(
    actor: string,
    job: Mail['job'],
    options: SendOptions = {},
  ): Promise<Accepted | Refused | undefined> {
    return new Promise((resolve, reject) => {
      const src = options.src ?? 'cmd';
      const { store, loop } = here();
      if (closing && src !== 'fx') throw notKept(undefined);
      if (store.writing !== 'open' && src !== 'fx' && src !== 'tm') throw notKept(store.lastError);
      if (loop.waiting >= limits.mailboxMaxEvents) {
        throw new TenderError(
          'TENDER_HOST_BUSY',
          'Too many events wait to be logged. Try again in a moment.',
        );
      }
      const rows = options.rows === undefined ? [] : sealRows(options.rows);
      loop.post({ actor, job, src, soft: options.soft === true, rows, answer: resolve, fail: reject });
    });
  }

  async function loadCell(actor: string): Promise<Cell | undefined> {
    const found = await here().cells.find(actor);
    return found === undefined || found.slot.quarantined !== undefined ? undefined : found.slot.cell;
  }

  async function open(): Promise<RecoveryReport> {
    if (opened !== undefined || closing) throw new TenderError('TENDER_INTERNAL', 'A host opens once.');
    try {
      return await openLog();
    } catch (error) {
      const half = opened as Opened | undefined;
      half?.timers.stop();
      half?.loop.end(error as Error);
      await half?.store.close();
      opened = undefined;
      throw error;
    }
  }

  async function openLog(): Promise<RecoveryReport> {
    const started = clock.monotonicMs();
    const { kv, standing, rebuilt } = await recover(ports);
    const { logId } = standing.identity;
    const boot = standing.boot + 1;
    const bootAt = Math.floor(clock.wallMs());
    const stalled = (error: Error): void => opened?.loop.refuseCallers(notKept(error.message));
    const store = createStore({ ...ports, limits, stalled }, kv, logId, standing.tip);
    const cells = createCells(
      () => store.kv(),
      limits.liveCellsMax,
      (actor) => opened?.loop.flying(actor) === true,
    );
    for (const slot of standing.slots.values()) cells.publish(slot);
    const scan = (range: KeyRange) => store.kv().iterate(range);
    const timers = createTimers({
      clock,
      now,
      bootAt,
      boot,
      behind: bootAt < standing.at,
      horizonMs: limits.timerHorizonMs,
      heldMax: limits.timersHeldMax,
      scan,
      fire: (due) => {
        for (const timer of due) {
          const late = now() - timer.fires;
          if (late > limits.idleCheckpointMs)
            log(`timer ${timer.id} of ${timer.actor} fires ${late} ms late`);
          const quiet = { answer: () => undefined, fail: () => undefined };
          const job = { type: 'timer', timer } as const;
          opened?.loop.post({ actor: timer.actor, job, src: 'tm', soft: false, rows: [], ...quiet });
        }
      },
      failed: die,
    });
    const effects = createEffects({
      logId,
      clock,
      limits,
      log,
      scan,
      load: loadCell,
      result: (actor, event, soft) => send(actor, event, { src: 'fx', soft }),
      progress: (actor, json) => progress.set(actor, json),
      places: (lane) => permits.places(lane),
      choose: (lane, candidates, running) => permits.choose(lane, candidates, running),
    });
    const watermark = createWatermark(standing, limits);
    const retention = createRetention({
      clock,
      limits,
      now,
      kv: () => store.kv(),
      identity: standing.identity,
      watermark,
      commit: (event, rows) => postHost(event, rows, true),
      log,
    });
    const loop = createLoop({
      clock,
      limits,
      store,
      cells,
      watermark,
      boot,
      now,
      hostN: standing.hostN,
      latest: standing.at,
      published,
      follow,
      failed: die,
    });
    const openedMs = clock.monotonicMs();
    opened = { logId, boot, bootAt, openedMs, store, cells, loop, timers, effects, watermark, retention };
    await logBoot(standing);
    await timers.load();
    for (const [type, handler] of handlers) effects.register(type, handler);
    for (const { kind, effects: types } of Object.values(registry)) {
      for (const type of Object.keys(types)) effects.kick(laneOf(kind, type));
    }
    retention.start();
    return {
      logId,
      boot,
      replayed: standing.replayed,
      lastSeq: store.tip.seq,
      clean: standing.clean,
      quarantined: standing.quarantined,
      ...(rebuilt === undefined ? {} : { rebuilt }),
      tookMs: Math.round(clock.monotonicMs() - started),
    };
  }

  /** The first record of every boot; connection and breakers are told that the world may have changed meanwhile. */
  async function logBoot(standing: Standing): Promise<void> {
    const { boot, cells, store } = here();
    const rows: Change[] = [];
    for (const actor of standing.quarantined)
      rows.push(...(await quarantineRows(store.kv(), cells.live(actor)!)));
    const event = { type: 'host.booted', boot, clean: standing.clean, replayed: standing.replayed };
    const told: string[] = [];
    for (const kind of ['connection', 'breaker']) {
      for await (const { actor, cell } of list(store.kv(), cells, { kind, limit: 64 })) {
        permits.observe(actor, cell);
        told.push(actor);
      }
    }
    const logged = postHost(event, rows);
    const booted = { type: 'host.booted', boot };
    await Promise.all([logged, ...told.map((actor) => send(actor, booted, { src: 'sys' }))]);
  }

  const create: Host['create'] = (actor, input, options) =>
    deliver(actor, { type: 'create', input }, options) as Promise<Accepted | Refused>;

  const send: Host['send'] = (actor, event, options) =>
    deliver(actor, { type: 'event', event }, options) as Promise<Accepted | Refused>;

  /** A record of the host itself, with rows. */
  function postHost(event: MachineEvent, rows: readonly Change[] = [], soft = false): Promise<void> {
    return new Promise((resolve, reject) => {
      const job = { type: 'host', event } as const;
      here().loop.post({ actor: '', job, src: 'sys', soft, rows, answer: () => resolve(), fail: reject });
    });
  }

  async function checkpoint(): Promise<void> {
    const { cells, loop } = here();
    if (cells.dirtyCount === 0) return;
    loop.wantHeads();
    await postHost({ type: 'heads.wanted' });
  }

  async function close(): Promise<void> {
    if (opened === undefined || closing) return;
    closing = true;
    const { effects, timers, retention, store, loop } = opened;
    retention.stop();
    timers.stop();
    if (store.writing !== 'open') {
      await store.close();
      die(notKept(store.lastError));
    }
    await effects.stop();
    if (dead === undefined) {
      loop.wantHeads();
      await postHost({ type: 'host.closed' }).catch((error: Error) =>
        log(`the log was not closed: ${error.message}`),
      );
    }
    loop.end(closed());
    await loop.rest();
    await store.close();
    dead ??= closed();
    opened = undefined;
  }

  return {
    open,
    create,
    send,
    checkpoint,
    close,
    read: async (actor) => (await here().cells.find(actor))?.slot.cell,
    list: (filter) => list(here().store.kv(), here().cells, filter),
    history: (range) => history(here().store.kv(), range),
    tail: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    row: async (key) => {
      checkSideKey(key);
      const sealed = await here().store.kv().get(key);
      return sealed === undefined ? undefined : unseal(key, sealed);
    },
    rows: async function* (range) {
      for await (const [key, sealed] of here().store.kv().iterate(range)) {
        if (isSideKey(key)) yield [key, unseal(key, sealed)] as const;
      }
    },
    putRows: async (changes, rowOptions) => {
      if (changes.length === 0) return;
      await deliver('', { type: 'rows' }, { src: 'sys', soft: rowOptions?.soft === true, rows: changes });
    },
    register: (type, handler) => {
      handlers.push([type, handler]);
      opened?.effects.register(type, handler);
    },
    setPermits: (_permit, count) => {
      const before = permits.count;
      permits.set(count);
      if (before > 0 && permits.count === 0) opened?.effects.withdraw('line', 'the line has no room');
      opened?.effects.kick('line');
    },
    progress: (actor, json) => {
      progress.set(actor, json);
    },
    progressOf: (actor) => progress.get(actor),
    hold: async (actor) => {
      const cell = await loadCell(actor);
      const kind = actor.slice(0, actor.indexOf('/'));
      const id = Object.keys(cell?.fx ?? {}).find((each) => permitOf(kind, cell!.fx[each]!.type) === 'line');
      if (cell === undefined || id === undefined) return null;
      const running = here().effects.runningIn('line');
      if (running.some((effect) => effect.actor === actor && effect.id === id)) return null;
      return permits.hold(queued(actor, kind, cell, id), running);
    },
    status: (): HostStatus => {
      const { store, cells, effects, logId, boot } = here();
      return {
        logId,
        boot,
        lastSeq: store.tip.seq,
        writing: store.writing,
        linePermits: permits.count,
        running: effects.running,
        liveCells: cells.size,
        refusedEvents,
        ...(store.lastError === undefined ? {} : { lastWriteError: store.lastError }),
      };
    },
    audit: async () => {
      const { store, cells, retention } = here();
      const release = await retention.hold();
      try {
        const found = await audit(store.kv(), cells);
        if (found.damage !== undefined) die(new TenderError('TENDER_LOG_BROKEN', found.damage));
        return found;
      } finally {
        release();
      }
    },
    onFatal: (listener) => {
      fatal.add(listener);
    },
  };
}

function closed(): TenderError {
  return new TenderError(
    'TENDER_INTERNAL',
    'The host is not open: it was used before open() or after close().',
  );
}

function checkSideKey(key: string): void {
  if (isSideKey(key)) return;
  const start = prefixes.log.length;
  throw new TenderError(
    'TENDER_INTERNAL',
    `"${key.slice(0, 80)}" is no key of a side row: those of the host (${key.slice(0, start)}…) are its own.`,
  );
}

function sealRows(changes: readonly Change[]): Change[] {
  return changes.map((change) => {
    checkSideKey(change.key);
    return change.type === 'del' ? change : { ...change, value: seal(change.key, change.value) };
  });
}

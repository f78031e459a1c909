// A log that is open, and everything that works on it: store, cells, loop, timers, effects, retention, audit. Made once by
// Host.open, in the order of a start: verify and fold, write down the boot, arm timers, issue open effects again.
import type { Json } from '../../machines/json.ts';
import type { Cell, MachineEvent } from '../../machines/kernel.ts';
import { registry } from '../../machines/registry.ts';
import type { Change, Clock, KeyRange, Random, Storage } from '../ports.ts';
import { type Cells, createCells } from './cells.ts';
import type { Accepted, EffectHandler, Rec, RecoveryReport, Refused } from './contract.ts';
import { createEffects, type Effects } from './effects.ts';
import { createFollow } from './follow.ts';
import { laneOf } from './index-rows.ts';
import type { HostLimits } from './limits.ts';
import { createLoop, type Loop, notKept } from './loop.ts';
import type { Permits } from './permits.ts';
import { quarantineRows } from './quarantine-rows.ts';
import { list } from './reads.ts';
import { type Recovered, recover } from './recover.ts';
import { createRetention, type Retention } from './retention.ts';
import { createStore, type Store } from './store.ts';
import { createTimers, type Timer, type Timers } from './timers.ts';
import type { Decided } from './turn.ts';
import type { Standing } from './verify.ts';
import { createVigil, type Vigil } from './vigil.ts';
import { createWatermark } from './watermark.ts';

export interface Opened {
  readonly logId: string;
  readonly boot: number;
  /** Log time. */
  now(): number;
  readonly store: Store;
  readonly cells: Cells;
  readonly loop: Loop;
  readonly timers: Timers;
  readonly effects: Effects;
  readonly retention: Retention;
  readonly vigil: Vigil;
  /** A record of the host itself, with rows. */
  postHost(event: MachineEvent, rows?: readonly Change[], soft?: boolean): Promise<void>;
}

/** What the host around it supplies. */
export interface OpenedParts {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: (line: string) => void;
  readonly limits: HostLimits;
  readonly permits: Permits;
  readonly handlers: readonly (readonly [string, EffectHandler])[];
  readonly load: (actor: string) => Promise<Cell | undefined>;
  readonly send: (
    actor: string,
    event: MachineEvent,
    src: 'fx' | 'sys',
    soft?: boolean,
  ) => Promise<Accepted | Refused>;
  readonly progress: (actor: string, json: Json) => void;
  readonly published: (decided: Decided, recs: readonly Rec[]) => void;
  readonly refused: (count: number) => void;
  /** The log cannot be trusted or written any more. */
  readonly failed: (error: Error) => void;
  readonly damaged: (what: string) => void;
}

/** `made` is told of the parts before anything is sent to them; on an error it is the caller who lets go of them. */
export async function openLog(parts: OpenedParts, made: (opened: Opened) => void): Promise<RecoveryReport> {
  const started = parts.clock.monotonicMs();
  const recovered = await recover(parts);
  const { standing, rebuilt } = recovered;
  const opened = assemble(parts, recovered);
  made(opened);
  await logBoot(parts, opened, standing);
  await opened.timers.load();
  for (const [type, handler] of parts.handlers) opened.effects.register(type, handler);
  for (const { kind, effects } of Object.values(registry)) {
    for (const type of Object.keys(effects)) opened.effects.kick(laneOf(kind, type));
  }
  opened.retention.start();
  opened.vigil.start();
  return {
    logId: opened.logId,
    boot: opened.boot,
    replayed: standing.replayed,
    lastSeq: opened.store.tip.seq,
    clean: standing.clean,
    quarantined: standing.quarantined,
    ...(rebuilt === undefined ? {} : { rebuilt }),
    tookMs: Math.round(parts.clock.monotonicMs() - started),
  };
}

function assemble(parts: OpenedParts, { kv, standing }: Recovered): Opened {
  const { clock, limits, log, permits } = parts;
  const { logId } = standing.identity;
  const boot = standing.boot + 1;
  const bootAt = Math.floor(clock.wallMs());
  const openedMs = clock.monotonicMs();
  const now = (): number => bootAt + Math.floor(clock.monotonicMs() - openedMs);
  const stalled = (error: Error): void => loop.refuseCallers(notKept(error.message));
  const store = createStore({ ...parts, stalled }, kv, logId, standing.tip);
  const scan = (range: KeyRange) => store.kv().iterate(range);
  const cells = createCells(store.kv, limits.liveCellsMax, (actor) => loop.flying(actor));
  for (const slot of standing.slots.values()) cells.publish(slot);
  const fire = (due: readonly Timer[]): void => {
    for (const timer of due) {
      const late = now() - timer.fires;
      if (late > limits.idleCheckpointMs) log(`timer ${timer.id} of ${timer.actor} fires ${late} ms late`);
      const quiet = { answer: () => undefined, fail: () => undefined };
      const job = { type: 'timer', timer } as const;
      loop.post({ actor: timer.actor, job, src: 'tm', soft: false, rows: [], ...quiet });
    }
  };
  const timers = createTimers({
    clock,
    now,
    bootAt,
    boot,
    behind: bootAt < standing.at,
    horizonMs: limits.timerHorizonMs,
    heldMax: limits.timersHeldMax,
    scan,
    fire,
    failed: parts.failed,
  });
  const effects = createEffects({
    logId,
    clock,
    limits,
    log,
    scan,
    load: parts.load,
    result: (actor, event, soft) => parts.send(actor, event, 'fx', soft),
    progress: parts.progress,
    places: permits.places,
    choose: permits.choose,
  });
  const watermark = createWatermark(standing, limits);
  const postHost: Opened['postHost'] = (event, rows = [], soft = false) =>
    new Promise((resolve, reject) => {
      const job = { type: 'host', event } as const;
      loop.post({ actor: '', job, src: 'sys', soft, rows, answer: () => resolve(), fail: reject });
    });
  const retention = createRetention({
    clock,
    limits,
    now,
    kv: store.kv,
    identity: standing.identity,
    watermark,
    commit: (event, rows) => postHost(event, rows, true),
    log,
  });
  const follow = createFollow({ timers, effects, cells, permits, boot });
  const loop: Loop = createLoop({
    clock,
    limits,
    store,
    cells,
    watermark,
    boot,
    now,
    hostN: standing.hostN,
    latest: standing.at,
    published: parts.published,
    follow: (decided) => {
      parts.refused(decided.refused);
      follow(decided);
    },
    failed: parts.failed,
  });
  const vigil = createVigil({
    clock,
    limits,
    kv: store.kv,
    cells,
    retention,
    busy: () => loop.waiting > 0,
    damaged: parts.damaged,
    log,
  });
  return { logId, boot, now, store, cells, loop, timers, effects, retention, vigil, postHost };
}

/** The first record of every boot; connection and breakers are told that the world may have changed meanwhile. */
async function logBoot(parts: OpenedParts, opened: Opened, standing: Standing): Promise<void> {
  const { boot, cells, store } = opened;
  const rows: Change[] = [];
  for (const actor of standing.quarantined)
    rows.push(...(await quarantineRows(store.kv(), cells.live(actor)!)));
  const told: string[] = [];
  for (const kind of ['connection', 'breaker']) {
    for await (const { actor, cell } of list(store.kv(), cells, { kind, limit: 64 })) {
      parts.permits.observe(actor, cell);
      told.push(actor);
    }
  }
  const event = { type: 'host.booted', boot, clean: standing.clean, replayed: standing.replayed };
  const logged = opened.postHost(event, rows);
  const booted = { type: 'host.booted', boot };
  await Promise.all([logged, ...told.map((actor) => parts.send(actor, booted, 'sys'))]);
}

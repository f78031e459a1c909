// The host: one loop that turns events into facts and facts into effects. Order of every turn: check and step (pure) →
// append with one fsync for all → publish → answer the callers → start effects. No effect starts before the record that
// caused it is durable. Here are its doors; what works behind them is put together in opened.ts. Built by the daemon on
// LevelDB and the real clock, by the simulator on its own.
import type { Json } from '../../machines/json.ts';
import type { Cell } from '../../machines/kernel.ts';
import { permitOf } from '../../machines/registry.ts';
import { TenderError } from '../errors.ts';
import type { Clock, Random, Storage } from '../ports.ts';
import { findBase } from './base-rows.ts';
import type { Accepted, EffectHandler, Host, HostStatus, Rec, Refused, SendOptions } from './contract.ts';
import { glances } from './glance.ts';
import { queued } from './index-rows.ts';
import { keys } from './keys.ts';
import { defaultLimits, type HostLimits } from './limits.ts';
import { notKept } from './loop.ts';
import { newest } from './newest.ts';
import { type Opened, openLog } from './opened.ts';
import { createPermits, type Permits } from './permits.ts';
import { history, outlines, search } from './read-records.ts';
import { find, list, look } from './reads.ts';
import { seal } from './sealed.ts';
import { readRow, readRows, sealRows } from './side-rows.ts';
import type { Mail } from './turn.ts';

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

export function createHost(ports: HostPorts, options: HostOptions = {}): Host {
  const { log } = ports;
  const limits: HostLimits = { ...defaultLimits, ...options.limits };
  const handlers: (readonly [string, EffectHandler])[] = [];
  const listeners = new Set<(rec: Rec) => void>();
  const fatal = new Set<(error: Error) => void>();
  const progress = new Map<string, Json>();
  let refusedEvents = 0;
  let opened: Opened | undefined;
  let closing = false;
  let dead: Error | undefined;

  const permits: Permits = createPermits(() => here().store.kv(), limits, loadCell);

  function here(): Opened {
    if (dead !== undefined) throw dead;
    if (opened === undefined) throw notOpen();
    return opened;
  }

  // ── a life ────────────────────────────────────────────────────────────────────────────────────────────────────────

  const open: Host['open'] = async () => {
    if (opened !== undefined || closing) throw new TenderError('TENDER_INTERNAL', 'A host opens once.');
    try {
      return await openLog(
        {
          ...ports,
          limits,
          permits,
          handlers,
          load: loadCell,
          send: (actor, event, src, soft = false) => send(actor, event, { src, soft }),
          progress: (actor, json) => progress.set(actor, json),
          published: (decided, recs) => {
            for (const actor of decided.gone) progress.delete(actor);
            if (listeners.size > 0) for (const rec of recs) tell(listeners, rec);
          },
          refused: (count) => {
            refusedEvents += count;
          },
          failed: die,
          damaged: (what) => die(new TenderError('TENDER_LOG_BROKEN', what)),
        },
        (made) => {
          opened = made;
        },
      );
    } catch (error) {
      const half = opened as Opened | undefined;
      half?.timers.stop();
      half?.loop.end(error as Error);
      await half?.store.close();
      opened = undefined;
      throw error;
    }
  };

  async function close(): Promise<void> {
    if (opened === undefined || closing) return;
    closing = true;
    const { effects, timers, retention, vigil, store, loop } = opened;
    retention.stop();
    timers.stop();
    await vigil.stop();
    if (store.writing !== 'open') {
      await store.close();
      die(notKept(store.lastError));
    }
    await effects.stop();
    if (dead === undefined) {
      loop.wantHeads();
      await opened
        .postHost({ type: 'host.closed' })
        .catch((error: Error) => log(`the log was not closed: ${error.message}`));
    }
    loop.end(notOpen());
    await loop.rest();
    await store.close();
    dead ??= notOpen();
    opened = undefined;
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
      const { soft = false, onlyAtN } = options;
      const mail = { actor, job, src, soft, rows, answer: resolve, fail: reject };
      loop.post(onlyAtN === undefined ? mail : { ...mail, onlyAtN });
    });
  }

  const create: Host['create'] = (actor, input, options) =>
    deliver(actor, { type: 'create', input }, options) as Promise<Accepted | Refused>;

  const send: Host['send'] = (actor, event, options) =>
    deliver(actor, { type: 'event', event }, options) as Promise<Accepted | Refused>;

  async function loadCell(actor: string): Promise<Cell | undefined> {
    const found = await here().cells.find(actor);
    return found === undefined || found.slot.quarantined !== undefined ? undefined : found.slot.cell;
  }

  async function checkpoint(): Promise<void> {
    const { cells, loop, postHost } = here();
    if (cells.dirtyCount === 0) return;
    loop.wantHeads();
    await postHost({ type: 'heads.wanted' });
  }

  const hold: Host['hold'] = async (actor, ahead) => {
    const cell = await loadCell(actor);
    const kind = actor.slice(0, actor.indexOf('/'));
    const id = Object.keys(cell?.fx ?? {}).find((each) => permitOf(kind, cell!.fx[each]!.type) === 'line');
    if (cell === undefined || id === undefined) return null;
    const running = here().effects.runningIn('line');
    if (running.some((effect) => effect.actor === actor && effect.id === id)) return null;
    return permits.hold(queued(actor, kind, cell, id), running, ahead);
  };

  function status(): HostStatus {
    const { store, cells, effects, retention, logId, boot } = here();
    return {
      logId,
      boot,
      lastSeq: store.tip.seq,
      oldestSeq: retention.oldestSeq,
      writing: store.writing,
      linePermits: permits.count,
      running: effects.running,
      liveCells: cells.size,
      refusedEvents,
      ...(store.lastError === undefined ? {} : { lastWriteError: store.lastError }),
    };
  }

  return {
    open,
    create,
    send,
    checkpoint,
    close,
    hold,
    status,
    logTime: () => here().now(),
    read: async (actor) => (await here().cells.find(actor))?.slot.cell,
    list: (filter) => list(here().store.kv(), here().cells, filter),
    history: (range) => history(here().store.kv(), range),
    outlines: (range) => outlines(here().store.kv(), range),
    search: async (filter) => search(here().store.kv(), filter),
    base: async (actor) => findBase(here().store.kv(), actor),
    look: async (actor) => look(here().cells, actor),
    find: async (filter) => find(here().store.kv(), here().cells, filter),
    glances: (range) => glances(here().store.kv(), here().cells, range),
    newest: (range) => newest(here().store.kv(), range),
    tail: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    row: async (key) => readRow(here().store.kv(), key),
    rows: (range) => readRows(here().store.kv(), range),
    putRows: async (changes, rowOptions) => {
      if (changes.length === 0) return;
      await deliver('', { type: 'rows' }, { src: 'sys', soft: rowOptions?.soft === true, rows: changes });
    },
    register: (type, handler) => {
      handlers.push([type, handler]);
      opened?.effects.register(type, handler);
    },
    setPermits: (_permit, count, small) => {
      const before = permits.count;
      permits.set(count, small);
      if (before > 0 && permits.count === 0) opened?.effects.withdraw('line', 'the line has no room');
      opened?.effects.kick('line');
    },
    progress: (actor, json) => {
      progress.set(actor, json);
    },
    progressOf: (actor) => progress.get(actor),
    audit: async () => here().vigil.audit(),
    onFatal: (listener) => {
      fatal.add(listener);
    },
  };
}

function notOpen(): TenderError {
  return new TenderError(
    'TENDER_INTERNAL',
    'The host is not open: it was used before open() or after close().',
  );
}

// The worker: graphile-worker under supervision. The library ends on its own when the database goes away, and leaves jobs
// locked when it is killed; here it is started again with growing pauses, and the dead are unlocked at every start and
// every few seconds. Built by cloud/shore.ts, beside the API or alone.
import { EventEmitter } from 'node:events';
import { Logger, type Runner, run, type WorkerEvents } from 'graphile-worker';
import type pg from 'pg';
import { backoffMs } from '../../machines/backoff.ts';
import type { CloudLog } from '../log.ts';
import type { Clock, Random } from '../ports.ts';
import { type IndexPayload, type IndexRun, parsePayload } from './index-document.ts';
import { openLiveness } from './liveness.ts';

export interface WorkerSettings {
  /** Documents indexed at once; each may take one core and the extraction's memory. */
  readonly concurrency: number;
  /** How soon a job is found when its NOTIFY was lost. */
  readonly pollMs: number;
  /** How often jobs of dead workers are looked for. */
  readonly sweepMs: number;
  /** Shortest and longest pause before a new start. */
  readonly restartMinMs: number;
  readonly restartMaxMs: number;
  /** A stopping worker lets its documents finish this long, then gives them back. */
  readonly finishMaxMs: number;
}

export const workerSettings: WorkerSettings = {
  concurrency: 2,
  pollMs: 2000,
  sweepMs: 5000,
  restartMinMs: 200,
  restartMaxMs: 10_000,
  finishMaxMs: 3000,
};

export interface WorkerPorts {
  /** Connections as tender_jobs. */
  readonly pool: pg.Pool;
  readonly index: (payload: IndexPayload, run: IndexRun) => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: CloudLog;
  readonly settings: WorkerSettings;
}

export interface IndexWorker {
  readonly state: () => 'running' | 'restarting' | 'stopped';
  /** Takes no more jobs, lets running ones finish or gives them back, and resolves when nothing runs. */
  stop(): Promise<void>;
}

export const indexTask = 'index_document';
/** graphile-worker's own retries, for the case that not even a new job could be queued. */
const takesMax = 100;

export function startWorker(ports: WorkerPorts): IndexWorker {
  const { clock, random, log, settings } = ports;
  let state: 'running' | 'restarting' | 'stopped' = 'restarting';
  let stopping = false;
  let wakeUp = () => {};
  let endCycle = () => {};

  const rest = (delayMs: number) =>
    new Promise<void>((resolve) => {
      const cancel = clock.after(delayMs, resolve);
      wakeUp = () => {
        cancel();
        resolve();
      };
    });
  const supervise = async () => {
    for (let failures = 0; !stopping; ) {
      const started = clock.monotonicMs();
      try {
        await runOnce(ports, {
          running: () => {
            state = 'running';
          },
          onStop: (run) => {
            endCycle = run;
            if (stopping) run();
          },
        });
      } catch (error) {
        log.warn({ code: 'worker.failed', err: error }, 'the worker could not go on');
      }
      if (stopping) break;
      state = 'restarting';
      failures = clock.monotonicMs() - started > 60_000 ? 0 : failures + 1;
      const policy = {
        baseMs: settings.restartMinMs,
        capMs: settings.restartMaxMs,
        floorMs: settings.restartMinMs,
        kind: 'full',
        jitter: 0,
      } as const;
      await rest(backoffMs(policy, failures, random.unit()));
    }
    state = 'stopped';
  };
  const done = supervise();
  return {
    state: () => state,
    stop() {
      stopping = true;
      wakeUp();
      endCycle();
      return done;
    },
  };
}

interface Cycle {
  readonly running: () => void;
  /** Gives the supervisor the way to end this cycle. */
  readonly onStop: (run: () => void) => void;
}

/** One life of the runner: resolves or rejects when it is over, for whatever reason, with nothing of it left. */
async function runOnce(ports: WorkerPorts, cycle: Cycle): Promise<void> {
  const { pool, clock, log, settings } = ports;
  const alive = await openLiveness(pool, clock);
  let runner: Runner | undefined;
  let cancelSweep = () => {};
  let over = false;
  try {
    const asked = new Promise<void>((resolve) => cycle.onStop(resolve));
    const sweep = async () => {
      const dead = await alive.unlockDead();
      if (dead.length > 0)
        log.warn({ code: 'worker.unlocked', workers: dead }, 'took over from dead workers');
    };
    const sweepLater = () => {
      cancelSweep = clock.after(settings.sweepMs, () => {
        sweep().then(
          () => over || sweepLater(),
          // The connection is gone, which `lost` says too.
          () => {},
        );
      });
    };
    await sweep();
    const events: WorkerEvents = new EventEmitter();
    // Jobs are locked under the pool's id, not under those of its workers.
    events.on('pool:create', ({ workerPool }) => {
      alive.announce(workerPool.id).catch(() => {});
    });
    runner = await run({
      pgPool: pool,
      events,
      concurrency: settings.concurrency,
      pollInterval: settings.pollMs,
      noHandleSignals: true,
      logger: quiet(log),
      preset: { worker: { gracefulShutdownAbortTimeout: settings.finishMaxMs } },
      taskList: {
        [indexTask]: async (value, helpers) => {
          const payload = parsePayload(value);
          if (!payload)
            return void log.error({ code: 'worker.payload', job: helpers.job.id }, 'not a job of ours');
          await ports.index(payload, {
            takes: helpers.job.attempts,
            signal: helpers.abortSignal,
            again: async (next, delayMs) => {
              await helpers.addJob(indexTask, next, {
                jobKey: `index/${next.documentId}/${next.version}`,
                runAt: new Date(clock.wallMs() + delayMs),
                maxAttempts: takesMax,
              });
            },
          });
        },
      },
    });
    sweepLater();
    cycle.running();
    log.info({ code: 'worker.running', concurrency: settings.concurrency }, 'looking for documents to index');
    await Promise.race([runner.promise, alive.lost, asked]);
  } finally {
    over = true;
    cancelSweep();
    if (runner) {
      // Already stopped by itself: then there is nothing to stop.
      await runner.stop().catch(() => {});
      await runner.promise.catch(() => {});
      // Without a connection there is nothing to wait for: others will unlock what is left.
      await alive.settle().catch(() => {});
    }
    alive.close();
  }
}

/** The library's lines: its errors matter, its chatter does not. Job payloads hold ids only. */
function quiet(log: CloudLog): Logger {
  return new Logger(() => (level, message) => {
    if (level === 'error' || level === 'warning')
      log.warn({ code: 'worker.library', level }, message.slice(0, 500));
  });
}

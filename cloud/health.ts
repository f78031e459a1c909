// How the shore is, part by part, for /v1/health: each part says its state in one sentence. Asking costs one ping and one
// count, however many ask: the report is kept for a second.
import type { Component, HealthReport, HealthState } from './api/routes/health.ts';
import type { Breaker } from './breaker.ts';
import type { Counts } from './library.ts';
import type { Clock } from './ports.ts';

export interface HealthPorts {
  readonly clock: Clock;
  readonly ping: () => Promise<void>;
  readonly counts: () => Promise<Counts>;
  readonly breakers: readonly Breaker[];
  /** undefined: no worker in this process. */
  readonly worker: (() => 'running' | 'restarting' | 'stopped') | undefined;
  readonly line: (() => { readonly sessions: number; readonly lanes: number }) | undefined;
  readonly rssBytes: () => number;
  readonly blobs: () => Promise<void>;
}

const keepMs = 1000;
/** A database that takes longer than this to say "here" is not here. */
const askMaxMs = 3000;
/** Backlog older than this means that indexing does not keep up. */
const backlogOldMs = 10 * 60_000;
const rssHighBytes = 1024 * 2 ** 20;

export function createHealth(ports: HealthPorts): () => Promise<HealthReport> {
  let kept: { readonly atMs: number; readonly report: Promise<HealthReport> } | undefined;
  return () => {
    const now = ports.clock.monotonicMs();
    if (!kept || now - kept.atMs > keepMs) kept = { atMs: now, report: look(ports) };
    return kept.report;
  };
}

async function look(ports: HealthPorts): Promise<HealthReport> {
  const { clock, breakers } = ports;
  const [database, counts, blobs] = await Promise.all([
    within(clock, ports.ping()),
    within(clock, ports.counts()),
    within(clock, ports.blobs()),
  ]);
  const components: Record<string, Component> = {
    database: 'failed' in database ? failed('PostgreSQL does not answer.') : ok,
    blob_store: 'failed' in blobs ? failed('The blob store cannot be used.') : ok,
    backlog: 'failed' in counts ? degraded('Unknown while the database is away.') : backlogOf(counts.value),
    memory: memoryOf(ports.rssBytes()),
  };
  for (const breaker of breakers) {
    const view = breaker.view();
    components[`breaker_${breaker.name}`] = {
      state: view.state === 'closed' ? 'ok' : 'degraded',
      detail: view.state === 'closed' ? '' : `It is ${view.state}${view.reason && `: ${view.reason}`}`,
      numbers: { retry_in_ms: view.retryInMs },
    };
  }
  if (ports.worker) {
    const state = ports.worker();
    components.worker = state === 'running' ? ok : degraded(`The worker is ${state}.`);
  }
  if (ports.line) {
    const { sessions, lanes } = ports.line();
    components.line = { ...ok, numbers: { sessions, lanes } };
  }
  return { state: worst(Object.values(components)), components };
}

const ok: Component = { state: 'ok', detail: '' };
const failed = (detail: string): Component => ({ state: 'failed', detail });
const degraded = (detail: string): Component => ({ state: 'degraded', detail });

function backlogOf(counts: Counts): Component {
  const numbers = {
    jobs_queued: counts.jobsQueued,
    jobs_running: counts.jobsRunning,
    oldest_ms: counts.jobsOldestMs,
    uploads_open: counts.uploadsOpen,
    versions_waiting: counts.versionsWaiting,
    versions_failed: counts.versionsFailed,
  };
  if (counts.jobsOldestMs <= backlogOldMs) return { ...ok, numbers };
  return { ...degraded('Indexing does not keep up.'), numbers };
}

function memoryOf(rssBytes: number): Component {
  const numbers = { rss_bytes: rssBytes };
  return rssBytes <= rssHighBytes ? { ...ok, numbers } : { ...degraded('This process is large.'), numbers };
}

function worst(components: readonly Component[]): HealthState {
  if (components.some((component) => component.state === 'failed')) return 'failed';
  return components.some((component) => component.state === 'degraded') ? 'degraded' : 'ok';
}

/** The value, or that there was none in time; never rejects. */
function within<T>(
  clock: Clock,
  work: Promise<T>,
): Promise<{ readonly value: T } | { readonly failed: true }> {
  return new Promise((resolve) => {
    const cancel = clock.after(askMaxMs, () => resolve({ failed: true }));
    work.then(
      (value) => {
        cancel();
        resolve({ value });
      },
      () => {
        cancel();
        resolve({ failed: true });
      },
    );
  });
}

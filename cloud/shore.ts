// The shore put together from its ports: decisions, line, notices, API and worker over one store and one blob store. What is
// real about it (files, sockets, a PostgreSQL) is made by cloud/main.ts; tests give their own.
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type pg from 'pg';
import type { SandboxEnd, SandboxJob } from './adapters/sandbox.ts';
import { createBudgets, type Spend } from './api/budgets.ts';
import { type ApiSettings, createApi } from './api/server.ts';
import { type Breaker, behind, createBreaker } from './breaker.ts';
import { codeOf } from './cloud-error.ts';
import type { CloudKey } from './cloud-key.ts';
import { type CloudConfig, listenAddress } from './config.ts';
import { createDevices } from './decide/devices.ts';
import { createDocuments } from './decide/documents.ts';
import { createNotices } from './decide/notices.ts';
import { createHealth } from './health.ts';
import { extract } from './jobs/extract/run.ts';
import { type IndexLimits, indexDocument } from './jobs/index-document.ts';
import { type IndexWorker, startWorker, workerSettings } from './jobs/worker.ts';
import type { Library } from './library.ts';
import { createLineService, type LineService } from './line/service.ts';
import type { CloudLog } from './log.ts';
import { createNoticeHub, type NoticeHub } from './notify/hub.ts';
import type { BlobStore, Clock, CloudStore, Random, Wakes } from './ports.ts';
import type { Registry } from './registry.ts';

export interface ShorePorts {
  readonly config: CloudConfig;
  readonly store: CloudStore;
  readonly registry: Registry;
  readonly library: Library;
  readonly wakes: Wakes;
  readonly blobs: BlobStore;
  /** Rejects when stored bytes can neither be read nor added. */
  readonly blobsUsable: () => Promise<void>;
  /** Connections as tender_jobs; undefined: no worker in this process. */
  readonly jobs: pg.Pool | undefined;
  readonly key: CloudKey;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: CloudLog;
  readonly requestLog?: FastifyBaseLogger;
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly rssBytes: () => number;
  readonly sandbox: (job: SandboxJob) => Promise<SandboxEnd>;
  /** Takes WebSocket upgrades of a listening server to the line; the answer ends what is left of them. */
  readonly attachLine: (
    app: FastifyInstance,
    line: LineService,
    options: { readonly spend: Spend; readonly trustedProxies: readonly string[] },
  ) => () => Promise<void>;
}

export interface Shore {
  /** Where the API listens; undefined for a worker alone. */
  readonly url: string | undefined;
  /** Watches of the database came back after a break: whoever waits for a hint looks again. */
  wakesReturned(): void;
  /** Says goodbye to yachts, lets work finish or gives it back. */
  stop(): Promise<void>;
}

export async function startShore(ports: ShorePorts): Promise<Shore> {
  const breakers = createBreakers(ports);
  const guarded = {
    store: behind(breakers.database, ports.store),
    registry: behind(breakers.database, ports.registry),
    library: behind(breakers.database, ports.library),
    blobs: behind(breakers.blobs, ports.blobs, ['close']),
  };
  const worker = ports.jobs && startIndexing({ ...ports, ...guarded }, ports.jobs);
  const stopWorker = async (error: unknown): Promise<never> => {
    await worker?.stop();
    throw error;
  };
  const front =
    ports.config.only === 'worker'
      ? undefined
      : await startFront({ ...ports, ...guarded }, ports.library, worker, breakers).catch(stopWorker);
  return {
    url: front?.url,
    wakesReturned: () => front?.hub.wakeAll(),
    async stop() {
      // Yachts first: they reconnect elsewhere while the rest winds down.
      await Promise.all([front?.stop(), worker?.stop()]);
      breakers.database.close();
      breakers.blobs.close();
    },
  };
}

interface Breakers {
  readonly database: Breaker;
  readonly blobs: Breaker;
}

function createBreakers({ clock, random, log }: ShorePorts): Breakers {
  const changed: NonNullable<Parameters<typeof createBreaker>[1]['changed']> = (name, view) =>
    log.warn(
      { code: 'breaker.changed', breaker: name, state: view.state },
      view.reason || `is ${view.state}`,
    );
  return {
    database: createBreaker('database', {
      clock,
      random,
      changed,
      judge: (error) => (codeOf(error) === 'TENDER_STORE_UNAVAILABLE' ? 'failure' : 'neither'),
    }),
    blobs: createBreaker('blob_store', {
      clock,
      random,
      changed,
      // Missing bytes and a full disk say nothing about whether the next read works.
      judge: (error) => (codeOf(error) === undefined ? 'failure' : 'neither'),
    }),
  };
}

function startIndexing(ports: ShorePorts, pool: pg.Pool): IndexWorker {
  const { config, store, blobs, random, log, clock, sandbox } = ports;
  const limits: IndexLimits = {
    inputMaxBytes: config.extract_input_max,
    textMaxBytes: config.extract_text_max,
    memoryMaxBytes: config.extract_memory_max,
    wallMaxMs: config.extract_wall_max,
    cpuMaxSeconds: Math.max(1, Math.ceil(config.extract_cpu_max / 1000)),
    retryDelaysMs: config.index_retry_delays,
    secondTryMs: config.index_second_try,
    failuresMax: 3,
    workerDeathsMax: 5,
  };
  const index = {
    store,
    blobs,
    random,
    log,
    limits,
    extract: (request: Parameters<typeof extract>[0]) => extract(request, sandbox),
  };
  return startWorker({
    pool,
    clock,
    random,
    log,
    index: (payload, run) => indexDocument(index, payload, run),
    settings: {
      ...workerSettings,
      concurrency: config.worker_concurrency,
      pollMs: config.worker_poll,
      sweepMs: config.worker_sweep,
    },
  });
}

interface Front {
  readonly url: string;
  readonly hub: NoticeHub;
  stop(): Promise<void>;
}

async function startFront(
  ports: ShorePorts,
  unguarded: Library,
  worker: IndexWorker | undefined,
  breakers: Breakers,
): Promise<Front> {
  const { config, store, registry, library, wakes, blobs, key, clock, random, log } = ports;
  const spend = createBudgets(clock, {
    addressPerMinute: config.requests_per_minute_address,
    tokenPerMinute: config.requests_per_minute_token,
    enrolPerMinute: config.enrolments_per_minute_address,
    devicePerMinute: config.connects_per_minute_device,
  });
  const devices = createDevices({ store, registry, clock, random });
  const notices = createNotices({ store });
  const hub = createNoticeHub({ notices, wakes, clock });
  const documents = createDocuments({ store, blobs });
  const line = createLineService({
    devices,
    documents,
    notices,
    hub,
    signer: key,
    clock,
    log: (fields) => log.info({ code: 'line', ...fields }, 'line'),
  });
  const stopWatching = wakes.onDevice((deviceId) => endWhenRevoked(deviceId));
  const endWhenRevoked = (deviceId: string) => {
    devices.authenticate(deviceId).catch((error: unknown) => {
      const code = codeOf(error);
      if (code === 'TENDER_DEVICE_REVOKED' || code === 'TENDER_DEVICE_UNKNOWN') line.end(deviceId, code);
    });
  };
  const health = createHealth({
    clock,
    // Not through the breaker: health asks the database itself.
    ping: () => unguarded.ping(),
    counts: () => unguarded.counts(),
    blobs: ports.blobsUsable,
    breakers: [breakers.database, breakers.blobs],
    worker: worker?.state,
    line: () => line.status(),
    rssBytes: ports.rssBytes,
  });
  const settings: ApiSettings = {
    ...(ports.tls ? { tls: ports.tls } : {}),
    trustedProxies: config.trusted_proxies,
    bodyMaxBytes: 65_536,
    requestTimeoutMs: config.request_timeout,
    loopDelayMaxMs: config.loop_delay_max,
  };
  const { app } = await createApi(
    {
      registry,
      library,
      blobs,
      devices,
      key,
      clock,
      spend,
      health,
      ...(ports.requestLog ? { log: ports.requestLog } : {}),
    },
    settings,
  );
  const detachLine = ports.attachLine(app, line, { spend, trustedProxies: config.trusted_proxies });
  const url = await app.listen(listenAddress(config));
  return {
    url,
    hub,
    async stop() {
      stopWatching();
      line.close();
      hub.close();
      await detachLine();
      await app.close();
    },
  };
}

// The daemon aboard, composed from ports alone: host, files, line, and the small parts between them. main.ts gives it a
// real machine's ports, the simulator its own. Start: log, spool, connection, folders; stop in the reverse order.
import { nameToBytes } from '../cloud/contract/name.ts';
import type { LaneDialer } from '../cloud/contract/socket.ts';
import { openStates } from '../machines/connection.ts';
import type { JsonObject } from '../machines/json.ts';
import { smallPlacesDefault } from '../machines/schedule.ts';
import type { Aboard } from './api/aboard.ts';
import { heartbeatEveryMs } from './config/heartbeat.ts';
import { policiesOf } from './config/presets.ts';
import type { Config } from './config.ts';
import { createBreaker } from './daemon/breaker.ts';
import { connectionActor, createConnection } from './daemon/connection.ts';
import { createHistory } from './daemon/history.ts';
import { createIntake } from './daemon/intake.ts';
import { createInventory } from './daemon/inventory.ts';
import { createLineEnd } from './daemon/line-end.ts';
import { createNotices } from './daemon/notices.ts';
import { createQueue } from './daemon/queue.ts';
import { statusJson } from './daemon/status.ts';
import { createThrottle } from './daemon/throttle.ts';
import { contextOf } from './daemon/upload-json.ts';
import { checkSettled } from './effects/check-settled.ts';
import { releaseSource } from './effects/release-source.ts';
import { agentErrors } from './errors.ts';
import { createBases } from './files/bases.ts';
import { createComparer } from './files/compare.ts';
import { createLedger } from './files/ledger.ts';
import { bytesOf } from './files/path-bytes.ts';
import { createSettler } from './files/settle.ts';
import type { SourceRoots } from './files/source.ts';
import { createSpool } from './files/spool.ts';
import { createTracker } from './files/tracker.ts';
import { createWatcher } from './files/watcher.ts';
import type { Host, RecoveryReport } from './host/contract.ts';
import { createHost } from './host/host.ts';
import type { Identity } from './identity/device-file.ts';
import type { Compress } from './line/encode-levels.ts';
import type { TcpCount } from './line/repeats.ts';
import type { Log } from './log-line.ts';
import type { Clock, Files, ProcessPort, Random, Storage } from './ports.ts';

export interface DaemonPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly files: Files;
  readonly storage: Storage;
  readonly process: ProcessPort;
  readonly dialer: LaneDialer;
  /** Absent: documents go as they are. */
  readonly compress?: Compress;
  /** Absent: what TCP sends again is not known. */
  readonly tcpCount?: () => TcpCount | undefined;
  readonly log: Log;
  /** Read before each attempt to connect, so that enrolling needs no restart. */
  identity(): Promise<Identity | undefined>;
  readonly version: string;
  /** Puts a witness around the host: the simulator checks there that no effect starts before its record is durable. */
  decorate?(host: Host): Host;
}

export interface Daemon {
  /** Opens the log and begins to work; resolves once it may promise. Throws TENDER_STATE_LOCKED and errors of the log. */
  start(): Promise<RecoveryReport>;
  /** Ends in order: what was accepted is durable, heads are written. Also after a start that failed. */
  stop(): Promise<void>;
  /** What the local API and people in the simulator use. After start(). */
  readonly aboard: Aboard;
}

const breakerActor = 'breaker/line';
export function createDaemon(ports: DaemonPorts, config: Config): Daemon {
  const { clock, random, files, log, process: self } = ports;
  const startedMs = clock.monotonicMs();
  const policies = policiesOf(config.link.profile);
  const state = bytesOf(config.state.directory);
  const roots: SourceRoots = {
    folders: new Map(config.folders.map((folder) => [folder.label, bytesOf(folder.path)])),
    spool: bytesOf(`${config.state.directory}/spool`),
  };
  let stopped: Promise<void> | undefined;

  // ── the log and everything that stands on it ──────────────────────────────────────────────────────────────────────

  const opened = createHost({ ...ports, log: (message) => log({ level: 'warning', message }) });
  const host = ports.decorate?.(opened) ?? opened;
  const queue = createQueue({ host, clock, log, price: config.cost.perGb });
  const { running } = queue;
  const notices = createNotices({ host, log, clock });
  const ledger = createLedger(host);
  const bases = createBases({ files, directory: bytesOf(`${config.state.directory}/bases`) });
  const settler = createSettler({
    files,
    clock,
    roots,
    limits: { settleQuietMs: config.files.settleQuietMs, looksMaxConcurrent: config.work.settlersMax },
  });
  const spool = createSpool({
    files,
    directory: roots.spool,
    limits: { spoolMaxBytes: config.spool.maxBytes, freeMinBytes: config.spool.freeMinBytes },
  });
  const holdsWhatIsStored = createComparer({ files, roots, ledger });
  /** Uploads are born with the patience of the profile. */
  const create: Host['create'] = (actor, input, options) =>
    host.create(actor, { ...input, triesMax: config.link.attemptsMax }, options);
  const tracker = createTracker({
    host: { ...host, create },
    files,
    clock,
    random,
    roots,
    settler,
    holdsWhatIsStored,
  });
  const watcher = createWatcher({
    files,
    clock,
    folders: config.folders.map(({ label, path, priority }) => ({ label, path: bytesOf(path), priority })),
    sighted: tracker.sighted,
    failed: (folder, error) =>
      log({ level: 'warning', message: `The scan of ${folder} ended early: ${textOf(error)}` }),
    excluded: [state],
    limits: { rescanMs: config.files.rescanMs },
  });

  // ── the link: connection, breaker, line ───────────────────────────────────────────────────────────────────────────

  const connection = createConnection({ host, clock, log, input: {}, changed: linkChanged });
  const breaker = createBreaker({
    host,
    clock,
    random,
    log,
    actor: breakerActor,
    policy: { ...policies.gate, consecutiveMax: config.breaker.failuresMax },
    input: {
      openMinMs: config.breaker.openBaseMs,
      openMaxMs: config.breaker.openCapMs,
      closeEarly: config.breaker.closeEarly,
    },
    linkLossCounts: config.breaker.linkLossCounts,
  });
  const line = createLineEnd({
    ...ports,
    host,
    ledger,
    bases,
    roots,
    notices,
    cloudUrl: config.cloud.url.replace(/\/+$/, ''),
    heartbeatMs: heartbeatEveryMs(config.cloud.heartbeatMs, {
      perGb: config.cost.perGb,
      isChosen: config.lines.some(({ key, origin }) => key === 'cloud.heartbeat' && origin !== 'default'),
    }),
    connectTimeoutMs: config.link.connectTimeoutMs,
    backoff: { ...policies.backoff, baseMs: config.link.retryBaseMs, capMs: config.link.retryCapMs },
    noticed: (event) => connection.noticed(event),
  });
  const throttle = createThrottle({
    host,
    clock,
    log,
    configuredBytesPerSecond: config.link.rateMaxBytesPerSecond,
    apply: line.throttle,
  });
  const inventory = createInventory({
    host,
    tracker,
    watcher,
    clock,
    log,
    pages: line.inventory,
    isOpen: () => openStates.includes(connection.state),
  });
  const intake = createIntake({ spool, tracker, host, clock, random, log });

  host.register('checkSettled', checkSettled(settler));
  host.register('releaseSource', releaseSource(spool));
  host.register('openLine', line.openLine);
  host.register('closeLine', line.closeLine);
  host.register('sendDocument', running.track(breaker.guard(line.sendDocument, false)));
  host.register('confirmStored', running.track(breaker.guard(line.confirmStored, true)));
  // Nothing may use the line before the connection has found out whether there is one.
  host.setPermits('line', 0);
  const untail = host.tail(({ actor, event, state: now }) => {
    if (!actor.startsWith('upload/')) return;
    if (event.type === 'source.changed') void lookAgain(actor);
    if (event.code === 'TENDER_VERSION_CONFLICT') owesInventory();
    // What is on the line already hears of it there.
    if (event.type === 'prioritise') line.prioritise(actor.slice('upload/'.length), Number(event.priority));
    if (now === 'cancelled') line.drop(actor.slice('upload/'.length));
  });

  function linkChanged(state: string): void {
    if (!openStates.includes(state)) return;
    breaker.linkUp();
    void inventory.take();
  }

  function owesInventory(): void {
    // A log that cannot be written now refuses this, too; the document's next try will say it again.
    inventory
      .owe()
      .catch((error) => log({ level: 'warning', message: `No inventory yet: ${textOf(error)}` }));
  }

  /** A file that changed while it was sent becomes the next version without waiting for the rescan. */
  async function lookAgain(actor: string): Promise<void> {
    const cell = await host.read(actor);
    if (!cell) return;
    const { source } = contextOf(cell);
    if (source.kind === 'watched') watcher.lookAt(source.folder, nameToBytes(source.path));
  }

  // ── life ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Only a saving: without it every version is sent by itself. */
  async function openBases(): Promise<void> {
    await bases
      .open()
      .catch((error) => log({ level: 'warning', message: `No bases for deltas: ${textOf(error)}` }));
  }

  async function start(): Promise<RecoveryReport> {
    await files.makeDirectory(roots.spool);
    await openBases();
    const report = await host.open();
    queue.start();
    tellRecovery(report);
    await inventory.note(report);
    await throttle.start();
    await connection.start();
    await breaker.start();
    host.setPermits('line', config.work.sendersMax, smallPlacesDefault);
    intake.start();
    watcher.start();
    return report;
  }

  function tellRecovery(report: RecoveryReport): void {
    const { logId, boot, replayed, lastSeq, clean, tookMs } = report;
    log({ level: 'info', message: 'The log is open.', logId, boot, replayed, lastSeq, clean, tookMs });
    for (const actor of report.quarantined)
      log({
        level: 'error',
        actor,
        code: 'TENDER_LOG_BROKEN',
        message: 'This actor no longer folds to what was written; it is set aside.',
      });
    if (report.rebuilt)
      log({
        level: 'error',
        code: 'TENDER_LOG_BROKEN',
        message: `The log was broken and is rebuilt: ${report.rebuilt.reason}`,
        evidence: report.rebuilt.evidence,
      });
  }

  function stop(): Promise<void> {
    stopped ??= (async () => {
      untail();
      queue.stop();
      inventory.stop();
      await intake.stop();
      await watcher.stop();
      breaker.stop();
      connection.stop();
      line.close();
      await host.close();
    })();
    return stopped;
  }

  // ── what people may ask ───────────────────────────────────────────────────────────────────────────────────────────

  let lastHeardMs: number | null = null;
  /** Wall clock of the cloud's last word, also after the line was lost. */
  function heardMs(): number | null {
    const { heardMs } = line.status();
    if (heardMs !== null) lastHeardMs = Math.floor(clock.wallMs() - (clock.monotonicMs() - heardMs));
    return lastHeardMs;
  }

  async function status(): Promise<JsonObject> {
    const identity = await ports.identity().catch(() => undefined);
    return statusJson({
      version: ports.version,
      profile: config.link.profile,
      uptimeMs: clock.monotonicMs() - startedMs,
      rssBytes: self.rssBytes(),
      pid: self.pid,
      nowMs: clock.wallMs(),
      connection: await host.read(connectionActor),
      breakers: [{ actor: breakerActor, cell: await host.read(breakerActor) }],
      host: host.status(),
      ...(await queue.facts()),
      spool: {
        usedBytes: spool.usedBytes(),
        maxBytes: config.spool.maxBytes,
        freeBytes: await files.freeBytes(roots.spool),
        freeMinBytes: config.spool.freeMinBytes,
      },
      folders: watcher.status(),
      device: identity?.device,
      inventoryOwed: tracker.inventoryOwed,
      throttle: throttle.describe(),
      line: { ...line.status() },
      cloudUrl: config.cloud.url || (identity?.device.cloudUrl ?? ''),
      heardMs: heardMs(),
      noticedMs: notices.takenMs,
    });
  }

  const aboard: Aboard = {
    clock,
    host,
    ...queue.aboard,
    history: createHistory({ host, clock, random }),
    configLines: config.lines,
    streamsMax: config.api.streamsMax,
    status,
    add: intake.add,
    async connect(command, by) {
      await connection.command(command, by);
      return status();
    },
    async throttle(rate, by) {
      await throttle.set(rate, by);
      return throttle.describe();
    },
    version: ports.version,
  };
  host.onFatal((error) => {
    log({
      level: 'error',
      code: 'TENDER_LOG_WRITE_FAILED',
      message: `The log is given up: ${error.message}`,
    });
    self.exit(agentErrors.TENDER_LOG_WRITE_FAILED);
  });
  return { start, stop, aboard };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

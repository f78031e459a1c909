// The line to the cloud as the daemon composes it: identity, ledger, rows and notices behind its ports, its effects and its
// inventory in front. What happens to it becomes events of the connection's machine.
import type { Failure } from '../../cloud/contract/failure.ts';
import { hexFromBytes } from '../../cloud/contract/ids.ts';
import { nameFromBytes, nameToBytes } from '../../cloud/contract/name.ts';
import type { LaneDialer } from '../../cloud/contract/socket.ts';
import type { Backoff } from '../../machines/backoff.ts';
import type { MachineEvent } from '../../machines/kernel.ts';
import { confirmStored } from '../effects/confirm-stored.ts';
import { closeLine, openLine } from '../effects/open-line.ts';
import { type SentDocument, sendDocument } from '../effects/send-document.ts';
import type { Bases } from '../files/bases.ts';
import { openDocument } from '../files/document-reader.ts';
import { addedLabel, type FileRow, fileRowKey, readFileRow, unchangedSince } from '../files/file-row.ts';
import type { ChunkLedger } from '../files/ledger.ts';
import type { InventoryItem } from '../files/reconcile.ts';
import type { SourceRoots } from '../files/source.ts';
import type { EffectHandler, Host } from '../host/contract.ts';
import type { Identity } from '../identity/device-file.ts';
import { lostDelayMs } from '../line/delays.ts';
import type { Compress } from '../line/encode-levels.ts';
import { lineLimits } from '../line/limits.ts';
import { Line } from '../line/line.ts';
import type { LineStatus } from '../line/line-status.ts';
import type { TcpCount } from '../line/repeats.ts';
import type { Log } from '../log-line.ts';
import type { Clock, Files, Random } from '../ports.ts';
import type { Notices } from './notices.ts';
import { contextOf } from './upload-json.ts';

export interface LineEndPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly files: Files;
  readonly dialer: LaneDialer;
  /** Absent: documents go as they are. */
  readonly compress?: Compress;
  /** Absent: what TCP sends again is not known. */
  readonly tcpCount?: () => TcpCount | undefined;
  readonly log: Log;
  readonly host: Pick<Host, 'read' | 'row' | 'status'>;
  readonly ledger: ChunkLedger;
  readonly bases: Bases;
  readonly roots: SourceRoots;
  readonly notices: Notices;
  identity(): Promise<Identity | undefined>;
  /** Empty: the address this device enrolled with. */
  readonly cloudUrl: string;
  readonly heartbeatMs: number;
  readonly connectTimeoutMs: number;
  readonly backoff: Backoff;
  /** `line.lost`, `link.degraded`, `link.recovered` for the connection's machine. */
  noticed(event: MachineEvent): void;
}

export interface LineEnd {
  readonly openLine: EffectHandler;
  readonly closeLine: EffectHandler;
  readonly sendDocument: EffectHandler;
  readonly confirmStored: EffectHandler;
  /** All this device has ashore, page by page, over the open line. Rejects when the line is lost. */
  inventory(): AsyncIterable<readonly InventoryItem[]>;
  /** For a document that is on the line; nothing otherwise. */
  prioritise(uploadId: string, priority: number): void;
  /** Given up: nothing more of it leaves, and the cloud may forget what it has. */
  drop(uploadId: string): void;
  /** A hard ceiling on wire bytes; null lifts it. */
  throttle(bytesPerSecond: number | null): void;
  status(): LineStatus;
  close(): void;
}

export function createLineEnd(ports: LineEndPorts): LineEnd {
  const { clock, random, files, host, ledger, roots } = ports;

  const line = new Line({
    dialer: ports.dialer,
    clock,
    random,
    ...(ports.compress && { compress: ports.compress }),
    ...(ports.tcpCount && { tcpCount: ports.tcpCount }),
    limits: { ...lineLimits, connectTimeoutMs: ports.connectTimeoutMs },
    heartbeatMs: ports.heartbeatMs,
    identity: async () => {
      const identity = await ports.identity();
      if (!identity) return undefined;
      const { device, key } = identity;
      const cloudUrl = ports.cloudUrl === '' ? device.cloudUrl : ports.cloudUrl;
      return { deviceId: device.deviceId, cloudUrl, cloudKeys: [device.cloudKey], sign: key.sign };
    },
    keepNotices: ports.notices.take,
    lost: (failure, epoch) => ports.noticed(lostEvent(failure, epoch, random.unit())),
    crossed: ports.noticed,
    log: (line) => ports.log({ level: 'info', message: 'line', ...(line as object) }),
  });

  async function rowOf({ source, name }: SentDocument): Promise<FileRow | undefined> {
    const isWatched = source.kind === 'watched';
    const path = isWatched ? nameToBytes(source.path) : nameToBytes(name).subarray(addedLabel.length + 1);
    const row = await host.row(fileRowKey(isWatched ? source.folder : addedLabel, path));
    return row === undefined ? undefined : readFileRow(row);
  }

  async function* inventory(): AsyncIterable<readonly InventoryItem[]> {
    for (let after: Uint8Array | null = null, more = true; more; ) {
      const page = await line.inventory(after);
      yield page.entries.map((entry) => ({ ...entry, name: nameFromBytes(entry.name) }));
      after = page.entries.at(-1)?.name ?? null;
      more = page.more && after !== null;
    }
  }

  return {
    openLine: openLine({
      line,
      random,
      backoff: ports.backoff,
      claim: async () => {
        const { logId, boot } = host.status();
        // Not enrolled: the line says so itself, before it would use any of this.
        const deviceId = (await ports.identity())?.device.deviceId ?? '';
        return { logId, boot, cursor: await ports.notices.cursor(deviceId) };
      },
    }),
    closeLine: closeLine(line),
    sendDocument: sendDocument({
      line,
      ledger,
      clock,
      random,
      open: (source, settled) => openDocument(files, roots, source, settled),
      bases: ports.bases,
      storedOf: async (document) => (await rowOf(document))?.stored ?? undefined,
      unchanged: async (document, read) => {
        const whole = { lengthBytes: read.lengthBytes, sha256: hexFromBytes(read.sha256) };
        return unchangedSince(await rowOf(document), document.version, whole);
      },
    }),
    confirmStored: confirmStored({
      line,
      random,
      bases: ports.bases,
      uploadOf: async (actor) => {
        const cell = await host.read(actor);
        if (!cell) throw new Error(`${actor} asks for its receipt and is not in the log`);
        const { name, priority } = contextOf(cell);
        return { name, priority };
      },
    }),
    inventory,
    prioritise: (uploadId, priority) => line.prioritise(uploadId, priority),
    drop: (uploadId) => line.drop(uploadId),
    throttle: (bytesPerSecond) => line.throttle(bytesPerSecond),
    status: () => line.status(),
    close: () => line.close(),
  };
}

function lostEvent(failure: Failure, epoch: number, unit: number): MachineEvent {
  const { class: failureClass, code, message } = failure;
  return {
    type: 'line.lost',
    class: failureClass,
    code,
    message,
    delayMs: lostDelayMs(failure, unit),
    epoch,
  };
}

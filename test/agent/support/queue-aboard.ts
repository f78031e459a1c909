// A real log with the parts of the daemon that know its queue, and effects that do what a test says: no line, no files.
import { createLevelStorage } from '../../../agent/adapters/level-storage.ts';
import { nodeClock } from '../../../agent/adapters/node-clock.ts';
import { nodeRandom } from '../../../agent/adapters/node-random.ts';
import type { FeedPorts } from '../../../agent/api/feed.ts';
import { createBoard } from '../../../agent/daemon/board.ts';
import { createChanges } from '../../../agent/daemon/changes.ts';
import { createRates } from '../../../agent/daemon/rates.ts';
import { createRunning } from '../../../agent/daemon/running.ts';
import { createUploads } from '../../../agent/daemon/uploads.ts';
import type { EffectHandler, Host } from '../../../agent/host/contract.ts';
import { createHost } from '../../../agent/host/host.ts';
import type { HostLimits } from '../../../agent/host/limits.ts';
import type { Change, Clock, Storage } from '../../../agent/ports.ts';
import type { MachineEvent } from '../../../machines/kernel.ts';

export interface QueueOptions {
  readonly clock?: Clock;
  /** What the host sees of the disk. */
  readonly storage?: (real: Storage) => Storage;
  readonly ringMax?: number;
  readonly limits?: Partial<HostLimits>;
  readonly handlers?: Readonly<Record<string, EffectHandler>>;
}

export async function queueAboard(directory: string, options: QueueOptions = {}) {
  const clock = options.clock ?? nodeClock();
  const ports = { clock, random: nodeRandom(), log: () => {} };
  const real = createLevelStorage(directory);
  const host = createHost(
    { storage: options.storage?.(real) ?? real, ...ports },
    options.limits === undefined ? {} : { limits: options.limits },
  );
  const changes = createChanges(host, options.ringMax);
  const rates = createRates(clock);
  const running = createRunning((actor, figures) =>
    rates.note(actor, (figures as { bytesDurable?: number }).bytesDurable ?? 0),
  );
  const board = createBoard({ host, clock, running: running.actors });
  const uploads = createUploads({ host, board, rates, running, price: undefined });
  for (const [type, handler] of Object.entries(options.handlers ?? {}))
    host.register(type, running.track(handler));
  const report = await host.open();
  board.start();
  const feedPorts: FeedPorts = { clock, host, uploads, changes, stirred: running.listen, version: 'test' };
  return {
    host,
    changes,
    rates,
    running,
    board,
    uploads,
    feedPorts,
    report,
    async close() {
      board.stop();
      changes.stop();
      await host.close();
    },
  };
}

export type QueueAboard = Awaited<ReturnType<typeof queueAboard>>;

/** An upload's id: its number in Crockford's letters, in order. */
export const uploadId = (number: number): string => String(number).padStart(26, '0');

export const addUpload = (
  host: Host,
  number: number,
  more: { priority?: number; sizeBytes?: number } = {},
  rows: readonly Change[] = [],
) =>
  host.create(
    `upload/${uploadId(number)}`,
    {
      source: { kind: 'spooled', spool: `${number}.bytes`, sizeBytes: more.sizeBytes ?? 100_000 },
      name: `added/scan ${number}.pdf`,
      version: 1,
      priority: more.priority ?? 5,
      addedMs: 1_763_650_000_000 + number,
    },
    { rows },
  );

export const sentEvent = (lengthBytes = 100_000): MachineEvent => ({
  type: 'document.sent',
  lengthBytes,
  sha256: 'ab'.repeat(32),
  chunks: 1,
  wireBytes: lengthBytes + 100,
});

export const storedEvent = (): MachineEvent => ({
  type: 'upload.stored',
  documentId: 'doc-1',
  receipt: 'cmVjZWlwdA==',
  signature: 'c2ln',
  keyId: 'cloud-1',
  storedMs: 1_763_650_000_000,
});

/** Effects that succeed at once. */
export const smooth: Readonly<Record<string, EffectHandler>> = {
  sendDocument: async () => sentEvent(),
  confirmStored: async () => storedEvent(),
  releaseSource: async () => ({ type: 'source.released' }),
};

/** One server-sent event. */
export function parseEvent(text: string): { id?: number; event: string; data: unknown } | undefined {
  const fields = new Map(
    text
      .trim()
      .split('\n')
      .filter((line) => line.includes(': '))
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)] as const),
  );
  const data = fields.get('data');
  if (data === undefined) return undefined;
  const id = fields.get('id');
  return {
    ...(id === undefined ? {} : { id: Number(id) }),
    event: fields.get('event') ?? 'message',
    data: JSON.parse(data),
  };
}

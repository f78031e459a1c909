// The line as the daemon uses it: its four effects, the inventory page by page, figures, and what it notices. Built once per
// process by daemon.ts, over the ports that host and files provide.
import type { NoticeFrame } from '../../cloud/contract/frames.ts';
import type { Name } from '../../cloud/contract/name.ts';
import { nameFromBytes } from '../../cloud/contract/name.ts';
import type { LaneDialer } from '../../cloud/contract/socket.ts';
import type { Backoff } from '../../machines/backoff.ts';
import type { JsonObject } from '../../machines/json.ts';
import type { MachineEvent } from '../../machines/kernel.ts';
import { confirmStored } from '../effects/confirm-stored.ts';
import { closeLine, openLine } from '../effects/open-line.ts';
import { type SendDocumentPorts, sendDocument } from '../effects/send-document.ts';
import type { InventoryItem } from '../files/reconcile.ts';
import type { EffectHandler } from '../host/contract.ts';
import type { Clock, Random } from '../ports.ts';
import { lostDelayMs } from './delays.ts';
import { type LineLimitsAboard, lineLimits } from './limits.ts';
import { Line } from './line.ts';
import type { LineIdentity } from './upgrade.ts';

/** What the daemon gets of the line; it knows nothing more of frames and sockets. */
export interface LineEnd {
  readonly openLine: EffectHandler;
  readonly closeLine: EffectHandler;
  readonly sendDocument: EffectHandler;
  readonly confirmStored: EffectHandler;
  /** All this device has ashore, page by page, over the open line. Rejects with a Failure when the line is lost. */
  inventory(): AsyncIterable<readonly InventoryItem[]>;
  /** Figures for people: rate, round trip, bytes. */
  status(): JsonObject;
  /** Ceiling on bytes handed to the socket per second; null lifts it. Takes effect at once. */
  throttle(bytesPerSecond: number | null): void;
  /** A document that is on its way already gets another place in the order. */
  prioritise(uploadId: string, priority: number): void;
  /** Says goodbye and lets go of every socket and timer. */
  stop(): Promise<void>;
}

export interface LineEvents {
  /** `line.lost`, `link.degraded`, `link.recovered` for the connection's machine. */
  noticed(event: MachineEvent): void;
  /** Takes notices into the log; resolves with the cursor that may be acknowledged. */
  notices(notices: readonly NoticeFrame[]): Promise<number>;
}

export interface LineEndPorts extends Pick<SendDocumentPorts, 'open' | 'ledger' | 'unchanged'> {
  readonly dialer: LaneDialer;
  readonly clock: Clock;
  readonly random: Random;
  readonly identity: () => Promise<LineIdentity | undefined>;
  /** The log, this boot, and the last notice in the log. */
  readonly claim: () => Promise<{ readonly logId: string; readonly boot: number; readonly cursor: number }>;
  /** Name and priority of an upload, from its cell. */
  readonly uploadOf: (actor: string) => Promise<{ readonly name: Name; readonly priority: number }>;
  readonly events: LineEvents;
  readonly log: (message: string, fields: JsonObject) => void;
  readonly settings: LineSettings;
}

export interface LineSettings {
  readonly heartbeatMs: number;
  readonly connectTimeoutMs: number;
  /** Ceiling on bytes handed to the socket per second; null: none. */
  readonly rateMaxBytesPerSecond: number | null;
  /** For lost links, from the profile. */
  readonly backoff: Backoff;
  readonly limits?: LineLimitsAboard;
}

export function createLineEnd(ports: LineEndPorts): LineEnd {
  const { events, settings, random, clock } = ports;
  const line = new Line({
    ...ports,
    limits: { ...(settings.limits ?? lineLimits), connectTimeoutMs: settings.connectTimeoutMs },
    heartbeatMs: settings.heartbeatMs,
    keepNotices: (notices) => events.notices(notices),
    lost: (failure, epoch) => {
      const { class: failureClass, code, message } = failure;
      const delayMs = lostDelayMs(failure, random.unit());
      events.noticed({ type: 'line.lost', class: failureClass, code, message, delayMs, epoch });
    },
    crossed: (crossing) => events.noticed({ ...crossing }),
    log: (fields) => ports.log('The line reports trouble.', fields as JsonObject),
  });
  line.throttle(settings.rateMaxBytesPerSecond);
  return {
    openLine: openLine({ line, claim: ports.claim, random, backoff: settings.backoff }),
    closeLine: closeLine(line),
    sendDocument: sendDocument({ ...ports, line, clock }),
    confirmStored: confirmStored({ line, uploadOf: ports.uploadOf, random }),
    inventory: () => pagesOf(line),
    status: () => ({ ...line.status() }),
    throttle: (bytesPerSecond) => line.throttle(bytesPerSecond),
    prioritise: (uploadId, priority) => line.prioritise(uploadId, priority),
    async stop() {
      line.close();
    },
  };
}

/** Pages in order of names; a page that does not move on ends it. */
async function* pagesOf(line: Line): AsyncGenerator<readonly InventoryItem[]> {
  let after: Uint8Array | null = null;
  for (;;) {
    const page = await line.inventory(after);
    const last = page.entries.at(-1);
    yield page.entries.map((entry) => ({
      ...entry,
      name: nameFromBytes(entry.name),
      sha256: Uint8Array.from(entry.sha256),
    }));
    if (!page.more || !last) return;
    after = Uint8Array.from(last.name);
  }
}

// What the daemon needs of the line to the cloud: the effects that use it, the cloud's inventory, and word of what happens
// to it. agent/line provides it; the composition knows nothing more of frames and sockets.
import type { JsonObject } from '../../machines/json.ts';
import type { MachineEvent } from '../../machines/kernel.ts';
import type { InventoryItem } from '../files/reconcile.ts';
import type { EffectHandler } from '../host/contract.ts';
import type { Notice } from './notices.ts';

export interface LineEnd {
  readonly openLine: EffectHandler;
  readonly closeLine: EffectHandler;
  readonly sendDocument: EffectHandler;
  readonly confirmStored: EffectHandler;
  /** All this device has ashore, page by page, over the open line. Rejects when the line is lost. */
  inventory(): AsyncIterable<readonly InventoryItem[]>;
  /** Figures for people: rate, round trip, bytes. */
  status(): JsonObject;
  /** Says goodbye and lets go of every socket and timer. */
  stop(): Promise<void>;
}

export interface LineEvents {
  /** `line.lost`, `link.degraded`, `link.recovered` for the connection's machine. */
  noticed(event: MachineEvent): void;
  /** Takes notices into the log; resolves with the cursor that may be acknowledged. */
  notices(notices: readonly Notice[]): Promise<number>;
}

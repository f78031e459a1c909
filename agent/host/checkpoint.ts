// Two small rows about the log itself: which log this is and where its chain begins, and how far the heads have caught up.
// Read by recovery and audit, written by the host with each checkpoint and by the retention.
import { registry } from '../../machines/registry.ts';
import { TenderError } from '../errors.ts';
import type { Change } from '../ports.ts';
import { keys } from './keys.ts';
import { seal, unseal } from './sealed.ts';
import { fromTheFuture } from './slot.ts';
import type { Tip } from './store.ts';

/** Layout of keys and values. A greater number in a database means a newer release wrote it. */
export const formatVersion = 1;

export interface Identity {
  readonly format: number;
  readonly logId: string;
  /** The record before the first one kept: its hash is what the chain hangs on. */
  readonly base: Tip;
}

export interface Checkpoint {
  /** Every record up to here is in the heads. */
  readonly seq: number;
  readonly hash: string;
  /** The chain is verified from here at each start: further back than anything LevelDB may still hold in its own log. */
  readonly verifyFrom: number;
  /** The host's own record number, the boot, and the greatest log time seen. */
  readonly hostN: number;
  readonly boot: number;
  readonly at: number;
  /** Bytes of records kept, for the retention. */
  readonly logBytes: number;
  /** Machine versions that wrote the heads. */
  readonly kinds: { readonly [kind: string]: number };
}

export function identityRow(identity: Identity): Change {
  return row(keys.identity, identity);
}

export function checkpointRow(checkpoint: Omit<Checkpoint, 'kinds'>): Change {
  const kinds = Object.fromEntries(Object.values(registry).map(({ kind, version }) => [kind, version]));
  return row(keys.checkpoint, { ...checkpoint, kinds });
}

function row(key: string, value: object): Change {
  return { type: 'put', key, value: seal(key, JSON.stringify(value)) };
}

/** Throws TENDER_LOG_FROM_THE_FUTURE, TENDER_LOG_BROKEN. */
export function readIdentity(sealed: string): Identity {
  const identity = JSON.parse(unseal(keys.identity, sealed)) as Identity;
  if (identity.format > formatVersion) throw fromTheFuture(`log format ${identity.format}`);
  return identity;
}

/** Throws TENDER_LOG_FROM_THE_FUTURE when heads were written by a newer machine, TENDER_LOG_BROKEN. */
export function readCheckpoint(sealed: string | undefined): Checkpoint {
  if (sealed === undefined) throw new TenderError('TENDER_LOG_BROKEN', 'The log has lost its checkpoint.');
  const checkpoint = JSON.parse(unseal(keys.checkpoint, sealed)) as Checkpoint;
  for (const [kind, version] of Object.entries(checkpoint.kinds)) {
    if (version > (registry[kind]?.version ?? 0)) throw fromTheFuture(`${kind}@${version}`);
  }
  return checkpoint;
}

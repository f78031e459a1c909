// Is the log what it promised to be? Verifies the chain from before the checkpoint, folds what no head holds yet, and says
// either where it stands or what is broken, with all that could still be trusted. Reads only. Used at every start.
import { MachineError } from '../../machines/error.ts';
import { final } from '../../machines/kernel.ts';
import { foldRecord } from '../../machines/replay.ts';
import { TenderError } from '../errors.ts';
import type { KeyValue } from '../ports.ts';
import { type Checkpoint, type Identity, readCheckpoint, readIdentity } from './checkpoint.ts';
import type { Rec } from './contract.ts';
import { below, keys, prefixes, sequenceOf } from './keys.ts';
import { decodeRecord, follows, hashLength } from './record.ts';
import { fromTheFuture, readSlot, type Slot } from './slot.ts';
import type { parseMark, Tip } from './store.ts';
import { hostActor } from './turn.ts';

/** Where a log stands. */
export interface Standing {
  readonly identity: Identity;
  readonly checkpoint: Checkpoint;
  readonly tip: Tip;
  /** Actors whose state is newer than their head. */
  readonly slots: ReadonlyMap<string, Slot>;
  /** Actors that became receipts since the checkpoint. */
  readonly finished: ReadonlySet<string>;
  /** Newly set aside: their records do not fold. */
  readonly quarantined: readonly string[];
  readonly hostN: number;
  readonly boot: number;
  /** Greatest log time seen. */
  readonly at: number;
  readonly replayed: number;
  readonly clean: boolean;
}

export type Verdict =
  | { readonly kind: 'fresh' }
  | { readonly kind: 'whole'; readonly standing: Standing }
  | { readonly kind: 'broken'; readonly reason: string; readonly standing?: Standing; readonly lost: number };

/** Throws TENDER_LOG_FROM_THE_FUTURE; every other trouble is a verdict. */
export async function verify(kv: KeyValue, mark: ReturnType<typeof parseMark>): Promise<Verdict> {
  try {
    const sealed = await kv.get(keys.identity);
    if (sealed === undefined) {
      if (mark !== undefined) {
        return {
          kind: 'broken',
          reason: `The log is gone; ${mark.seq} records had been promised.`,
          lost: mark.seq,
        };
      }
      for await (const _ of kv.iterate({ limit: 1 })) {
        return { kind: 'broken', reason: 'The log has rows but no name.', lost: 0 };
      }
      return { kind: 'fresh' };
    }
    return await verifyKnown(kv, readIdentity(sealed), mark);
  } catch (error) {
    if (error instanceof TenderError && error.code === 'TENDER_LOG_FROM_THE_FUTURE') throw error;
    return { kind: 'broken', reason: `The log cannot be read: ${(error as Error).message}`, lost: 0 };
  }
}

async function verifyKnown(
  kv: KeyValue,
  identity: Identity,
  mark: ReturnType<typeof parseMark>,
): Promise<Verdict> {
  const checkpoint = readCheckpoint(await kv.get(keys.checkpoint));
  const faults: string[] = [];
  if (mark !== undefined && mark.logId !== identity.logId) {
    faults.push('The database is not the one that was promised here.');
  }
  const noted = await kv.get(keys.damage);
  if (noted !== undefined) faults.push(noted);
  const behind = await verifyChain(kv, identity, checkpoint);
  if (behind !== undefined) faults.push(behind);

  const folding = await foldTail(kv, checkpoint, mark);
  faults.push(...folding.faults);
  const { tip } = folding.standing;
  const last = await lastSequence(kv);
  if (mark !== undefined && mark.logId === identity.logId && mark.seq > Math.max(last, tip.seq)) {
    faults.push(`Records ${last + 1} to ${mark.seq} had been promised and are gone.`);
  }
  const clean = await closedAt(kv, tip.seq);
  const standing = { ...folding.standing, identity, checkpoint, clean };
  if (faults.length === 0) return { kind: 'whole', standing };
  const lost = Math.max(last, mark?.logId === identity.logId ? mark.seq : 0) - tip.seq;
  return { kind: 'broken', reason: faults.join(' '), standing, lost: Math.max(0, lost) };
}

/** The links from `verifyFrom` to the checkpoint; answers what is wrong. */
async function verifyChain(
  kv: KeyValue,
  identity: Identity,
  checkpoint: Checkpoint,
): Promise<string | undefined> {
  const { base } = identity;
  let expected = Math.max(checkpoint.verifyFrom, base.seq + 1);
  let previous = expected === base.seq + 1 ? base.hash : undefined;
  const range = { gte: keys.log(expected), lte: keys.log(checkpoint.seq) };
  for await (const [key, row] of kv.iterate(range)) {
    const seq = sequenceOf(key);
    if (seq !== expected) return `Records ${expected} to ${seq - 1} are missing.`;
    if (previous !== undefined && !follows(previous, row)) return `Record ${seq} is not what was written.`;
    previous = row.slice(0, hashLength);
    expected += 1;
  }
  if (expected !== checkpoint.seq + 1) return `Records ${expected} to ${checkpoint.seq} are missing.`;
  if (checkpoint.seq > base.seq && previous !== checkpoint.hash) {
    return `Record ${checkpoint.seq} is not the one the checkpoint was made at.`;
  }
  return undefined;
}

/** Folds the records behind the checkpoint, as far as the chain holds. */
async function foldTail(
  kv: KeyValue,
  checkpoint: Checkpoint,
  mark: ReturnType<typeof parseMark>,
): Promise<{
  readonly faults: string[];
  readonly standing: Omit<Standing, 'identity' | 'checkpoint' | 'clean'>;
}> {
  const faults: string[] = [];
  const slots = new Map<string, Slot>();
  const finished = new Set<string>();
  const quarantined: string[] = [];
  const unusable = new Set<string>();
  let { seq, hash, hostN, boot, at } = checkpoint;
  let replayed = 0;

  const range = { gt: keys.log(checkpoint.seq), lt: below(prefixes.log).lt };
  for await (const [key, row] of kv.iterate(range)) {
    const here = sequenceOf(key);
    const rec = follows(hash, row) ? decodeRecord(row) : undefined;
    if (here !== seq + 1 || rec?.seq !== here) {
      const what = here === seq + 1 ? `Record ${here} is` : `Records ${seq + 1} to ${here - 1} are`;
      faults.push(`${what} not what was written.`);
      break;
    }
    if (here === mark?.seq && rec.hash !== mark.hash)
      faults.push(`Record ${here} is not the one that was promised.`);
    seq = here;
    hash = rec.hash;
    boot = Math.max(boot, rec.boot);
    at = Math.max(at, rec.at);
    replayed += 1;
    if (rec.actor === hostActor) {
      hostN = rec.n;
      await foldHostRecord(rec);
    } else if (!unusable.has(rec.actor)) await foldActorRecord(rec);
  }
  return {
    faults,
    standing: { tip: { seq, hash }, slots, finished, quarantined, hostN, boot, at, replayed },
  };

  async function foldHostRecord(rec: Rec): Promise<void> {
    const { type, actor, reason } = rec.event;
    if (type !== 'actor.quarantined' || typeof actor !== 'string') return;
    const slot = slots.get(actor) ?? (await head(actor));
    if (slot !== undefined) slots.set(actor, { ...slot, quarantined: String(reason) });
  }

  async function foldActorRecord(rec: Rec): Promise<void> {
    const before = rec.n === 1 ? undefined : (slots.get(rec.actor) ?? (await head(rec.actor)));
    if (before?.quarantined !== undefined) return;
    if (before !== undefined && before.cell.n >= rec.n) return;
    // An actor that ended since the checkpoint has no head any more: its receipt went into the batch of its last record.
    if (rec.n > 1 && before === undefined && (await endedAt(rec.actor)) >= rec.n) {
      finished.add(rec.actor);
      return;
    }
    if (rec.n > 1 && before?.cell.n !== rec.n - 1) {
      faults.push(`The head of ${rec.actor} is not the one that was written.`);
      unusable.add(rec.actor);
      return;
    }
    const kind = rec.actor.slice(0, rec.actor.indexOf('/'));
    const place = {
      first: before?.first ?? rec.seq,
      last: rec.seq,
      bornAt: before?.bornAt ?? rec.at,
      lastAt: rec.at,
    };
    try {
      const cell = foldRecord(before?.cell, rec);
      if (final(kind, cell)) {
        slots.delete(rec.actor);
        finished.add(rec.actor);
      } else slots.set(rec.actor, { actor: rec.actor, kind, cell, ...place });
    } catch (error) {
      const code = error instanceof MachineError ? error.code : '';
      if (code === 'TENDER_HISTORY_FROM_THE_FUTURE' || code === 'TENDER_KIND_UNKNOWN')
        throw fromTheFuture(rec.kind);
      unusable.add(rec.actor);
      quarantined.push(rec.actor);
      const cell = before?.cell ?? { n: rec.n, value: rec.state, context: {}, fx: {}, tm: {} };
      slots.set(rec.actor, { actor: rec.actor, kind, cell, ...place, quarantined: (error as Error).message });
    }
  }

  /** The last record of an actor that has become a receipt; 0: it has not. */
  async function endedAt(actor: string): Promise<number> {
    const key = keys.receipt(actor);
    const sealed = await kv.get(key);
    return sealed === undefined ? 0 : readSlot(actor, key, sealed).cell.n;
  }

  async function head(actor: string): Promise<Slot | undefined> {
    const key = keys.head(actor);
    const sealed = await kv.get(key);
    if (sealed === undefined) return undefined;
    try {
      return readSlot(actor, key, sealed);
    } catch (error) {
      if (error instanceof TenderError && error.code === 'TENDER_LOG_FROM_THE_FUTURE') throw error;
      faults.push(`The head of ${actor} cannot be read.`);
      unusable.add(actor);
      return undefined;
    }
  }
}

/** Whether the last record says that the log was closed in an orderly way. */
async function closedAt(kv: KeyValue, seq: number): Promise<boolean> {
  const row = await kv.get(keys.log(seq));
  return row !== undefined && decodeRecord(row)?.event.type === 'host.closed';
}

async function lastSequence(kv: KeyValue): Promise<number> {
  for await (const [key] of kv.iterate({ ...below(prefixes.log), reverse: true, limit: 1 }))
    return sequenceOf(key);
  return 0;
}

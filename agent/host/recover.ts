// Opens the log: whole, new, or broken and rebuilt. Recovery may itself be killed at any point, as often as it likes; it
// then begins again with the same evidence. Called once by Host.open, before anything may be promised.
import { TenderError } from '../errors.ts';
import type { Clock, KeyValue, Random, Storage } from '../ports.ts';
import type { Rebuilt } from './contract.ts';
import { keys } from './keys.ts';
import { begin, refill, type Salvage, salvage } from './rebuild.ts';
import { parseMark } from './store.ts';
import { type Standing, type Verdict, verify } from './verify.ts';

export interface RecoverParts {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: (line: string) => void;
}

export interface Recovered {
  readonly kv: KeyValue;
  readonly standing: Standing;
  readonly rebuilt?: Rebuilt;
}

const rebuildingPrefix = 'rebuilding ';
const nothing: Salvage = { slots: [], receipts: [], rows: [] };

/** Throws TENDER_STATE_LOCKED, TENDER_LOG_FROM_THE_FUTURE, TENDER_LOG_WRITE_FAILED (the disk does not let it be opened). */
export async function recover(parts: RecoverParts): Promise<Recovered> {
  const { storage } = parts;
  const note = (await storage.marked?.()) ?? '';
  const rebuilding = note.startsWith(rebuildingPrefix);
  const mark = parseMark(rebuilding ? note.slice(rebuildingPrefix.length) : note);

  let kv = await openOrBroken(storage);
  if (rebuilding && typeof kv !== 'string' && (await kv.get(keys.identity)) === undefined) {
    await kv.close();
    await storage.restore?.();
    kv = await openOrBroken(storage);
  }
  if (typeof kv === 'string') {
    return rebuild(parts, undefined, { kind: 'broken', reason: kv, lost: mark?.seq ?? 0 }, note);
  }
  try {
    let verdict = await verify(kv, mark);
    if (rebuilding && verdict.kind === 'broken' && verdict.standing?.identity.logId !== mark?.logId) {
      // The rebuild had been completed; only its mark was not written any more.
      verdict = await verify(kv, undefined);
    }
    if (verdict.kind === 'whole') return { kv, standing: verdict.standing };
    if (verdict.kind === 'fresh') return await start(parts, kv);
    return await rebuild(parts, kv, verdict, note);
  } catch (error) {
    await kv.close().catch(() => undefined);
    throw error;
  }
}

/** The open database, or what is wrong with it in one sentence. */
async function openOrBroken(storage: Storage): Promise<KeyValue | string> {
  try {
    return await storage.open();
  } catch (error) {
    if (error instanceof TenderError && error.code === 'TENDER_LOG_BROKEN') return error.message;
    throw error;
  }
}

async function start(parts: RecoverParts, kv: KeyValue): Promise<Recovered> {
  const logId = newLogId(parts.random);
  await begin(kv, { type: 'log.opened', logId }, { ...place(parts), logId, boot: 0 });
  return { kv, standing: await standingOf(kv) };
}

async function rebuild(
  parts: RecoverParts,
  broken: KeyValue | undefined,
  verdict: Verdict & { kind: 'broken' },
  note: string,
): Promise<Recovered> {
  const { storage, log } = parts;
  log(`the log is broken and is rebuilt: ${verdict.reason}`);
  const saved = broken === undefined ? nothing : await salvage(broken, verdict);
  await broken?.close();
  if (!note.startsWith(rebuildingPrefix)) storage.mark?.(`${rebuildingPrefix}${note}`.slice(0, 200), true);
  const evidence = await storage.quarantine(verdict.reason);
  const kv = await storage.open();
  try {
    const former = verdict.standing;
    const trusted = saved.slots.length + saved.receipts.length + saved.rows.length > 0;
    const rebuilt: Rebuilt = {
      reason: verdict.reason,
      evidence,
      ...(former === undefined ? {} : { formerLogId: former.identity.logId }),
      from: trusted ? 'checkpoint' : 'empty',
      actorsSaved: saved.slots.length + saved.receipts.length,
      rowsSaved: saved.rows.length,
      recordsLost: verdict.lost,
    };
    const logId = newLogId(parts.random);
    const here = place(parts);
    // Timers of the former log may lie ahead of a clock that was set back: the new log must know how far.
    const at = Math.max(here.at, former?.at ?? 0);
    await refill(kv, saved, rebuilt, { ...here, at, logId, boot: former?.boot ?? 0 });
    return { kv, standing: await standingOf(kv), rebuilt };
  } catch (error) {
    await kv.close().catch(() => undefined);
    throw error;
  }
}

function place(parts: RecoverParts): { storage: Storage; at: number; wall: number } {
  const wall = Math.floor(parts.clock.wallMs());
  return { storage: parts.storage, at: wall, wall };
}

/** A log just written must be readable; anything else is a broken disk. */
async function standingOf(kv: KeyValue): Promise<Standing> {
  const verdict = await verify(kv, undefined);
  if (verdict.kind !== 'whole') {
    throw new TenderError(
      'TENDER_LOG_BROKEN',
      'A log that was written just now cannot be read back. Check the disk, then start again.',
    );
  }
  return verdict.standing;
}

function newLogId(random: Random): string {
  return Buffer.from(random.bytes(16)).toString('hex');
}

// The one loop that turns events into facts. While a batch is on its way to the disk the next one is decided on top of it
// where that pays (pace.ts); it is handed over only when the first is known to be kept, and nothing of either is published or
// answered before it is durable itself. Built by host.ts, which supplies what follows a commit.
import { TenderError } from '../errors.ts';
import type { Change, Clock } from '../ports.ts';
import type { Cells } from './cells.ts';
import { checkpointRow } from './checkpoint.ts';
import type { Rec } from './contract.ts';
import type { HostLimits } from './limits.ts';
import { createPace } from './pace.ts';
import type { Chained, Prepared, Store } from './store.ts';
import { addHostRecord, type Decided, decide, type Mail, type Moment } from './turn.ts';
import type { Watermark } from './watermark.ts';

export interface Loop {
  post(mail: Mail): void;
  /** Writes the heads of everything that changed, with the next batch or in one of their own. */
  wantHeads(): void;
  readonly waiting: number;
  /** Whether the next state of an actor is on its way to the disk. */
  flying(actor: string): boolean;
  /** Tells people and programs that wait that nothing is promised now; outcomes and timers stay. */
  refuseCallers(error: Error): void;
  /** Fails everything that waits; nothing is taken any more. */
  end(error: Error): void;
  /** Resolves when nothing is being written. */
  rest(): Promise<void>;
}

export interface LoopParts {
  readonly clock: Clock;
  readonly limits: HostLimits;
  readonly store: Store;
  readonly cells: Cells;
  readonly watermark: Watermark;
  readonly boot: number;
  readonly now: () => number;
  readonly hostN: number;
  /** Greatest log time of earlier boots. */
  readonly latest: number;
  /** After a commit, in order: everything in `decided` is durable. */
  readonly published: (decided: Decided, recs: readonly Rec[]) => void;
  /** After the callers were answered. */
  readonly follow: (decided: Decided) => void;
  /** The log cannot be trusted or written any more. */
  readonly failed: (error: Error) => void;
}

/** A decided turn, and what it wants to write. */
interface Staged {
  readonly mails: readonly Mail[];
  readonly decided: Decided;
  readonly chained: Chained;
  readonly prepared: Prepared;
  readonly heads: boolean;
  /** Set when handed over: true once durable, false when known not to be there. */
  written?: Promise<boolean>;
  /** This thread's own work for it so far, ms. */
  workMs: number;
}

export function createLoop(parts: LoopParts): Loop {
  const { clock, limits, store, cells, watermark } = parts;
  const pace = createPace();
  let mailbox: Mail[] = [];
  /** Mails that must not wait for the soft delay. */
  let hard = 0;
  let heads = false;
  let hostN = parts.hostN;
  let flying: Staged | undefined;
  let staging: readonly Mail[] = [];
  let running: Promise<void> | undefined;
  let ended = false;
  let arrived: (() => void) | undefined;
  let softTimer: (() => void) | undefined;
  let idleTimer: (() => void) | undefined;

  const wanted = (): boolean => !ended && (hard > 0 || heads);

  function post(mail: Mail): void {
    mailbox.push(mail);
    if (!mail.soft) {
      hard += 1;
      wake();
      return;
    }
    softTimer ??= clock.after(limits.softDelayMs, () => {
      softTimer = undefined;
      hard = Math.max(hard, 1);
      wake();
    });
  }

  function wake(): void {
    arrived?.();
    if (running !== undefined || ended) return;
    running = run()
      .catch(parts.failed)
      .finally(() => {
        running = undefined;
        if (wanted()) wake();
      });
  }

  async function run(): Promise<void> {
    while (wanted() || flying !== undefined) {
      // Whoever sends in the same tick shares the turn.
      await Promise.resolve();
      await Promise.resolve();
      const before = flying;
      const joins = before === undefined || pace.overlaps(before.mails.length + mailbox.length);
      const staged = wanted() && joins ? await stage() : undefined;
      if (before !== undefined && !(await before.written)) {
        flying = undefined;
        staged?.prepared.discard();
        putBack([...before.mails, ...(staged?.mails ?? [])], before.heads || staged?.heads === true);
        continue;
      }
      flying = staged !== undefined && staged.decided.drafts.length > 0 ? handOver(staged) : undefined;
      if (before !== undefined) finish(before);
      if (staged !== undefined && flying === undefined) {
        staged.prepared.discard();
        finish(staged);
      }
      if (flying !== undefined && !wanted()) await Promise.race([flying.written, mail()]);
    }
  }

  /** Resolves when the next mail comes that does not want to wait. */
  function mail(): Promise<void> {
    return new Promise((resolve) => {
      arrived = () => {
        arrived = undefined;
        resolve();
      };
    });
  }

  function handOver(staged: Staged): Staged {
    const began = clock.monotonicMs();
    const written = store.append(staged.prepared);
    // It is looked at later; until then a rejection is nobody's fault.
    written.then(
      () => pace.written(clock.monotonicMs() - began),
      () => undefined,
    );
    staged.workMs += clock.monotonicMs() - began;
    staged.written = written;
    return staged;
  }

  /** Decides the next turn on top of the one on its way. */
  async function stage(): Promise<Staged | undefined> {
    const began = clock.monotonicMs();
    const share = pace.take(mailbox.length, flying === undefined);
    const mails = mailbox.splice(0, Math.min(share, limits.turnMaxEvents));
    staging = mails;
    hard = mailbox.reduce((count, mail) => count + (mail.soft ? 0 : 1), 0);
    if (mailbox.length > 0) hard = Math.max(hard, 1);
    else {
      softTimer?.();
      softTimer = undefined;
    }
    const from = flying?.chained.tip ?? store.tip;
    const moment: Moment = {
      at: parts.now(),
      wall: Math.floor(clock.wallMs()),
      boot: parts.boot,
      seq: from.seq,
      hostN: flying?.decided.hostN ?? hostN,
    };
    let decided: Decided;
    try {
      decided = await decide(mails, cells, moment, flying?.decided);
    } catch (error) {
      // While the log is being reopened nothing can be read; the turn is decided again after that.
      if (flying === undefined || store.writing !== 'stopped') throw error;
      mailbox.unshift(...mails);
      hard = Math.max(hard, 1);
      return undefined;
    } finally {
      staging = [];
    }
    const writeHeads = heads || (flying?.heads !== true && watermark.due(from.seq + decided.drafts.length));
    heads = false;
    if (writeHeads) addHeads(decided, moment);
    const chained = store.chain(decided.drafts, from);
    if (writeHeads && decided.drafts.length > 0) {
      const at = Math.max(moment.at, parts.latest);
      decided.changes.push(
        checkpointRow(watermark.next(chained.tip, { hostN: decided.hostN, boot: moment.boot, at })),
      );
    }
    const prepared = store.prepare(chained, decided.changes);
    return { mails, decided, chained, prepared, heads: writeHeads, workMs: clock.monotonicMs() - began };
  }

  /** Heads of everything that has changed, as it will be once this turn is durable. */
  function addHeads(decided: Decided, moment: Moment): void {
    const newer = new Map([...(flying?.decided.newer ?? []), ...decided.newer]);
    const gone = new Set([...(flying?.decided.gone ?? []), ...decided.gone]);
    for (const actor of gone) newer.delete(actor);
    const rows: Change[] = cells.dirtyRows(newer, gone);
    if (decided.drafts.length === 0 && rows.length > 0) {
      addHostRecord(decided, moment, { type: 'heads.written', count: rows.length });
    }
    for (const row of rows) decided.changes.push(row);
  }

  /** The turn is durable (or has written nothing): publish, answer, go on. */
  function finish(staged: Staged): void {
    const began = clock.monotonicMs();
    const { decided, chained } = staged;
    if (decided.drafts.length > 0) {
      hostN = decided.hostN;
      watermark.written(chained.changes, decided.changes);
      if (staged.heads) watermark.reached(chained.tip);
      for (const slot of decided.newer.values()) cells.publish(slot);
      for (const actor of decided.gone) cells.finish(actor);
      if (staged.heads) cells.clean();
      cells.evict();
      parts.published(decided, chained.recs);
      planHeads();
    }
    for (const { mail, draft, refused } of decided.answers) {
      if (refused !== undefined) mail.answer(refused);
      else if (draft === undefined) mail.answer(undefined);
      else {
        const { seq, n, state } = chained.recs[draft]!;
        mail.answer({ accepted: true, seq, n, state });
      }
    }
    parts.follow(decided);
    pace.worked(staged.mails.length, staged.workMs + clock.monotonicMs() - began);
  }

  /** Once it is quiet, the heads are written, so that the next start folds nothing. */
  function planHeads(): void {
    idleTimer?.();
    idleTimer = undefined;
    if (cells.dirtyCount === 0 || ended) return;
    idleTimer = clock.after(limits.idleCheckpointMs, () => {
      heads = true;
      wake();
    });
  }

  /** These batches are known not to be there: outcomes and timers try again, people and programs are told. */
  function putBack(mails: readonly Mail[], wantedHeads: boolean): void {
    const again = mails.filter(persists);
    for (const each of mails) if (!persists(each)) each.fail(notKept(store.lastError));
    mailbox.unshift(...again);
    if (again.some((each) => !each.soft)) hard = Math.max(hard, 1);
    heads ||= wantedHeads;
  }

  const waitingMails = (): Mail[] => [...(flying?.mails ?? []), ...staging, ...mailbox];

  return {
    post,
    wantHeads: () => {
      heads = true;
      wake();
    },
    get waiting() {
      return mailbox.length;
    },
    flying: (actor) =>
      flying !== undefined && (flying.decided.newer.has(actor) || flying.decided.gone.has(actor)),
    refuseCallers: (error) => {
      for (const each of waitingMails()) if (!persists(each)) each.fail(error);
      mailbox = mailbox.filter(persists);
    },
    end: (error) => {
      ended = true;
      softTimer?.();
      idleTimer?.();
      for (const each of waitingMails()) each.fail(error);
      mailbox = [];
      arrived?.();
    },
    rest: async () => {
      await running;
    },
  };
}

/** Outcomes of effects and timers are delivered until the log has taken or refused them. */
function persists(mail: Mail): boolean {
  return mail.src === 'fx' || mail.src === 'tm';
}

export function notKept(reason: string | undefined): TenderError {
  return new TenderError(
    'TENDER_LOG_WRITE_FAILED',
    `Nothing was kept: the log could not be written (${reason ?? 'it is closed'}). Free some space or check the disk, then repeat.`,
  );
}

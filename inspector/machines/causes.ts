// Which record caused which? A result names the effect and with it the record that started it; a timer's firing belongs to
// the record that armed it; and the other way round: what became of the effects and timers that a record began. All within
// one actor: machines cause nothing in each other but through the host.
import type { Moment } from './moments.ts';

/** Records looked at on each side of the cursor for the other end of a link. */
export const causeScanRecords = 512;

/** One link from a record to another of the same actor; `n` null: the other end is not known (or not yet). */
export interface CauseLink {
  readonly direction: 'cause' | 'outcome';
  /** What joins the two: `sendDocument 7.0`, `timer retry`. */
  readonly through: string;
  readonly n: number | null;
  /** What happened there, or what is still awaited. */
  readonly what: string;
}

/** How a neighbouring record is looked up; undefined: not held. */
export type MomentAt = (n: number) => Moment | undefined;

export function causesOf(moment: Moment, at: MomentAt, lastN: number): readonly CauseLink[] {
  const { record } = moment;
  if (!record) return [];
  const links: CauseLink[] = [];
  const { fx, timer } = record.event;
  if (typeof fx === 'string') {
    const n = Number(fx.split('.', 1)[0]);
    const type = moment.before?.fx[fx]?.type ?? 'effect';
    links.push({
      direction: 'cause',
      through: `${type} ${fx}`,
      n,
      what: at(n)?.record?.type ?? 'started it',
    });
  }
  if (typeof timer === 'string') {
    const n = armedBy(timer, record.event.due, record.n, at);
    links.push({
      direction: 'cause',
      through: `timer ${timer}`,
      n,
      what: (n !== null && at(n)?.record?.type) || 'armed it',
    });
  }
  for (const op of moment.ops) {
    if (op.op === 'start') {
      // Gone from the ledger: answered for good, or stopped.
      const end = outcome(record.n, lastN, at, (later) => !Object.hasOwn(later.cell.fx, op.id));
      links.push(linkTo(`${op.type} ${op.id}`, end, 'still under way'));
    } else if (op.op === 'arm') {
      const end = outcome(record.n, lastN, at, (later) => later.cell.tm[op.id]?.due !== op.due);
      links.push(linkTo(`timer ${op.id}`, end, 'still armed'));
    }
  }
  return links;
}

/** Sequences of the other ends of a moment's links, as far as they are held. */
export function linkedSeqs(
  moment: Moment,
  at: MomentAt,
  seqs: { readonly list: readonly number[]; seqOf(n: number): number | undefined },
): readonly number[] {
  const lastN = (moment.record?.n ?? 0) + seqs.list.length;
  return causesOf(moment, at, lastN)
    .map(({ n }) => (n === null ? undefined : seqs.seqOf(n)))
    .filter((seq) => seq !== undefined);
}

function linkTo(through: string, end: Moment | null | undefined, open: string): CauseLink {
  if (end === undefined) return { direction: 'outcome', through, n: null, what: 'further on' };
  if (end === null) return { direction: 'outcome', through, n: null, what: open };
  return { direction: 'outcome', through, n: end.n, what: end.record?.type ?? '' };
}

/** The first later moment that holds; null: none up to the end; undefined: not within what is held. */
function outcome(
  n: number,
  lastN: number,
  at: MomentAt,
  holds: (later: Moment) => boolean,
): Moment | null | undefined {
  for (let next = n + 1; next <= Math.min(lastN, n + causeScanRecords); next++) {
    const later = at(next);
    if (!later) return undefined;
    if (holds(later)) return later;
  }
  return lastN > n + causeScanRecords ? undefined : null;
}

/** Back to the record after which a timer of that due time was first armed. */
function armedBy(timer: string, due: unknown, n: number, at: MomentAt): number | null {
  let found: number | null = null;
  for (let earlier = n - 1; earlier >= Math.max(1, n - causeScanRecords); earlier--) {
    const moment = at(earlier);
    if (!moment || moment.cell.tm[timer]?.due !== due) return found;
    found = earlier;
  }
  return found;
}

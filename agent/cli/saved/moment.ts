// One actor at one moment of a log, wherever that log is: for `tender inspect --at` and `tender whatif`.
import type { SavedRecord } from '../../../machines/bundle.ts';
import type { Cell } from '../../../machines/kernel.ts';
import { kindOf } from '../../../machines/registry.ts';
import { foundMax, type LogSource } from '../../bundle/log-source.ts';
import { TenderError } from '../../errors.ts';

export interface Moment {
  readonly actor: string;
  readonly kind: string;
  readonly cell: Cell;
  /** The actor's last record up to then; undefined: that is no longer kept, only the cell. */
  readonly record: SavedRecord | undefined;
  /** The cell before that record; undefined: it was the first, or nothing older is kept. */
  readonly before: Cell | undefined;
  /** Log time of the moment, ms: now, at the end of a log. */
  readonly at: number;
  /** Whether this is the end of the log. */
  readonly present: boolean;
}

/** `at`: a sequence of the log; undefined: its end. Throws TENDER_NO_SUCH_ACTOR. */
export async function momentOf(source: LogSource, name: string, at: number | undefined): Promise<Moment> {
  const actor = await actorNamed(source, name);
  const seq = at ?? source.head;
  if (seq > source.head || seq < source.oldest)
    throw new TenderError(
      'TENDER_USAGE',
      `This log has records ${source.oldest} to ${source.head}, not ${seq}.`,
    );
  let record: SavedRecord | undefined;
  for await (const one of source.ofActor(actor, 0)) {
    if (one.seq > seq) break;
    record = one;
  }
  const n = record?.n ?? (await standingN(source, actor, seq));
  const base = n === undefined ? undefined : await source.base(actor, n);
  if (base === undefined)
    throw new TenderError(
      'TENDER_NO_SUCH_ACTOR',
      `${actor} has no record up to ${seq} here: choose a later moment with --at, or another actor.`,
    );
  const before = record && record.n > 1 ? (await source.base(actor, record.n - 1))?.cell : undefined;
  const present = at === undefined || at === source.head;
  return {
    actor,
    kind: kindOf(actor),
    cell: base.cell,
    record,
    before,
    at: present ? source.nowMs : (record?.at ?? source.nowMs),
    present,
  };
}

/** An actor without a record here stands where its base stands. */
async function standingN(source: LogSource, actor: string, seq: number): Promise<number | undefined> {
  for await (const one of source.ofActor(actor, 0)) return one.seq > seq ? one.n - 1 : one.n;
  for await (const one of source.actors()) if (one.actor === actor) return one.n;
  return undefined;
}

/** `connection`, `breaker`, a whole id, or a part of at least four letters that only one actor has. */
async function actorNamed(source: LogSource, name: string): Promise<string> {
  if (name === 'connection') return 'connection/main';
  if (name === 'breaker') return 'breaker/line';
  if (/^[a-z]{1,20}\/[\w.-]{1,64}$/.test(name)) return name;
  if (!/^[\w-]{4,64}$/.test(name))
    throw new TenderError('TENDER_USAGE', `--actor ${name} needs an id, or at least four letters of one.`);
  const found = await source.find(name);
  if (found.length === 1) return found[0] as string;
  throw found.length === 0
    ? new TenderError(
        'TENDER_NO_SUCH_ACTOR',
        `No actor here is called ${name}: \`tender ls\` lists the documents.`,
      )
    : new TenderError(
        'TENDER_UPLOAD_AMBIGUOUS',
        `${found.length === foundMax ? 'More than ten' : found.length} actors match ${name}: give more letters.`,
      );
}

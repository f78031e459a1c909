// History → cells. Recovery, inspector and tests use this one function, so that what the page shows at record 4,711 is
// what the daemon was at record 4,711. Nothing is executed; every record is checked against where it says it led.
import { MachineError } from './error.ts';
import type { MachineEvent } from './events.ts';
import { isObject } from './fields.ts';
import type { JsonObject } from './json.ts';
import { type Cell, digest, init, type Op, type Step, stepAs } from './kernel.ts';
import { definitionOf, upcast } from './registry.ts';

/** As much of a record of the log as folding needs. */
export interface LogRecord {
  readonly actor: string;
  /** Machine and version that wrote it: `upload@2`. */
  readonly kind: string;
  readonly n: number;
  /** Log time, ms. */
  readonly at: number;
  readonly event: MachineEvent;
  /** State and digest of the cell after it. */
  readonly state: string;
  readonly digest: number;
}

const created = 'actor.created';

/** The event of every actor's first record. */
export function createdEvent(input: JsonObject): MachineEvent {
  return { type: created, input };
}

/** 'upload@2' → kind and version. Throws TENDER_HISTORY_BROKEN. */
export function parseKind(kind: string): { readonly kind: string; readonly version: number } {
  const match = /^([a-z-]+)@([1-9][0-9]{0,8})$/.exec(kind);
  if (!match) throw broken(`"${kind}" is no machine and version`);
  return { kind: match[1] as string, version: Number(match[2]) };
}

/**
 * The cell after one record; `before` undefined for an actor's first. Throws TENDER_HISTORY_BROKEN when the record does
 * not follow or does not lead where it says, TENDER_HISTORY_FROM_THE_FUTURE when a newer machine wrote it.
 */
export function foldRecord(before: Cell | undefined, record: LogRecord): Cell {
  return stepRecord(before, record).cell;
}

/** The same with the orders that the host carried out after this record. */
export function stepRecord(before: Cell | undefined, record: LogRecord): Step {
  const { kind, version } = parseKind(record.kind);
  const definition = definitionOf(kind);
  const expected = (before?.n ?? 0) + 1;
  if (record.n !== expected)
    throw broken(`${record.actor} has record ${record.n} where ${expected} should be`);
  const step = before ? advance(before, record, kind, version) : birth(record, kind, version);
  const { cell } = step;
  if (cell.value !== record.state)
    throw broken(`${record.actor} is ${cell.value} after record ${record.n}, the log says ${record.state}`);
  // An older machine digested another shape of context: its state is all that can be compared.
  if (version === definition.version && digest(cell) !== record.digest)
    throw broken(`${record.actor} differs from the log after record ${record.n}, in state ${cell.value}`);
  return step;
}

function birth(record: LogRecord, kind: string, version: number): Step {
  // Also refuses versions of the future.
  const [event] = upcast(kind, version, record.event);
  if (event?.type !== created || !isObject(event.input))
    throw broken(`${record.actor} does not begin with ${created}`);
  return init(kind, event.input, { at: record.at });
}

function advance(before: Cell, record: LogRecord, kind: string, version: number): Step {
  const step = stepThrough(kind, before, upcast(kind, version, record.event), record);
  if (typeof step !== 'string') return step;
  throw broken(`${record.actor} does not take ${step} of record ${record.n}`);
}

/**
 * One record's events, of which an upcast may have made several or none: the record stays one, and its effects are numbered
 * through. Answers the type of the first event that is not taken, if there is one.
 */
export function stepThrough(
  kind: string,
  before: Cell,
  events: readonly MachineEvent[],
  { n, at }: Pick<LogRecord, 'n' | 'at'>,
): Step | string {
  const definition = definitionOf(kind);
  let cell = before;
  let effects = 0;
  let ops: readonly Op[] = [];
  for (const event of events) {
    const step = stepAs(definition, cell, event, { at }, n, effects);
    if (!step) return event.type;
    effects += step.ops.filter((op) => op.op === 'start').length;
    cell = step.cell;
    ops = ops.length === 0 ? step.ops : [...ops, ...step.ops];
  }
  return { cell: cell.n === n ? cell : { ...cell, n }, ops };
}

/** Where each actor stands, and those whose records do not fold: set aside alone, the others go on. */
export interface Folded {
  readonly cells: Map<string, Cell>;
  readonly broken: Map<string, MachineError>;
}

/** Folds records in log order, from `cells` (heads) on or from nothing. */
export function fold(records: Iterable<LogRecord>, cells: Map<string, Cell> = new Map()): Folded {
  const brokenActors = new Map<string, MachineError>();
  for (const record of records) {
    if (brokenActors.has(record.actor)) continue;
    try {
      cells.set(record.actor, foldRecord(cells.get(record.actor), record));
    } catch (error) {
      if (error instanceof MachineError && error.code === 'TENDER_HISTORY_FROM_THE_FUTURE') throw error;
      const known = error instanceof MachineError ? error : broken(`${record.actor}: ${String(error)}`);
      brokenActors.set(record.actor, known);
      cells.delete(record.actor);
    }
  }
  return { cells, broken: brokenActors };
}

function broken(what: string): MachineError {
  return new MachineError('TENDER_HISTORY_BROKEN', `History does not fold: ${what}.`);
}

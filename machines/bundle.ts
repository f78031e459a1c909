// A log saved to be looked at elsewhere: the lines of a bundle, and whether they replay. `tender bundle` and the simulator
// write it, `tender inspect` and the page inside the bundle read it with this same file, so they cannot disagree.
import { MachineError } from './error.ts';
import { isObject } from './fields.ts';
import type { Json, JsonObject } from './json.ts';
import { type Cell, final, restore } from './kernel.ts';
import { definitionOf } from './registry.ts';
import { foldRecord, type LogRecord, parseKind } from './replay.ts';

/** Raised when an older reader would misread what is written. */
export const bundleFormat = 1;
/** The element of the HTML file that holds the lines: NDJSON, gzipped, base64. */
export const bundleElementId = 'tender-bundle';

/** A record as it travels: `recordJson` of the daemon. */
export interface SavedRecord extends LogRecord {
  readonly seq: number;
  readonly wall: number;
  readonly src: string;
  readonly boot: number;
  readonly type: string;
  /** Of the original record; where names were replaced, an HMAC of it: else guessed names could be tried on it. */
  readonly hash: string;
}

/** The first line: what this is and what it holds. Sequences are inclusive. */
export interface BundleHeader {
  readonly tender: 'bundle';
  readonly format: number;
  /** Wall-clock time of making, ms. */
  readonly made: number;
  readonly versions: JsonObject;
  readonly logId: string;
  readonly from: number;
  readonly to: number;
  /** One per machine of the build that wrote it: kind, version, SHA-256 of its description. */
  readonly machines: readonly { readonly kind: string; readonly version: number; readonly hash: string }[];
  /** `nothing`: as it was. `names`: file names and people are shown, all else replaced. `all`: replaced. */
  readonly redacted: 'nothing' | 'names' | 'all';
  /** What follows, by the name of its lines. */
  readonly files: JsonObject;
}

/** An actor's cell before its first record here, or at the end where it has none here. */
export interface BundleBase {
  readonly actor: string;
  /** Machine and version the cell is in the shape of. */
  readonly kind: string;
  readonly n: number;
  readonly cell: Cell;
}

/** The last line: a bundle without it was cut off. */
export interface BundleEnd {
  /** Lines before this one. */
  readonly lines: number;
  /** SHA-256 of those lines with their line ends, in hex. */
  readonly sha256: string;
  /** Asked when it was made, of the original: does the chain hold, do the records lead where they say? */
  readonly original: {
    readonly chain: boolean;
    readonly replays: boolean;
    readonly problems: readonly string[];
  };
}

export type BundleLine =
  | { readonly header: BundleHeader }
  | { readonly base: BundleBase }
  | { readonly record: SavedRecord }
  | { readonly machine: JsonObject }
  | { readonly config: Json }
  | { readonly status: Json }
  | { readonly doctor: Json }
  | { readonly note: string }
  | { readonly end: BundleEnd };

/** One line. Throws TENDER_HISTORY_BROKEN when it is none of a bundle, TENDER_HISTORY_FROM_THE_FUTURE for a newer format. */
export function readBundleLine(text: string, first: boolean): BundleLine {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    throw notOurs('a line of it is not JSON');
  }
  if (!isObject(value)) throw notOurs('a line of it is no object');
  if (!first) return value as unknown as BundleLine;
  if (value.tender !== 'bundle' || typeof value.format !== 'number')
    throw notOurs('it does not begin as one');
  if (value.format > bundleFormat)
    throw new MachineError(
      'TENDER_HISTORY_FROM_THE_FUTURE',
      `This bundle has format ${value.format}, here ${bundleFormat} is known: open it with the newer release.`,
    );
  return { header: value as unknown as BundleHeader };
}

function notOurs(what: string): MachineError {
  return new MachineError('TENDER_HISTORY_BROKEN', `This is not a whole tender bundle: ${what}.`);
}

/** Whether records lead where they say, with the machines of this build. */
export interface ReplayVerdict {
  readonly replays: boolean;
  readonly records: number;
  readonly actors: number;
  /** At most `problemsMax`, each a sentence. */
  readonly problems: readonly string[];
}

export interface ReplayCheck {
  base(base: BundleBase): void;
  /** The cell after it; undefined where it does not fold, or is the log's own record. */
  record(record: SavedRecord): Cell | undefined;
  /** Where an actor stands now. */
  cell(actor: string): Cell | undefined;
  verdict(): ReplayVerdict;
}

const problemsMax = 20;

/** Folds line by line; each actor that fails is told of once. Cells whose work is over are let go with `forget`. */
export function createReplayCheck(options: { readonly forget: boolean }): ReplayCheck {
  const cells = new Map<string, Cell>();
  const failed = new Set<string>();
  const seen = new Set<string>();
  const problems: string[] = [];
  let records = 0;
  let lastSeq: number | undefined;

  const problem = (actor: string, text: string) => {
    failed.add(actor);
    cells.delete(actor);
    if (problems.length < problemsMax) problems.push(text);
  };

  return {
    base({ actor, kind, n, cell }) {
      seen.add(actor);
      try {
        const known = parseKind(kind);
        const restored = restore(known.kind, cell as unknown as Json, known.version);
        if (restored.n !== n) throw notOurs(`the base of ${actor} has another number than it says`);
        cells.set(actor, restored);
      } catch (error) {
        problem(actor, (error as Error).message);
      }
    },
    record(record) {
      records++;
      if (lastSeq !== undefined && record.seq !== lastSeq + 1)
        problem('', `Records ${lastSeq + 1} to ${record.seq - 1} are missing.`);
      lastSeq = record.seq;
      if (record.actor.startsWith('host/') || failed.has(record.actor)) return undefined;
      seen.add(record.actor);
      try {
        const cell = foldRecord(cells.get(record.actor), record);
        const { kind } = parseKind(record.kind);
        if (options.forget && final(definitionOf(kind).kind, cell)) cells.delete(record.actor);
        else cells.set(record.actor, cell);
        return cell;
      } catch (error) {
        problem(record.actor, (error as Error).message);
        return undefined;
      }
    },
    cell: (actor) => cells.get(actor),
    verdict: () => ({ replays: problems.length === 0, records, actors: seen.size, problems }),
  };
}

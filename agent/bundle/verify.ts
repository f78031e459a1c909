// Reads a bundle and says what it is worth: is it whole, does it replay with this build, did the original's chain hold. Keeps
// the records only where the caller wants them.
import { createHash } from 'node:crypto';
import {
  type BundleBase,
  type BundleEnd,
  type BundleHeader,
  createReplayCheck,
  type ReplayVerdict,
  readBundleLine,
  type SavedRecord,
} from '../../machines/bundle.ts';
import { MachineError } from '../../machines/error.ts';
import type { Json } from '../../machines/json.ts';
import { TenderError } from '../errors.ts';
import { createChainCheck, machineHashes } from './make.ts';

export interface BundleSeen {
  readonly header: BundleHeader;
  /** All lines came, and none was changed since it was made. */
  readonly whole: boolean;
  /** Of what is in the file, with this build's machines. */
  readonly replay: ReplayVerdict;
  /** Checked here where nothing was replaced; else what was found when it was made. */
  readonly chain: { readonly holds: boolean; readonly checked: 'here' | 'when it was made' };
  readonly original: BundleEnd['original'] | undefined;
  /** Whether this build has the same machines: kinds that differ. */
  readonly otherMachines: readonly string[];
  readonly notes: readonly string[];
  readonly config: Json | undefined;
  readonly status: Json | undefined;
  readonly doctor: Json | undefined;
}

export interface BundleVisitor {
  base?(base: BundleBase): void;
  record?(record: SavedRecord): void;
}

/** Throws TENDER_BUNDLE_INVALID when it is none. */
export async function verifyBundle(
  lines: AsyncIterable<string>,
  visit: BundleVisitor = {},
): Promise<BundleSeen> {
  const replay = createReplayCheck({ forget: visit.record === undefined });
  const hash = createHash('sha256');
  const notes: string[] = [];
  const parts: { config?: Json; status?: Json; doctor?: Json } = {};
  let header: BundleHeader | undefined;
  let chain: ReturnType<typeof createChainCheck> | undefined;
  let end: BundleEnd | undefined;
  let whole = false;
  let count = 0;
  for await (const text of lines) {
    const line = readLine(text, count === 0);
    if ('end' in line) {
      end = line.end;
      whole = end.lines === count && end.sha256 === hash.digest('hex');
      break;
    }
    hash.update(`${text}\n`);
    count++;
    if ('header' in line) {
      header = line.header;
      chain = createChainCheck(header.logId);
    } else if ('base' in line) {
      replay.base(line.base);
      visit.base?.(line.base);
    } else if ('record' in line) {
      replay.record(line.record);
      if (header?.redacted === 'nothing') chain?.take(line.record);
      visit.record?.(line.record);
    } else if ('note' in line) notes.push(line.note);
    else Object.assign(parts, line);
  }
  if (!header)
    throw new TenderError(
      'TENDER_BUNDLE_INVALID',
      'The bundle is empty: make a new one with `tender bundle`.',
    );
  const complete = replay.verdict();
  const expected = Math.max(0, header.to - header.from + 1);
  const missing =
    complete.records === expected ? [] : [`${expected} records were promised, ${complete.records} are here.`];
  const here = header.redacted === 'nothing';
  return {
    header,
    whole,
    replay: {
      ...complete,
      replays: complete.replays && missing.length === 0,
      problems: [...missing, ...complete.problems],
    },
    chain: {
      holds: here ? (chain?.holds() ?? false) : (end?.original.chain ?? false),
      checked: here ? 'here' : 'when it was made',
    },
    original: end?.original,
    otherMachines: otherMachines(header),
    notes,
    config: parts.config,
    status: parts.status,
    doctor: parts.doctor,
  };
}

function readLine(text: string, first: boolean) {
  try {
    return readBundleLine(text, first);
  } catch (error) {
    if (!(error instanceof MachineError)) throw error;
    throw new TenderError('TENDER_BUNDLE_INVALID', error.message, { cause: error });
  }
}

function otherMachines(header: BundleHeader): string[] {
  const mine = new Map(machineHashes().map(({ kind, hash }) => [kind, hash]));
  return header.machines.filter(({ kind, hash }) => mine.get(kind) !== hash).map(({ kind }) => kind);
}

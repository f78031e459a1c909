// Makes a bundle: reads the log once, in order; checks chain and replay of the original on the way; replaces names; hands
// line after line to the writer. Of the records only the one in hand is held; of the actors their present cells.
import { createHash, createHmac } from 'node:crypto';
import {
  type BundleBase,
  type BundleEnd,
  type BundleHeader,
  bundleFormat,
  createReplayCheck,
  type ReplayCheck,
  type SavedRecord,
} from '../../machines/bundle.ts';
import { describe } from '../../machines/describe.ts';
import { isObject } from '../../machines/fields.ts';
import type { Json, JsonObject } from '../../machines/json.ts';
import { type Cell, digest, init } from '../../machines/kernel.ts';
import { registry, upcast } from '../../machines/registry.ts';
import { parseKind, stepThrough } from '../../machines/replay.ts';
import type { Source } from '../host/contract.ts';
import { encodeBody, genesis, link } from '../host/record.ts';
import type { LogSource } from './log-source.ts';
import { createPseudonyms } from './pseudonyms.ts';
import { createRedactor, type Redactor, type Reveal } from './redact.ts';

/** Records of one bundle: more make a page that a tablet cannot hold. */
export const bundleRecordsMax = 250_000;
/** Actors without a record in the slice whose cells come along. */
const quietActorsMax = 2_000;

export interface BundleRequest {
  readonly source: LogSource;
  /** First sequence wanted; older than what is kept: from the oldest on. */
  readonly from: number;
  readonly reveal: Reveal;
  /** Random, 32 bytes, never stored: without it nobody can guess the pseudonyms. */
  readonly salt: Uint8Array;
  readonly madeMs: number;
  readonly versions: JsonObject;
  readonly config?: readonly JsonObject[];
  readonly status?: Json;
  readonly doctor?: Json;
  readonly notes: readonly string[];
  /** Takes one line with its line end; resolves when it may take the next. */
  readonly write: (line: string) => Promise<void>;
  readonly signal?: AbortSignal;
}

export interface BundleMade {
  readonly from: number;
  readonly to: number;
  readonly records: number;
  readonly actors: number;
  readonly original: BundleEnd['original'];
  /** The redacted records, replayed by this build. */
  readonly replays: boolean;
}

const ourRedacted = { nothing: 'all', names: 'names', everything: 'nothing' } as const;

export async function makeBundle(request: BundleRequest): Promise<BundleMade> {
  const { source } = request;
  const redactor = createRedactor(createPseudonyms(request.salt), request.reveal);
  const out = createLines(request.write);
  // First the actors, then the end of the log: one that moves in between has a record in the slice.
  const standing = await standingActors(source);
  const from = Math.max(source.oldest, request.from, 1);
  const to = source.head;
  const header: BundleHeader = {
    tender: 'bundle',
    format: bundleFormat,
    made: request.madeMs,
    versions: request.versions,
    logId: source.logId,
    from,
    to,
    machines: machineHashes(),
    redacted: ourRedacted[request.reveal],
    files: contents(request, Math.max(0, to - from + 1)),
  };
  await out.line(header as unknown as Json);
  for (const definition of Object.values(registry))
    await out.line({ machine: describe(definition) as unknown as JsonObject });
  if (request.config) await out.line({ config: redactor.config(request.config) });
  if (request.status !== undefined) await out.line({ status: redactor.value(request.status) });
  if (request.doctor !== undefined) await out.line({ doctor: redactor.value(request.doctor) });
  for (const note of request.notes) await out.line({ note });
  if (standing.more)
    await out.line({
      note: `Of the actors without a record here only the first ${quietActorsMax} are kept.`,
    });

  const original = createReplayCheck({ forget: true });
  const shown = createReplayCheck({ forget: true });
  const chain = createChainCheck(source.logId);
  const plain = request.reveal === 'everything';
  const hide = request.reveal === 'nothing' ? hidden(request.salt) : (hash: string) => hash;
  const problems: string[] = [];
  const met = new Set<string>();
  let records = 0;

  const writeBase = async (actor: string, n: number): Promise<void> => {
    const base = await source.base(actor, n);
    if (base === undefined) {
      problems.push(`The cell of ${redactor.actor(actor)} after its record ${n} is not kept any more.`);
      return;
    }
    original.base(base);
    const redacted = redactBase(redactor, base);
    shown.base(redacted);
    await out.line({ base: redacted as unknown as Json });
  };

  for await (const record of source.records(from - 1, to)) {
    request.signal?.throwIfAborted();
    records++;
    chain.take(record);
    if (!met.has(record.actor)) {
      met.add(record.actor);
      if (record.n > 1 && !record.actor.startsWith('host/')) await writeBase(record.actor, record.n - 1);
    }
    const folds = original.record(record) !== undefined;
    const redacted = plain ? record : redactRecord(redactor, record, folds ? shown : undefined, hide);
    shown.record(redacted);
    await out.line({ record: redacted as unknown as Json });
  }
  for (const { actor, n } of standing.actors) if (!met.has(actor)) await writeBase(actor, n);

  const verdict = original.verdict();
  if (records !== Math.max(0, to - from + 1))
    problems.push(`${to - from + 1} records were expected, ${records} came.`);
  const judged = {
    chain: chain.holds(),
    replays: verdict.replays && problems.length === 0,
    problems: [...problems, ...verdict.problems].slice(0, 20).map(redactor.text),
  };
  await out.end(judged);
  return { from, to, records, actors: verdict.actors, original: judged, replays: shown.verdict().replays };
}

/** SHA-256 of what each machine is, so that a reader sees at a glance whether it has the same ones. */
export function machineHashes(): BundleHeader['machines'] {
  return Object.values(registry).map((definition) => ({
    kind: definition.kind,
    version: definition.version,
    hash: createHash('sha256')
      .update(JSON.stringify(describe(definition)))
      .digest('hex'),
  }));
}

function contents(request: BundleRequest, records: number): JsonObject {
  return {
    machine: 'states, transitions and events of each machine of the build that wrote this',
    record: `${records} records of the log`,
    base: 'cells of actors before their first record here, or at the end where they have none',
    ...(request.config ? { config: 'settings and where each came from' } : {}),
    ...(request.status === undefined ? {} : { status: 'what `tender status --json` said' }),
    ...(request.doctor === undefined ? {} : { doctor: 'what `tender doctor --json` found' }),
  };
}

async function standingActors(source: LogSource) {
  const actors: { readonly actor: string; readonly n: number }[] = [];
  for await (const { actor, n } of source.actors()) {
    if (actors.length === quietActorsMax) return { actors, more: true };
    actors.push({ actor, n });
  }
  return { actors, more: false };
}

function redactBase(redactor: Redactor, base: BundleBase): BundleBase {
  const { n, value, context, fx, tm } = base.cell;
  const cell = redactor.value({ context, fx, tm } as unknown as Json) as unknown as Cell;
  return { ...base, actor: redactor.actor(base.actor), cell: { ...cell, n, value } };
}

/**
 * The record as it may leave. Its digest is of the cell that the redacted records lead to; where the original did not fold
 * (`shown` undefined) it is nobody's, so that the redacted one does not fold either.
 */
function redactRecord(
  redactor: Redactor,
  record: SavedRecord,
  shown: ReplayCheck | undefined,
  hide: (hash: string) => string,
): SavedRecord {
  const event = redactor.value(record.event as Json) as unknown as SavedRecord['event'];
  const actor = redactor.actor(record.actor);
  const redacted = { ...record, actor, event, hash: hide(record.hash) };
  if (record.actor.startsWith('host/')) return redacted;
  return { ...redacted, digest: (shown && digestAfter(shown.cell(actor), redacted)) ?? noDigest };
}

/** A record's hash and digest are over everything in it: who guesses a name could try the guess on them. Keyed, it cannot be tried. */
function hidden(salt: Uint8Array): (hash: string) => string {
  return (hash) => createHmac('sha256', salt).update(`hash\0${hash}`).digest('base64url');
}

const noDigest = 0;

/** The digest the record leads to, whatever it says itself; undefined when it cannot be taken at all. */
function digestAfter(before: Cell | undefined, record: SavedRecord): number | undefined {
  try {
    const { kind, version } = parseKind(record.kind);
    const events = upcast(kind, version, record.event);
    if (before) {
      const step = stepThrough(kind, before, events, record);
      return typeof step === 'string' ? undefined : digest(step.cell);
    }
    const input = events[0]?.input;
    return isObject(input) ? digest(init(kind, input, { at: record.at }).cell) : undefined;
  } catch {
    return undefined;
  }
}

/** Each record's hash against the one before; of the very first against the log's name. */
export function createChainCheck(logId: string) {
  let previous: string | undefined;
  let broken = 0;
  return {
    take(record: SavedRecord): void {
      if (record.seq === 1) previous = genesis(logId);
      const body = encodeBody({ ...record, src: record.src as Source }, record.seq);
      if (previous !== undefined && link(previous, body) !== record.hash) broken++;
      previous = record.hash;
    },
    holds: () => broken === 0,
  };
}

function createLines(write: (line: string) => Promise<void>) {
  const hash = createHash('sha256');
  let lines = 0;
  return {
    async line(value: Json): Promise<void> {
      const text = `${JSON.stringify(value)}\n`;
      hash.update(text);
      lines++;
      await write(text);
    },
    end: (original: BundleEnd['original']) =>
      write(
        `${JSON.stringify({ end: { lines, sha256: hash.digest('hex'), original } satisfies BundleEnd })}\n`,
      ),
  };
}

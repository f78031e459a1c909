// The daemon on one page: link, queue, log, spool, folders, and what needs a person, worst first. For `tender status`, the
// crew's page and anyone who supervises the yacht from ashore.
import type { BreakerContext, BreakerState } from '../../machines/breaker.ts';
import { type ConnectionContext, type ConnectionState, fiveNames } from '../../machines/connection.ts';
import { type DegradationLevel, degradation, degradationLevels } from '../../machines/degradation.ts';
import type { Json, JsonObject } from '../../machines/json.ts';
import type { Cell } from '../../machines/kernel.ts';
import { connectionWords } from '../../machines/why-words.ts';
import type { FolderStatus } from '../files/folder-status.ts';
import type { HostStatus } from '../host/contract.ts';
import type { MonthSums } from './meter.ts';
import { componentsJson, featuresJson } from './status-components.ts';

/** Everything the page is made of, as its owners told it. */
export interface StatusFacts {
  readonly version: string;
  readonly profile: string;
  readonly uptimeMs: number;
  readonly rssBytes: number;
  readonly pid: number;
  readonly nowMs: number;
  readonly connection: Cell | undefined;
  readonly breakers: readonly { readonly actor: string; readonly cell: Cell | undefined }[];
  readonly host: HostStatus;
  readonly states: Readonly<Record<string, number>>;
  readonly spool: {
    readonly usedBytes: number;
    readonly maxBytes: number;
    readonly freeBytes: number;
    readonly freeMinBytes: number;
  };
  readonly folders: readonly FolderStatus[];
  readonly device:
    | { readonly deviceId: string; readonly name: string; readonly cloudUrl: string }
    | undefined;
  readonly inventoryOwed: boolean;
  /** The ceiling on the line's bytes, and who set it. */
  readonly throttle: JsonObject;
  readonly line: JsonObject;
  /** Address in force; empty: none yet. */
  readonly cloudUrl: string;
  readonly heardMs: number | null;
  readonly noticedMs: number | null;
  /** What this device has sent and saved, as far as the meter has read. */
  readonly metered: MonthSums;
  /** Documents the cloud signed for today (UTC), and the last of all. */
  readonly delivered: {
    readonly count: number;
    readonly last: { readonly id: string; readonly name: string; readonly atMs: number } | null;
  };
  /** Bytes that want the line, and how long they take. */
  readonly left: {
    readonly bytes: number | null;
    readonly ms: { readonly low: number; readonly high: number } | null;
  };
}

/** How the page shows each level: a note, a warning, an error, the whole screen. */
const bannerOf: Readonly<Record<DegradationLevel, string | null>> = {
  none: null,
  minor: 'info',
  moderate: 'warning',
  severe: 'error',
  critical: 'fullscreen',
};

export function statusJson(facts: StatusFacts): JsonObject {
  const connection = connectionJson(facts.connection);
  const breakers = facts.breakers.map(({ actor, cell }) => breakerJson(actor, cell));
  const problems = problemsOf(facts);
  return {
    version: facts.version,
    pid: facts.pid,
    uptimeMs: Math.round(facts.uptimeMs),
    rssBytes: facts.rssBytes,
    profile: facts.profile,
    degradation: levelOf(facts),
    banner: bannerJson(facts, problems),
    problems,
    device: deviceJson(facts.device),
    connection,
    breakers,
    components: componentsJson(facts),
    features: featuresJson({
      enrolled: facts.device !== undefined,
      connection: (facts.connection?.value ?? 'stopped') as ConnectionState,
      breakerOpen: facts.breakers.some(({ cell }) => cell?.value === 'open'),
      notAccepting: notAccepting(facts),
      logOpen: facts.host.writing === 'open',
      folders: facts.folders,
    }),
    queue: { states: facts.states, accepting: notAccepting(facts) === undefined },
    log: { ...facts.host } as unknown as Json,
    spool: { ...facts.spool },
    folders: facts.folders as unknown as Json,
    inventoryOwed: facts.inventoryOwed,
    throttle: facts.throttle,
    line: facts.line,
    left: facts.left,
    delivered: facts.delivered,
    sent: { wireBytes: facts.metered.wireBytes, documents: facts.metered.documentsStored },
    saved: {
      resumed: facts.metered.resumedBytes,
      deduped: facts.metered.dedupedBytes,
      compressed: facts.metered.compressedAwayBytes,
    },
  };
}

/** What stands first on the page: the worst that holds, in one sentence. */
function bannerJson(facts: StatusFacts, problems: readonly Json[]): JsonObject | null {
  const worst = problems[0] as { level: DegradationLevel; message: string } | undefined;
  const level = conditionOf(facts).level;
  const shown = worst !== undefined && rank(worst.level) > rank(level) ? worst.level : level;
  const style = bannerOf[shown];
  if (style === null) return null;
  return { style, level: shown, sentence: worst?.message ?? '' };
}

function rank(level: string): number {
  return (degradationLevels as readonly string[]).indexOf(level);
}

/** Why nothing new is taken in now; undefined: it is. */
function notAccepting(facts: StatusFacts): string | undefined {
  const { usedBytes, maxBytes, freeBytes, freeMinBytes } = facts.spool;
  if (facts.host.writing !== 'open') return 'The log cannot be written: nothing new is promised.';
  if (freeBytes < freeMinBytes) return 'The disk is full: free some space.';
  if (usedBytes >= maxBytes) return 'The spool is full: adding waits for stored documents.';
  if (facts.inventoryOwed) return 'The log was rebuilt: the cloud is asked first what it has.';
  return undefined;
}

function deviceJson(device: StatusFacts['device']): JsonObject {
  if (device)
    return { enrolled: true, deviceId: device.deviceId, name: device.name, cloudUrl: device.cloudUrl };
  return {
    enrolled: false,
    why: 'Not enrolled yet: run `tender enrol URL CODE` with the code from the office.',
  };
}

function connectionJson(cell: Cell | undefined): JsonObject {
  const state = (cell?.value ?? 'stopped') as ConnectionState;
  const context = cell?.context as ConnectionContext | undefined;
  return {
    state,
    // disconnected, connecting, connected, error or stopped: the words of older monitors.
    name: fiveNames[state],
    // Where a person must act, what the other side said is worth more than our word for the state.
    why: (state === 'refused' && context?.lastError?.message) || connectionWords[state].sentence,
    whatToDo: connectionWords[state].whatToDo,
    sinceMs: context?.sinceMs ?? null,
    untilMs: context?.untilMs ?? null,
    attempt: context?.attempt ?? 0,
    lastError: (context?.lastError ?? null) as Json,
    epoch: context?.line?.epoch ?? null,
    rttMs: context?.line?.rttMs ?? null,
    isAvailable: state === 'online' || state === 'degraded',
  };
}

function breakerJson(actor: string, cell: Cell | undefined): JsonObject {
  const state = (cell?.value ?? 'closed') as BreakerState;
  const context = cell?.context as BreakerContext | undefined;
  const why = state === 'closed' ? 'Requests pass.' : (context?.reason ?? 'It is being tried after a start.');
  return { actor, state, why, untilMs: context?.untilMs ?? null, opens: context?.opens ?? 0 };
}

function conditionOf(facts: StatusFacts) {
  const connection = (facts.connection?.value ?? 'stopped') as ConnectionState;
  const context = facts.connection?.context as ConnectionContext | undefined;
  return degradation({
    connection,
    connectionForMs: Math.max(0, facts.nowMs - (context?.sinceMs ?? facts.nowMs)),
    breakers: Object.fromEntries(
      facts.breakers.map(({ actor, cell }) => [actor, (cell?.value ?? 'closed') as BreakerState]),
    ),
    parked: facts.states.parked ?? 0,
    freeBytes: facts.spool.freeBytes,
    reserveBytes: facts.spool.freeMinBytes,
    logStopped: facts.host.writing !== 'open',
  });
}

function levelOf(facts: StatusFacts): string {
  return conditionOf(facts).level;
}

/** Each with a stable code, a sentence, and how bad it is. */
function problemsOf(facts: StatusFacts): Json[] {
  const problems: Json[] = conditionOf(facts).reasons.map(({ level, reason }) => ({
    code: 'TENDER_DEGRADED',
    level,
    message: reason,
  }));
  if (!facts.device)
    problems.push({
      code: 'TENDER_NOT_ENROLLED',
      level: 'moderate',
      message: String(deviceJson(undefined).why),
    });
  if (facts.inventoryOwed)
    problems.push({
      code: 'TENDER_INVENTORY_OWED',
      level: 'severe',
      message:
        'The log was rebuilt: the agent asks the cloud what it has before it goes on. Nothing to do but a link.',
    });
  if (facts.spool.usedBytes >= facts.spool.maxBytes)
    problems.push({
      code: 'TENDER_SPOOL_FULL',
      level: 'moderate',
      message: 'The spool is full: adding waits for stored documents, or raise spool.max.',
    });
  for (const folder of facts.folders)
    if (folder.state === 'missing' || folder.state === 'unreadable')
      problems.push({
        code: 'TENDER_FOLDER_UNAVAILABLE',
        level: 'moderate',
        message: `Folder ${folder.folder}: ${folder.message}`,
      });
  const level = (problem: Json) => rank(String((problem as JsonObject).level));
  return problems.sort((a, b) => level(b) - level(a));
}

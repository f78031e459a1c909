// Cells and events that the tests of machines/ share: one cell resting in each state of each kind, reached by real steps,
// and one event of each type, with the marks its source must carry for that cell.
import type { JsonObject } from '../../machines/json.ts';
import { type Cell, init, type MachineEvent, type Step, step } from '../../machines/kernel.ts';
import { definitionOf } from '../../machines/registry.ts';

export const watched: JsonObject = {
  source: { kind: 'watched', folder: 'docs', path: 'a.pdf' },
  name: 'docs/a.pdf',
  version: 1,
  priority: 5,
  addedMs: 1_000,
};
export const spooled: JsonObject = { ...watched, source: { kind: 'spooled', spool: 's1', sizeBytes: 3 } };

const sha256 = 'ab'.repeat(32);
const failure = { class: 'BUSY', code: 'TENDER_BUSY', message: 'Later.', delayMs: 1_000 };

/** One event of each type, fields only. */
export const samples: { readonly [kind: string]: { readonly [type: string]: JsonObject } } = {
  upload: {
    'file.settled': { stat: { sizeBytes: 3 } },
    'file.vanished': {},
    'file.unreadable': { code: 'EACCES', message: 'No right to read.' },
    'document.sent': { lengthBytes: 3, sha256, chunks: 1 },
    'content.unchanged': { version: 1 },
    'source.changed': {},
    'transfer.checkpointed': { bytesDurable: 2 },
    'send.failed': failure,
    'send.incomplete': {},
    'upload.stored': { documentId: 'd', receipt: 'cg==', signature: 'cw==', keyId: 'k', storedMs: 5 },
    'source.released': {},
    'retry.elapsed': {},
    'pause.elapsed': { by: 'cli' },
    'file.sighted': {},
    'document.indexed': { documentId: 'd', version: 1, passages: 2 },
    'document.indexFailed': { documentId: 'd', version: 1, reason: 'The parser failed.' },
    pause: { by: 'page' },
    resume: { by: 'cli' },
    cancel: { by: 'cli' },
    retry: { by: 'cli' },
    prioritise: { priority: 1, by: 'cli' },
  },
  connection: {
    'line.opened': { epoch: 7, sessionId: 'ab', rttMs: 600 },
    'line.failed': { ...failure, class: 'LINK' },
    'line.closed': {},
    'line.lost': { ...failure, class: 'LINK' },
    'link.degraded': { numbers: { srttMs: 4_000 } },
    'link.recovered': {},
    'host.booted': { boot: 2 },
    'reconnect.elapsed': {},
    start: {},
    stop: {},
    reconnect: {},
  },
  breaker: {
    'breaker.tripped': { reason: '503', window: { count: 5, failures: 5, consecutive: 5 }, spread: 0 },
    'probe.succeeded': {},
    'probe.failed': { reason: '503', spread: 0 },
    'link.up': {},
    'host.booted': { boot: 2 },
    'reset.elapsed': {},
    forceOpen: { by: 'cli' },
    forceClose: { by: 'cli' },
  },
};

/**
 * The sample of one type as this cell would get it: results name an open effect of theirs, timers are those armed. Where
 * the cell has none, the mark names something it never had.
 */
export function eventFor(kind: string, cell: Cell, type: string, fields?: JsonObject): MachineEvent {
  const spec = definitionOf(kind).events[type];
  const event: MachineEvent = { type, ...(samples[kind]?.[type] ?? {}), ...fields };
  if (spec?.source === 'fx') {
    const open = Object.entries(cell.fx).find(([, effect]) => spec.effects?.includes(effect.type));
    return { ...event, fx: open?.[0] ?? '999.0' };
  }
  if (spec?.source === 'tm') {
    const armed = Object.values(cell.tm).find((timer) => timer.event.type === type);
    return armed?.event ?? { ...event, timer: 'none', due: 0 };
  }
  return event;
}

/** An actor taken through events, each of which must be accepted. Time moves 10 ms per event unless `at` is given. */
export function life(kind: string, input: JsonObject, ...events: readonly (string | MachineEvent)[]): Step {
  let at = 10_000;
  let now: Step = init(kind, input, { at });
  for (const given of events) {
    at += 10;
    const { type, ...fields } = typeof given === 'string' ? { type: given } : given;
    const next = step(kind, now.cell, eventFor(kind, now.cell, type, fields), { at });
    if (!next) throw new Error(`${type} was not accepted in ${now.cell.value}`);
    now = next;
  }
  return now;
}

/** One more event; null when it is not accepted. */
export function tell(kind: string, cell: Cell, type: string, fields?: JsonObject, at = 20_000): Step | null {
  return step(kind, cell, eventFor(kind, cell, type, fields), { at });
}

export const sent = ['file.settled', 'document.sent'] as const;
export const stored = [...sent, 'upload.stored'] as const;
export const pausedByCli: MachineEvent = { type: 'pause', by: 'cli' };
export const pausedForAMinute: MachineEvent = { type: 'pause', by: 'cli', untilMs: 60_000 };

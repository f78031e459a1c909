// The daemon's status as the page needs it: how bad things are and why, each component's connection, the breakers, the
// features that are off, the counts of the queue, what was sent and saved. Read with care: every part may be missing.
import { fieldsOf, listOf, numberOf, type Range, readRange, textOf } from './upload.ts';

export const levels = ['none', 'minor', 'moderate', 'severe', 'critical'] as const;
export type Level = (typeof levels)[number];

export interface Problem {
  readonly level: Level;
  readonly code: string;
  readonly message: string;
}

/** One thing the yacht is connected to, under one of five names: disconnected, connecting, connected, error, stopped. */
export interface Component {
  readonly id: string;
  readonly name: string;
  /** Our own word for the state. */
  readonly detail: string;
  readonly why: string;
  readonly whatToDo: string;
  readonly host: string;
  readonly port: number | null;
  readonly attempts: number | null;
  readonly lastError: string;
  readonly isAvailable: boolean;
  readonly lastSuccessMs: number | null;
  readonly sinceMs: number | null;
  readonly untilMs: number | null;
}

export interface Breaker {
  readonly id: string;
  readonly state: string;
  readonly why: string;
  readonly untilMs: number | null;
}

export interface Feature {
  readonly id: string;
  readonly name: string;
  readonly available: boolean;
  readonly why: string;
}

export interface Status {
  readonly known: boolean;
  readonly level: Level;
  readonly problems: readonly Problem[];
  readonly yacht: string;
  readonly connection: Component;
  readonly rttMs: number | null;
  readonly rateBytesPerSecond: number | null;
  readonly components: readonly Component[];
  readonly breakers: readonly Breaker[];
  readonly features: readonly Feature[];
  /** Documents by state. */
  readonly states: Readonly<Record<string, number>>;
  readonly accepting: boolean;
  readonly leftBytes: number | null;
  readonly leftMs: Range | null;
  readonly sentBytes: number | null;
  readonly saved: { readonly resumed: number; readonly deduped: number; readonly compressed: number } | null;
  readonly deliveredToday: number | null;
  readonly lastDelivered: { readonly name: string; readonly atMs: number } | null;
  /** Changes when the link or a breaker changed its state: then every document's reason may have changed. */
  readonly linkKey: string;
}

export function readStatus(value: unknown): Status {
  const json = fieldsOf(value);
  const connection = readComponent('cloud', fieldsOf(json.connection));
  const line = fieldsOf(json.line);
  const banner = fieldsOf(json.banner);
  const queue = fieldsOf(json.queue);
  const left = fieldsOf(json.left ?? queue.left);
  const sent = fieldsOf(json.sent);
  const saved = json.saved === undefined ? null : fieldsOf(json.saved);
  const delivered = fieldsOf(json.delivered ?? json.today);
  const last = fieldsOf(delivered.last);
  const breakers = listOf(json.breakers).map(readBreaker);
  return {
    known: json.connection !== undefined,
    level: levels.find((level) => level === (banner.level ?? json.degradation)) ?? 'none',
    problems: listOf(json.problems).map((one) => {
      const problem = fieldsOf(one);
      return {
        level: levels.find((level) => level === problem.level) ?? 'minor',
        code: textOf(problem.code),
        message: textOf(problem.message),
      };
    }),
    yacht: textOf(fieldsOf(json.device).name),
    connection,
    rttMs: numberOf(fieldsOf(json.connection).rttMs),
    rateBytesPerSecond: numberOf(line.rateBytesPerSecond ?? json.rateBytesPerSecond),
    components: readMany(json.components, readComponent),
    breakers,
    features: readMany(json.features, readFeature),
    states: Object.fromEntries(
      Object.entries(fieldsOf(queue.states)).map(([state, count]) => [state, numberOf(count) ?? 0]),
    ),
    accepting: queue.accepting !== false,
    leftBytes: numberOf(left.bytes ?? json.leftBytes),
    leftMs: readRange(left.ms ?? json.leftMs),
    sentBytes: numberOf(sent.bytes ?? sent.wireBytes ?? json.sent),
    saved: saved && {
      resumed: numberOf(saved.resumed) ?? 0,
      deduped: numberOf(saved.deduped) ?? 0,
      compressed: numberOf(saved.compressed) ?? 0,
    },
    deliveredToday: numberOf(delivered.count ?? delivered.today),
    lastDelivered:
      numberOf(last.atMs) === null ? null : { name: textOf(last.name), atMs: numberOf(last.atMs)! },
    linkKey: [connection.detail, ...breakers.map(({ id, state }) => `${id} ${state}`)].join('|'),
  };
}

/** Why something cannot be done now, in the daemon's words; '' when it can. */
export function featureOff({ features }: Status, id: string): string {
  const feature = features.find((one) => one.id === id);
  return !feature || feature.available ? '' : feature.why || `${feature.name}: not available now.`;
}

/** A list of objects, or an object of them by id. */
function readMany<T>(value: unknown, read: (id: string, json: Readonly<Record<string, unknown>>) => T): T[] {
  if (Array.isArray(value))
    return value.map((one) => {
      const json = fieldsOf(one);
      return read(textOf(json.id ?? json.component ?? json.name ?? json.feature), json);
    });
  return Object.entries(fieldsOf(value)).map(([id, one]) => read(id, fieldsOf(one)));
}

function readComponent(id: string, json: Readonly<Record<string, unknown>>): Component {
  const error = json.lastError ?? json.last_error;
  return {
    id,
    name: textOf(json.name ?? json.status, 'disconnected'),
    detail: textOf(json.state ?? json.detail),
    why: textOf(json.why),
    whatToDo: textOf(json.whatToDo),
    host: textOf(json.host),
    port: numberOf(json.port),
    attempts: numberOf(json.attempts ?? json.attempt),
    lastError: typeof error === 'string' ? error : textOf(fieldsOf(error).message),
    isAvailable: (json.isAvailable ?? json.is_available) === true,
    lastSuccessMs: numberOf(
      json.lastSuccessfulRequestMs ?? json.lastSuccessMs ?? json.last_successful_request,
    ),
    sinceMs: numberOf(json.sinceMs),
    untilMs: numberOf(json.untilMs),
  };
}

function readBreaker(one: unknown): Breaker {
  const json = fieldsOf(one);
  return {
    id: textOf(json.actor),
    state: textOf(json.state),
    why: textOf(json.why),
    untilMs: numberOf(json.untilMs),
  };
}

function readFeature(id: string, json: Readonly<Record<string, unknown>>): Feature {
  return {
    id,
    name: textOf(json.title ?? json.name, id),
    available: json.available !== false,
    why: textOf(json.why ?? json.reason),
  };
}

// What the yacht is connected to, part by part, each under one of five names: disconnected, connecting, connected, error,
// stopped; and what a person can do now or cannot, because the part it needs is away. Used by status.ts.
import type { ConnectionContext, ConnectionState } from '../../machines/connection.ts';
import { fiveNames, openStates } from '../../machines/connection.ts';
import type { Json, JsonObject } from '../../machines/json.ts';
import type { Cell } from '../../machines/kernel.ts';
import { whyActor } from '../../machines/why.ts';
import type { FolderStatus } from '../files/folder-status.ts';
import type { HostStatus } from '../host/contract.ts';

export interface ComponentFacts {
  readonly connection: Cell | undefined;
  /** Empty: not enrolled. */
  readonly cloudUrl: string;
  /** Wall clock of the last word from the cloud, and of the last notice of it; null: none in this life. */
  readonly heardMs: number | null;
  readonly noticedMs: number | null;
  readonly folders: readonly FolderStatus[];
  readonly host: HostStatus;
}

/** The same fields for every part; `is_available` and `last_successful_request` are the names of older monitors. */
function component(
  id: string,
  name: string,
  more: {
    readonly state: string;
    readonly why: string;
    readonly whatToDo?: string;
    readonly host?: string;
    readonly port?: number | null;
    readonly attempts?: number;
    readonly lastError?: Json;
    readonly lastSuccessfulRequestMs: number | null;
    readonly sinceMs?: number | null;
    readonly untilMs?: number | null;
  },
): JsonObject {
  const { lastSuccessfulRequestMs: lastMs } = more;
  return {
    id,
    name,
    state: more.state,
    why: more.why,
    whatToDo: more.whatToDo ?? '',
    host: more.host ?? null,
    port: more.port ?? null,
    attempts: more.attempts ?? 0,
    lastError: more.lastError ?? null,
    isAvailable: name === 'connected',
    is_available: name === 'connected',
    lastSuccessfulRequestMs: lastMs,
    last_successful_request: lastMs === null ? null : new Date(lastMs).toISOString(),
    sinceMs: more.sinceMs ?? null,
    untilMs: more.untilMs ?? null,
  };
}

export function componentsJson(facts: ComponentFacts): JsonObject[] {
  return [lineJson(facts), noticesJson(facts), logJson(facts.host), ...facts.folders.map(folderJson)];
}

function lineJson({ connection, cloudUrl, heardMs }: ComponentFacts): JsonObject {
  const state = (connection?.value ?? 'stopped') as ConnectionState;
  const context = connection?.context as ConnectionContext | undefined;
  const why = connection === undefined ? undefined : whyActor('connection', connection);
  return component('line', fiveNames[state], {
    state,
    why: (state === 'refused' && context?.lastError?.message) || why?.sentence || 'It was not started yet.',
    whatToDo: why?.whatToDo ?? '',
    ...addressOf(cloudUrl),
    attempts: context?.attempt ?? 0,
    lastError: (context?.lastError ?? null) as Json,
    lastSuccessfulRequestMs: heardMs,
    sinceMs: context?.sinceMs ?? null,
    untilMs: context?.untilMs ?? null,
  });
}

/** They ride on the line: no connection of their own can fail. */
function noticesJson({ connection, cloudUrl, noticedMs }: ComponentFacts): JsonObject {
  const state = (connection?.value ?? 'stopped') as ConnectionState;
  return component('notices', fiveNames[state], {
    state,
    why: openStates.includes(state)
      ? 'The cloud says over the line when a document is searchable.'
      : 'They come over the line: those missed meanwhile follow when it is open again.',
    ...addressOf(cloudUrl),
    lastSuccessfulRequestMs: noticedMs,
  });
}

function logJson({ writing, lastWriteError }: HostStatus): JsonObject {
  const name = { open: 'connected', stopped: 'error', closed: 'stopped' }[writing];
  return component('log', name, {
    state: writing,
    why:
      writing === 'open'
        ? 'What is promised is on the disk.'
        : 'Nothing is promised until it can be written.',
    whatToDo: writing === 'open' ? '' : 'Free some space or check the disk; the agent tries again by itself.',
    lastError: lastWriteError ?? null,
    lastSuccessfulRequestMs: null,
  });
}

function folderJson({ folder, state, message, scannedMs }: FolderStatus): JsonObject {
  const name = { waiting: 'connecting', watched: 'connected', missing: 'disconnected', unreadable: 'error' }[
    state
  ];
  return component(`folder/${folder}`, name, {
    state,
    why: message || (state === 'waiting' ? 'It was not looked through yet.' : 'It is watched.'),
    lastError: state === 'unreadable' ? message : null,
    lastSuccessfulRequestMs: scannedMs,
  });
}

function addressOf(cloudUrl: string): { readonly host?: string; readonly port?: number } {
  if (cloudUrl === '' || !URL.canParse(cloudUrl)) return {};
  const { hostname, port, protocol } = new URL(cloudUrl);
  return { host: hostname, port: port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port) };
}

export interface FeatureFacts {
  readonly enrolled: boolean;
  readonly connection: ConnectionState;
  readonly breakerOpen: boolean;
  /** Why nothing can be added now; undefined: it can. */
  readonly notAccepting: string | undefined;
  readonly logOpen: boolean;
  readonly folders: readonly FolderStatus[];
}

/** Off while what they need is away, on by themselves when it returns; `why` says what is missing. */
export function featuresJson(facts: FeatureFacts): JsonObject[] {
  const noLine = facts.enrolled
    ? openStates.includes(facts.connection)
      ? undefined
      : 'There is no connection to the cloud; it is tried again by itself.'
    : 'This device is not enrolled yet.';
  const breaker = facts.breakerOpen ? 'The cloud kept failing and is left alone for a while.' : undefined;
  const away = facts.folders.filter(({ state }) => state === 'missing' || state === 'unreadable');
  const feature = (id: string, title: string, why: string | undefined): JsonObject => ({
    id,
    name: id,
    title,
    available: why === undefined,
    why: why ?? null,
  });
  return [
    feature('adding', 'Adding files', facts.notAccepting),
    feature(
      'commands',
      'Pause, resume, priority',
      facts.logOpen ? undefined : 'The log cannot be written now.',
    ),
    feature('sending', 'Sending', noLine ?? breaker),
    feature('search', 'Search ashore', noLine),
    feature('notices', 'News of what is searchable', noLine),
    feature(
      'watching',
      'Watched folders',
      away.length === 0 ? undefined : `Not to be read now: ${away.map(({ folder }) => folder).join(', ')}.`,
    ),
  ];
}

// Why does it stand still? One answer for page, CLI and API: the sentence from the catalogue in why-words.ts with the
// numbers behind it, until when, what a person can do, and which commands are possible now. Every wait has a name, a
// reason and an end.
import { commandsNow } from './available.ts';
import type { BreakerContext, BreakerState } from './breaker.ts';
import type { ConnectionContext, ConnectionState } from './connection.ts';
import type { JsonObject } from './json.ts';
import type { Cell } from './kernel.ts';
import { definitionOf } from './registry.ts';
import type { Hold } from './schedule.ts';
import type { UploadState } from './upload.ts';
import { attemptsMax, type UploadContext } from './upload-context.ts';
import { wordsOf } from './why-guards.ts';
import { ofBreaker, ofConnection } from './why-line.ts';
import { ofUpload } from './why-upload.ts';
import type { Said } from './why-words.ts';

/** One answer. `untilMs` is log time: when it changes by itself at the latest; null: not by the clock. */
export interface Why {
  readonly state: string;
  readonly sentence: string;
  /** The numbers behind the sentence; times in log time, ms. */
  readonly facts: JsonObject;
  readonly untilMs: number | null;
  readonly whatToDo: string;
  /** Commands a person may give now, by their event types: 'resume', 'retry' … */
  readonly actions: readonly string[];
}

/**
 * Why an actor of any kind is where it is. `hold` is the scheduler's answer for an upload that wants to send: null when
 * nothing holds it, undefined when it was not asked. Throws TENDER_KIND_UNKNOWN.
 */
export function whyActor(kind: string, cell: Cell, hold?: Hold | null): Why {
  definitionOf(kind);
  const actions = commandsNow(kind, cell);
  if (kind === 'upload')
    return uploadAnswer(cell.value as UploadState, cell.context as unknown as UploadContext, hold, actions);
  const said =
    kind === 'connection'
      ? ofConnection(cell.value as ConnectionState, cell.context as ConnectionContext)
      : ofBreaker(cell.value as BreakerState, cell.context as BreakerContext);
  return answer(cell.value, {}, said, actions);
}

/** The same for an upload of which only state and context are at hand. */
export function whyUpload(state: UploadState, context: UploadContext, hold?: Hold | null): Why {
  const cell = { n: 1, value: state, context: context as unknown as JsonObject, fx: {}, tm: {} };
  return uploadAnswer(state, context, hold, commandsNow('upload', cell));
}

/** Where only the state is known, as of a record that does not fold: what that state means, nothing more. */
export function whyState(kind: string, state: string): Why {
  const words = wordsOf(kind)[state];
  const said = words ?? {
    sentence: `This release does not know what "${state}" means.`,
    whatToDo: 'Look at it with the release that wrote it.',
  };
  return answer(state, {}, said, []);
}

function answer(state: string, facts: JsonObject, said: Said, actions: readonly string[]): Why {
  return {
    state,
    sentence: said.sentence,
    facts: { ...facts, ...said.facts },
    untilMs: said.untilMs ?? null,
    whatToDo: said.whatToDo,
    actions,
  };
}

function uploadAnswer(
  state: UploadState,
  context: UploadContext,
  hold: Hold | null | undefined,
  actions: readonly string[],
): Why {
  const last = context.errors.at(-1);
  const facts: JsonObject = {
    version: context.version,
    priority: context.priority,
    attempts: context.attempts,
    attemptsMax: context.triesMax ?? attemptsMax,
    failedInRow: context.failedInRow,
    bytesDurable: context.bytesDurable,
    ...(last ? { lastError: last } : {}),
  };
  return answer(state, facts, ofUpload(state, context, hold), actions);
}

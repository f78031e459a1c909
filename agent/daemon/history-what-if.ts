// What would happen if an event came, and sending it for real. A dry run changes nothing, not even the log's head. Sending
// takes a dry run's id, which stands for exactly that actor at exactly that record and that event, lasts a few minutes and
// is used once: nobody sends anything whose outcome was not shown, or to an actor that has become another meanwhile.
import { dryRun as runDry } from '../../machines/dry-run.ts';
import type { Json, JsonObject } from '../../machines/json.ts';
import type { MachineEvent } from '../../machines/kernel.ts';
import { definitionOf } from '../../machines/registry.ts';
import { TenderError } from '../errors.ts';
import type { ActorState, Host } from '../host/contract.ts';
import type { Clock, Random } from '../ports.ts';
import { type Cells, noSuchActor } from './history-cells.ts';

/** How long the outcome that was shown may be acted upon. */
export const dryRunLastsMs = 5 * 60_000;
/** Dry runs that may still be acted upon; the oldest beyond it are forgotten. */
const dryRunsMax = 64;
const idBytes = 16;

export interface WhatIf {
  /** `n`: on a past state. The answer's `dryRunId` is null when it cannot be sent, and `notSendable` says why. */
  dryRun(actor: string, event: MachineEvent, by: string, n?: number): Promise<JsonObject>;
  /** Throws TENDER_STALE_DRY_RUN, TENDER_COMMAND_REFUSED. Resolves when it is in the log. */
  send(
    actor: string,
    wish: {
      readonly event: MachineEvent;
      readonly by: string;
      readonly reason: string;
      readonly dryRunId: string;
    },
  ): Promise<JsonObject>;
}

interface Ticket {
  readonly actor: string;
  readonly n: number;
  /** The event as it was shown, as canonical text. */
  readonly event: string;
  readonly endsMs: number;
}

export function createWhatIf(
  ports: {
    readonly host: Pick<Host, 'look' | 'send' | 'logTime'>;
    readonly clock: Clock;
    readonly random: Random;
  },
  cells: Cells,
): WhatIf {
  const { host, clock, random } = ports;
  const tickets = new Map<string, Ticket>();

  async function dryRun(actor: string, asked: MachineEvent, by: string, n?: number): Promise<JsonObject> {
    const state = await host.look(actor);
    if (state === undefined) throw noSuchActor(actor);
    const { kind } = state;
    if (n !== undefined && n !== state.cell.n) {
      const past = await cells.at(actor, n);
      const at = past.at ?? host.logTime();
      const answer = runDry(kind, past.cell, asked as Json, { at });
      const notSendable = `This was ${actor} after record ${n}; it is at record ${state.cell.n} now, and nothing is sent to the past.`;
      return { actor, n, at, event: asked as Json, ...plain(answer), dryRunId: null, notSendable };
    }
    const event = signed(kind, asked, by);
    const at = host.logTime();
    const held = closed(state);
    const answer =
      held === undefined
        ? plain(runDry(kind, state.cell, event as Json, { at }))
        : { accepted: false, from: state.cell.value, ...held };
    const notSendable = reasonNotTo(kind, event, answer.accepted === true);
    const dryRunId = notSendable === null ? issue(actor, state.cell.n, event) : null;
    return { actor, n: state.cell.n, at, event: event as Json, ...answer, dryRunId, notSendable };
  }

  function issue(actor: string, n: number, event: MachineEvent): string {
    const id = Buffer.from(random.bytes(idBytes)).toString('base64url');
    const endsMs = clock.monotonicMs() + dryRunLastsMs;
    tickets.set(id, { actor, n, event: canonical(event), endsMs });
    if (tickets.size > dryRunsMax) tickets.delete(tickets.keys().next().value!);
    return id;
  }

  const send: WhatIf['send'] = async (actor, { event: asked, by, reason, dryRunId }) => {
    const ticket = tickets.get(dryRunId);
    tickets.delete(dryRunId);
    if (ticket === undefined || clock.monotonicMs() >= ticket.endsMs)
      throw stale('That dry run is over, was used already, or was made before the agent started.');
    const kind = actor.slice(0, actor.indexOf('/'));
    const event = signed(kind, asked, by);
    if (ticket.actor !== actor || ticket.event !== canonical(event))
      throw stale('That dry run was of another event or another actor.');
    const answer = await host.send(actor, { ...event, reason }, { src: 'cmd', onlyAtN: ticket.n });
    if (answer.accepted) return { seq: answer.seq, n: answer.n, state: answer.state };
    if (answer.reason === 'moved-on') throw stale(answer.message);
    throw new TenderError('TENDER_COMMAND_REFUSED', answer.message);
  };

  return { dryRun, send };
}

/** The event with the name of whoever sends it: a name in it is what others would believe. */
function signed(kind: string, event: MachineEvent, by: string): MachineEvent {
  const spec = specOf(kind, event.type);
  if (spec?.source !== 'cmd' || !Object.hasOwn(spec.fields, 'by')) return event;
  return { ...event, by };
}

function specOf(kind: string, type: string) {
  const { events } = definitionOf(kind);
  return Object.hasOwn(events, type) ? events[type] : undefined;
}

/** What the host itself would say before it asks the machine. */
function closed({ actor, finished, quarantined }: ActorState): JsonObject | undefined {
  if (quarantined !== undefined)
    return {
      code: 'TENDER_ACTOR_QUARANTINED',
      message: `${actor} was set aside: ${quarantined}`,
      guard: null,
    };
  if (finished)
    return {
      code: 'TENDER_ACTOR_FINISHED',
      message: `${actor} is finished: nothing more happens to it.`,
      guard: null,
    };
  return undefined;
}

function reasonNotTo(kind: string, event: MachineEvent, accepted: boolean): string | null {
  const source = specOf(kind, event.type)?.source;
  if (source !== undefined && source !== 'cmd')
    return `${event.type} is nothing a person says: it comes from ${origins[source]}.`;
  return accepted ? null : 'It would not be taken.';
}

const origins = { fx: 'an effect', tm: 'a timer', sys: 'the agent itself' } as const;

function stale(what: string): TenderError {
  return new TenderError('TENDER_STALE_DRY_RUN', `${what} Look at what it would do now, then send it again.`);
}

function plain(answer: ReturnType<typeof runDry>): JsonObject {
  return { ...answer } as unknown as JsonObject;
}

/** The same text for the same event, in whatever order its fields came. */
function canonical(value: Json): string {
  return JSON.stringify(value, (_key, inner: Json) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

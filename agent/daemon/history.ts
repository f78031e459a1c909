// The past, for people and pages: the log's index, any actor at any of its records, what would happen if, and the one way
// in which an engineer's event gets into the log. Reads only, but for `send`. Built by daemon.ts, asked by the routes
// timeline, actors and machines.
import type { JsonObject } from '../../machines/json.ts';
import type { MachineEvent } from '../../machines/kernel.ts';
import type { Host } from '../host/contract.ts';
import type { Clock, Random } from '../ports.ts';
import { type ActorQuery, createActorReads } from './history-actors.ts';
import { createCells } from './history-cells.ts';
import { timelinePage } from './history-timeline.ts';
import { createWhatIf, type WhatIf } from './history-what-if.ts';

export interface HistoryPorts {
  readonly host: Pick<
    Host,
    'status' | 'logTime' | 'outlines' | 'history' | 'base' | 'look' | 'find' | 'hold' | 'send' | 'read'
  >;
  readonly clock: Clock;
  readonly random: Random;
}

export interface History extends WhatIf {
  /** One row per record after `after`, at most `limit`: see history-timeline.ts. */
  timeline(after: number, limit: number): Promise<JsonObject>;
  actors(query: ActorQuery): Promise<JsonObject>;
  /** As it is, or with `n` as it was after that record. Throws TENDER_NO_SUCH_ACTOR, TENDER_NO_SUCH_RECORD. */
  actor(actor: string, n?: number, signal?: AbortSignal): Promise<JsonObject>;
  dryRun(actor: string, event: MachineEvent, by: string, n?: number): Promise<JsonObject>;
}

export function createHistory(ports: HistoryPorts): History {
  const cells = createCells(ports);
  const reads = createActorReads(ports, cells);
  const whatIf = createWhatIf(ports, cells);
  return {
    timeline: (after, limit) => timelinePage(ports.host, after, limit),
    actors: reads.actors,
    actor: reads.actor,
    dryRun: whatIf.dryRun,
    send: whatIf.send,
  };
}

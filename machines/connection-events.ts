// Every event the connection's log may hold, with its fields and where it comes from.
import type { EventSpecs, EventsOf } from './events.ts';
import { anyObject, optional, party, text, whole } from './fields.ts';
import { failureFields } from './upload-events.ts';

const none = {};
const command = { by: optional(party()), reason: optional(text(500)) };

export const connectionEvents = {
  'line.opened': {
    source: 'fx',
    effects: ['openLine'],
    fields: { epoch: whole(0), sessionId: text(64), rttMs: whole(0, 3_600_000) },
  },
  'line.failed': { source: 'fx', effects: ['openLine'], fields: failureFields },
  'line.closed': { source: 'fx', effects: ['closeLine'], fields: none },
  'line.lost': { source: 'sys', fields: { ...failureFields, epoch: optional(whole(0)) } },
  'link.degraded': { source: 'sys', fields: { numbers: anyObject() } },
  'link.recovered': { source: 'sys', fields: { numbers: optional(anyObject()) } },
  'host.booted': { source: 'sys', fields: { boot: whole(0) } },
  'reconnect.elapsed': { source: 'tm', fields: none },
  start: { source: 'cmd', fields: command },
  stop: { source: 'cmd', fields: command },
  reconnect: { source: 'cmd', fields: command },
} as const satisfies EventSpecs;

export type ConnectionEvent = EventsOf<typeof connectionEvents>;

/** `attemptsMax`: tries in a row after which the connection stops until started again; 0 or absent: never. */
export const connectionInput = { attemptsMax: optional(whole(0, 1_000_000)) };

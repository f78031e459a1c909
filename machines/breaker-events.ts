// Every event a breaker's log may hold, with its fields and where it comes from.
import type { EventSpecs, EventsOf } from './events.ts';
import { finite, flag, object, optional, text, whole } from './fields.ts';
import { commandFields, delayMaxMs } from './upload-events.ts';

/** The numbers that decided: outcomes counted, failures among them, failures in a row. */
const window = object({ count: whole(0), failures: whole(0), consecutive: whole(0) });
/** Chance, drawn by the host and recorded: the open time is multiplied by 1 + spread. */
const spread = finite(-1, 1);
const retryAfterMs = optional(whole(0, delayMaxMs));
const reason = text(2_000, 0);

export const breakerEvents = {
  'breaker.tripped': { source: 'sys', fields: { reason, window, spread, retryAfterMs } },
  'probe.succeeded': { source: 'sys', fields: {} },
  'probe.failed': { source: 'sys', fields: { reason, spread, retryAfterMs } },
  'link.up': { source: 'sys', fields: {} },
  'host.booted': { source: 'sys', fields: { boot: whole(0) } },
  'reset.elapsed': { source: 'tm', fields: {} },
  forceOpen: { source: 'cmd', fields: { ...commandFields, untilMs: optional(whole(1, delayMaxMs)) } },
  forceClose: { source: 'cmd', fields: commandFields },
} as const satisfies EventSpecs;

export type BreakerEvent = EventsOf<typeof breakerEvents>;

/** How long a breaker stays open, and whether events may end it early. Absent: the defaults of breaker.ts. */
export const breakerInput = {
  openMinMs: optional(whole(1, delayMaxMs)),
  openMaxMs: optional(whole(1, delayMaxMs)),
  closeEarly: optional(flag()),
};

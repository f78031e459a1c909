// Tells one machine what the system has noticed, in order and until the log has taken or refused it: a lost line or a
// tripped breaker that a full disk kept out of the log would leave the machine in a state that nothing leads out of.
// Used by connection.ts and breaker.ts.
import type { MachineEvent } from '../../machines/kernel.ts';
import type { Host } from '../host/contract.ts';
import type { Log } from '../log-line.ts';
import type { Clock } from '../ports.ts';

/** Wait before an event is put to the log again. */
const retryMs = 1_000;
/** Told and not yet taken; beyond it the oldest are forgotten, because the newest say how things are. */
const waitingMaxEvents = 64;

export interface Teller {
  tell(event: MachineEvent): void;
  stop(): void;
}

export function createTeller(ports: {
  readonly host: Pick<Host, 'send'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly actor: string;
}): Teller {
  const { host, clock, log, actor } = ports;
  const waiting: MachineEvent[] = [];
  let telling = false;
  let stopped = false;
  let cancel = () => {};

  async function next(): Promise<void> {
    telling = true;
    while (waiting.length > 0 && !stopped) {
      const event = waiting[0]!;
      try {
        await host.send(actor, event, { src: 'sys' });
        if (waiting[0] === event) waiting.shift();
      } catch (error) {
        const { message } = error as Error;
        log({ level: 'error', actor, code: 'TENDER_LOG_WRITE_FAILED', message, event: event.type });
        if (stopped) break;
        await new Promise<void>((resolve) => {
          cancel = clock.after(retryMs, resolve);
        });
      }
    }
    telling = false;
  }

  return {
    tell(event) {
      waiting.push(event);
      if (waiting.length > waitingMaxEvents) waiting.shift();
      if (!telling) void next();
    },
    stop() {
      stopped = true;
      cancel();
    },
  };
}

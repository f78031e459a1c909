// The connection's logged machine: made at the first start, woken at every other, told what the line notices and what
// people wish. Permits follow from it in the host, early tries of the breaker in daemon.ts.
import type { ConnectionState } from '../../machines/connection.ts';
import type { JsonObject } from '../../machines/json.ts';
import type { MachineEvent } from '../../machines/kernel.ts';
import { TenderError } from '../errors.ts';
import type { Host } from '../host/contract.ts';
import type { Log } from '../log-line.ts';
import type { Clock } from '../ports.ts';
import { createTeller } from './teller.ts';

export const connectionActor = 'connection/main';

export interface Connection {
  /** Finds or makes the machine. After host.open(). */
  start(): Promise<void>;
  readonly state: ConnectionState;
  /** Something the line noticed by itself: lost, degraded, recovered. */
  noticed(event: MachineEvent): void;
  /** A person's wish. Throws TENDER_COMMAND_REFUSED. */
  command(command: 'start' | 'stop' | 'reconnect', by: string): Promise<void>;
  stop(): void;
}

export function createConnection(ports: {
  readonly host: Pick<Host, 'create' | 'read' | 'send' | 'tail'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly input: JsonObject;
  /** The state has changed, and the record of it is durable. */
  changed(state: ConnectionState): void;
}): Connection {
  const { host, log } = ports;
  const teller = createTeller({ ...ports, actor: connectionActor });
  let state: ConnectionState = 'stopped';

  const untail = host.tail((record) => {
    if (record.actor !== connectionActor) return;
    const before = state;
    state = record.state as ConnectionState;
    if (state === before) return;
    log({
      level: 'info',
      actor: connectionActor,
      message: `The connection is ${state}.`,
      was: before,
      event: record.event.type,
    });
    ports.changed(state);
  });

  return {
    async start() {
      // An existing one was told of the boot by the host; a person's stop outlives restarts. One that was made and never
      // started (the power went between the two) is started now.
      const before = await host.read(connectionActor);
      if (!before) await host.create(connectionActor, ports.input);
      if (!before || before.n === 1)
        await host.send(connectionActor, { type: 'start', by: 'agent' }, { src: 'cmd' });
      const found = ((await host.read(connectionActor))?.value ?? 'stopped') as ConnectionState;
      if (found === state) return;
      state = found;
      ports.changed(state);
    },
    get state() {
      return state;
    },
    noticed: teller.tell,
    async command(command, by) {
      const answer = await host.send(connectionActor, { type: command, by }, { src: 'cmd' });
      const already = command === 'stop' ? state === 'stopped' : state !== 'stopped';
      if (!answer.accepted && !already)
        throw new TenderError(
          'TENDER_COMMAND_REFUSED',
          `The connection is ${state} and cannot take "${command}": ${answer.message}`,
        );
    },
    stop() {
      untail();
      teller.stop();
    },
  };
}

// Everything the daemon knows of its queue as a whole, put together: what changed, in which order it goes, how fast, what it
// cost. daemon.ts starts it after the log is open; the API asks it.
import { type Name, nameForPeople } from '../../cloud/contract/name.ts';
import type { Aboard } from '../api/aboard.ts';
import { costMicros, type Price } from '../config/price.ts';
import type { Host } from '../host/contract.ts';
import type { Log } from '../log-line.ts';
import type { Clock } from '../ports.ts';
import { createBoard } from './board.ts';
import { createChanges } from './changes.ts';
import { costsJson } from './costs.ts';
import { createMeter, nothingMetered } from './meter.ts';
import { createRates, timeLeft } from './rates.ts';
import { createRunning } from './running.ts';
import type { StatusFacts } from './status.ts';
import { contextOf, type Moving } from './upload-json.ts';
import { createUploads } from './uploads.ts';

/** Before host.open(): no record may be missed. */
export function createQueue(ports: {
  readonly host: Host;
  readonly clock: Clock;
  readonly log: Log;
  readonly price: Price | null;
}) {
  const { host, clock, price } = ports;
  const changes = createChanges(host);
  const rates = createRates(clock);
  const running = createRunning((actor, figures) => rates.note(actor, (figures as Moving).bytesDurable ?? 0));
  const board = createBoard({ host, clock, running: running.actors });
  const meter = createMeter(ports);
  const priced =
    price === null
      ? undefined
      : { currency: price.currency, microsOf: (bytes: number) => costMicros(bytes, price) };
  const uploads = createUploads({ host, board, rates, running, price: priced });

  /** Of today (UTC), and the last of all. */
  async function delivered(): Promise<StatusFacts['delivered']> {
    const found = meter.delivered;
    if (found === undefined) return { count: 0, last: null };
    const today = new Date(clock.wallMs()).toISOString().slice(0, 10);
    const cell = await host.read(`upload/${found.uploadId}`).catch(() => undefined);
    const name = cell === undefined ? '' : nameForPeople(contextOf(cell).name as Name);
    return {
      count: found.day === today ? found.count : 0,
      last: { id: found.uploadId, name, atMs: found.atMs },
    };
  }

  return {
    running,
    /** After host.open(). */
    start(): void {
      board.start();
      meter.start();
    },
    /** Before host.close(). */
    stop(): void {
      changes.stop();
      board.stop();
      meter.stop();
    },
    /** For the status. */
    async facts(): Promise<Pick<StatusFacts, 'states' | 'metered' | 'left' | 'delivered'>> {
      await board.settled();
      const bytes = board.bytesInLine();
      // A log that cannot be read now must not keep the status from being told.
      const metered = await meter.total().catch(() => nothingMetered);
      return {
        states: board.states(),
        metered,
        delivered: await delivered(),
        left: { bytes, ms: timeLeft(0, bytes, undefined, rates.total()) },
      };
    },
    /** Its part of what the API may ask. */
    aboard: {
      uploads,
      changes,
      running: running.actors,
      stirred: running.listen,
      costs: async () => costsJson(await meter.months(), await meter.total(), price),
    } satisfies Partial<Aboard>,
  };
}

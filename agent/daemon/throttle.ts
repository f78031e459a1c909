// The ceiling on the line's bytes that a person sets by hand, above the one of the configuration: `tender link rate`. It holds over
// restarts, takes effect at once, and is forgotten only when somebody says `auto`. Asked by the local API, applied to the line.
import type { JsonObject } from '../../machines/json.ts';
import { readRate } from '../config/units.ts';
import { TenderError } from '../errors.ts';
import type { Host } from '../host/contract.ts';
import type { Log } from '../log-line.ts';
import type { Clock } from '../ports.ts';

/** Side row of the host. */
const rowKey = 'line/rate';
/** Less would take longer for a heartbeat than the line is given to answer. */
const leastBytesPerSecond = 1_000;
const mostBytesPerSecond = 1_000_000_000;

/** What a person asked for; `null` bytes: no ceiling at all. */
interface ByHand {
  readonly bytesPerSecond: number | null;
  readonly by: string;
  readonly sinceMs: number;
}

export interface Throttle {
  /** After the log was opened: what was set in an earlier life holds. */
  start(): Promise<void>;
  /** "500kbit", "2Mbit", "60KB/s"; "off" lifts every ceiling, "auto" goes back to the configuration. Durable when it resolves. */
  set(rate: string, by: string): Promise<void>;
  /** For the status. */
  describe(): JsonObject;
}

export function createThrottle(ports: {
  readonly host: Pick<Host, 'row' | 'putRows'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Of the configuration; 0: none. */
  readonly configuredBytesPerSecond: number;
  readonly apply: (bytesPerSecond: number | null) => void;
}): Throttle {
  const { host, clock, log, apply } = ports;
  const configured = ports.configuredBytesPerSecond > 0 ? ports.configuredBytesPerSecond : null;
  let byHand: ByHand | undefined;

  const inForce = () => (byHand ? byHand.bytesPerSecond : configured);

  return {
    async start() {
      const row = await host.row(rowKey);
      if (row !== undefined) byHand = JSON.parse(row) as ByHand;
      apply(inForce());
    },
    async set(rate, by) {
      const next = rate === 'auto' ? undefined : { ...read(rate), by, sinceMs: clock.wallMs() };
      await host.putRows([
        next ? { type: 'put', key: rowKey, value: JSON.stringify(next) } : { type: 'del', key: rowKey },
      ]);
      byHand = next;
      apply(inForce());
      const bytesPerSecond = inForce() ?? 0;
      log({ level: 'info', message: `The rate of the link was set to ${rate} by ${by}.`, bytesPerSecond });
    },
    describe: () => ({
      bytesPerSecond: inForce(),
      from: byHand ? 'hand' : configured === null ? 'none' : 'configuration',
      by: byHand?.by ?? null,
      sinceMs: byHand?.sinceMs ?? null,
      configuredBytesPerSecond: configured,
    }),
  };
}

function read(rate: string): { readonly bytesPerSecond: number | null } {
  if (rate === 'off') return { bytesPerSecond: null };
  const answer = readRate(rate);
  const wrong =
    'wrong' in answer
      ? answer.wrong
      : answer.value < leastBytesPerSecond || answer.value > mostBytesPerSecond
        ? 'must lie between 8kbit and 8Gbit'
        : undefined;
  if (wrong !== undefined || !('value' in answer))
    throw new TenderError('TENDER_COMMAND_INVALID', `rate ${wrong}; or "off", or "auto".`);
  return { bytesPerSecond: answer.value };
}

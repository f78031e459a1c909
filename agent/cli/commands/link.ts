// `tender link start|stop|reconnect`: the connection itself. Stopping it holds every document back and survives restarts;
// reconnect tries at once instead of at the next planned time. `tender link rate` caps what it may carry, from now on.
import { TenderError } from '../../errors.ts';
import type { Answer } from '../client.ts';
import type { CliCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { person } from './control.ts';

export const link: CliCommand = {
  usage: 'link <action> [rate]',
  summary: '`start`, `stop`, `reconnect`, or `rate 500kbit|off|auto`: the connection to the cloud',
  words: ['start', 'stop', 'reconnect', 'rate'],
  async run(context, [action, rate]) {
    if (action === 'rate') return setRate(context, rate);
    if (action !== 'start' && action !== 'stop' && action !== 'reconnect')
      throw new TenderError('TENDER_USAGE', 'tender link knows start, stop, reconnect and rate.');
    if (rate !== undefined)
      throw new TenderError('TENDER_USAGE', `tender link ${action} takes nothing more.`);
    const answer = await (await context.api()).post(`/v1/connection/${action}`, { by: person(context) });
    const connection = answer.connection as Answer;
    context.tell({ type: 'result', ok: true, connection });
    context.say(`${connection.state} (${connection.name}): ${connection.why}`);
    return 0;
  },
};

async function setRate(context: Context, rate: unknown): Promise<number> {
  if (typeof rate !== 'string')
    throw new TenderError('TENDER_USAGE', 'tender link rate needs a rate such as 500kbit, or off, or auto.');
  const answer = await (await context.api()).post('/v1/link/rate', { rate, by: person(context) });
  const throttle = answer.throttle as Answer;
  context.tell({ type: 'result', ok: true, throttle });
  context.say(throttleText(throttle));
  return 0;
}

/** "at most 500 kbit/s, set by hand (anna)" */
export function throttleText({ bytesPerSecond, from, by }: Answer): string {
  const origin =
    from === 'hand' ? `set by hand (${by})` : from === 'configuration' ? 'from the configuration' : '';
  if (typeof bytesPerSecond !== 'number') return `no ceiling${origin === '' ? '' : `, ${origin}`}`;
  return `at most ${kilobits(bytesPerSecond)} kbit/s with everything counted, ${origin}`;
}

export function kilobits(bytesPerSecond: number): string {
  return String(Math.round(bytesPerSecond / 12.5) / 10);
}

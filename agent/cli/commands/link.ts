// `tender link start|stop|reconnect`: the connection itself. Stopping it holds every document back and survives restarts;
// reconnect tries at once instead of at the next planned time.
import { TenderError } from '../../errors.ts';
import type { Answer } from '../client.ts';
import type { CliCommand } from '../command.ts';
import { person } from './control.ts';

export const link: CliCommand = {
  usage: 'link <action>',
  summary: '`start`, `stop` or `reconnect`: the connection to the cloud',
  words: ['start', 'stop', 'reconnect'],
  async run(context, [action]) {
    if (action !== 'start' && action !== 'stop' && action !== 'reconnect')
      throw new TenderError('TENDER_USAGE', 'tender link knows start, stop and reconnect.');
    const answer = await (await context.api()).post(`/v1/connection/${action}`, { by: person(context) });
    const connection = answer.connection as Answer;
    context.tell({ type: 'result', ok: true, connection });
    context.say(`${connection.state} (${connection.name}): ${connection.why}`);
    return 0;
  },
};

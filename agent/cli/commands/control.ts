// `tender pause|resume|cancel|retry ID…` (or --all) and `tender prioritise ID N`: commands to uploads. The daemon writes
// each into the log before it answers; what a state does not allow is refused with the reason.
import { readDuration } from '../../config/units.ts';
import { TenderError } from '../../errors.ts';
import type { Answer } from '../client.ts';
import type { CliCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { oneLine } from '../text.ts';
import { priorityOption } from './add.ts';

type Verb = 'pause' | 'resume' | 'cancel' | 'retry';

function control(verb: Verb, summary: string): CliCommand {
  return {
    usage: `${verb} [id...]`,
    summary,
    options(command) {
      command.option('--all', `${verb} everything that can be`);
      if (verb === 'resume')
        command.option('--as <name>', 'resume what this one paused, instead of what you paused');
      if (verb === 'pause') command.option('--for <time>', 'resume by itself after, such as 2h');
    },
    async run(context, [ids], options) {
      const list = (ids ?? []) as readonly string[];
      if ((options.all === true) === list.length > 0)
        throw new TenderError('TENDER_USAGE', `tender ${verb} needs either ids or --all.`);
      const by = typeof options.as === 'string' ? options.as : person(context);
      const body = { by, ...pauseFor(options.for) };
      const api = await context.api();
      if (options.all === true) {
        const answer = await api.post(`/v1/uploads/all/${verb}`, body);
        context.tell({ type: 'result', ok: true, ...answer });
        context.say(`${answer.accepted} documents: ${verb} accepted. Left as they are: ${answer.refused}.`);
        return 0;
      }
      const items: Answer[] = [];
      for (const id of list) {
        const answer = await api.post(`/v1/uploads/${encodeURIComponent(id)}/${verb}`, body);
        items.push(answer);
        context.say(`${oneLine(String(answer.name))}: ${answer.state}. ${answer.why}`);
      }
      context.tell({ type: 'result', ok: true, items });
      return 0;
    },
  };
}

export const pauseCommand = control('pause', 'hold documents back; everything else about them stays');
export const resume = control('resume', 'let paused documents go on');
export const cancel = control('cancel', 'give documents up; files in watched folders stay where they are');
export const retry = control('retry', 'try parked or waiting documents again at once');

export const prioritise: CliCommand = {
  usage: 'prioritise <id> <n>',
  summary: 'change the priority: 1 critical, 5 normal, 10 low',
  async run(context, [id, n]) {
    const api = await context.api();
    const body = { by: person(context), priority: priorityOption(n) };
    const answer = await api.post(`/v1/uploads/${encodeURIComponent(id as string)}/prioritise`, body);
    context.tell({ type: 'result', ok: true, items: [answer] });
    context.say(`${oneLine(String(answer.name))}: priority ${answer.priority}. ${answer.why}`);
    return 0;
  },
};

/** Who asks, for the log: pausing keeps a set of who did. */
export function person(context: Context): string {
  return (
    oneLine(context.environment.SUDO_USER ?? context.environment.USER ?? 'somebody').slice(0, 64) ||
    'somebody'
  );
}

function pauseFor(text: unknown): { for?: string } {
  if (typeof text !== 'string') return {};
  const read = readDuration(text);
  if ('wrong' in read) throw new TenderError('TENDER_USAGE', `--for ${read.wrong}.`);
  return { for: text };
}

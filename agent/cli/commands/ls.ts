// `tender ls`: the documents aboard, those still on their way first, in the order they will go.
import type { CliCommand } from '../command.ts';
import { table } from '../text.ts';
import { asUploads, uploadHead, uploadRow } from '../uploads.ts';

export const ls: CliCommand = {
  usage: 'ls',
  summary: 'list documents: those on their way first, in the order they will go',
  options(command) {
    command
      .option('--state <state>', 'only this state, such as waiting, parked or indexed')
      .option('--search <text>', 'only those with this piece of text in their name or id')
      .option('--limit <n>', 'at most so many', '200');
  },
  async run(context, _args, options) {
    const api = await context.api();
    const query = new URLSearchParams({ limit: String(options.limit) });
    if (typeof options.state === 'string') query.set('state', options.state);
    if (typeof options.search === 'string') query.set('q', options.search);
    const answer = await api.get(`/v1/uploads?${query}`);
    const uploads = asUploads(answer);
    context.tell({ type: 'result', ok: true, ...answer });
    if (uploads.length === 0)
      context.say('Nothing here. Add files with `tender add FILE`, or watch a folder.');
    else
      context.say(
        table([uploadHead, ...uploads.map((upload) => uploadRow(upload, context.streams.columns))]),
      );
    if (answer.more === true) context.say(`… and more: raise --limit, or choose with --state.`);
    return 0;
  },
};

// `tender wait [ID…]`: returns when the documents (or everything now on its way) have come to rest.
import { agentErrors } from '../../errors.ts';
import type { CliCommand } from '../command.ts';
import { asUploads, shortId } from '../uploads.ts';
import { atRest, waitFor } from '../waiting.ts';
import { maxOption } from './add.ts';

const listMax = 1000;

export const wait: CliCommand = {
  usage: 'wait [id...]',
  summary: 'wait until documents are searchable ashore, or need a person',
  options(command) {
    command.option('--max <time>', 'give up waiting after this time; the agent goes on', '300s');
  },
  async run(context, [given], options) {
    const api = await context.api();
    const maxMs = maxOption(options.max);
    let ids = (given ?? []) as readonly string[];
    if (ids.length === 0) {
      const open = asUploads(await api.get(`/v1/uploads?limit=${listMax}`)).filter(
        (upload) => !atRest(upload),
      );
      ids = open.map((upload) => upload.id);
    }
    const outcome = await waitFor(context, api, ids, maxMs);
    context.tell({ type: 'result', ok: outcome.ok, items: outcome.uploads });
    if (ids.length === 0) context.say('Nothing is on its way.');
    for (const upload of outcome.uploads)
      context.say(`${shortId(upload.id)}  ${upload.state}: ${upload.why}`);
    return outcome.ok ? 0 : agentErrors.TENDER_DOCUMENT_PARKED;
  },
};

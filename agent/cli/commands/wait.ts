// `tender wait [ID…]`: returns when the documents (or everything now on its way) have come to rest.
import { agentErrors } from '../../errors.ts';
import type { ApiClient } from '../client.ts';
import type { CliCommand } from '../command.ts';
import { asUploads, shortId, type UploadView } from '../uploads.ts';
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
    const untilMs = performance.now() + (maxOption(options.max) ?? 0);
    const named = (given ?? []) as readonly string[];
    const waited: UploadView[] = [];
    let ok = true;
    // Without ids: again and again what is on its way by then, because a file may have become a newer version meanwhile.
    for (let ids = named.length > 0 ? named : await onTheirWay(api); ids.length > 0; ) {
      const outcome = await waitFor(context, api, ids, Math.max(0, untilMs - performance.now()));
      waited.push(...outcome.uploads);
      ok &&= outcome.ok;
      ids = named.length > 0 ? [] : await onTheirWay(api);
    }
    context.tell({ type: 'result', ok, items: waited });
    if (waited.length === 0) context.say('Nothing is on its way.');
    for (const upload of waited) context.say(`${shortId(upload.id)}  ${upload.state}: ${upload.why}`);
    return ok ? 0 : agentErrors.TENDER_DOCUMENT_PARKED;
  },
};

async function onTheirWay(api: ApiClient): Promise<string[]> {
  const uploads = asUploads(await api.get(`/v1/uploads?limit=${listMax}`));
  return uploads.filter((upload) => !atRest(upload)).map((upload) => upload.id);
}

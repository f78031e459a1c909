// `tender add FILE…`: hands files to the daemon. We read them as the user who asks and stream the bytes; the daemon never
// opens a path on somebody's behalf. It answers only when the bytes are safe aboard (fsynced and logged).
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { readDuration } from '../../config/units.ts';
import { agentErrors, TenderError } from '../../errors.ts';
import type { ApiClient } from '../client.ts';
import type { CliCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { bytesText, forTerminal, oneLine } from '../text.ts';
import { shortId, type UploadView } from '../uploads.ts';
import { waitFor } from '../waiting.ts';

export const add: CliCommand = {
  usage: 'add <file...>',
  summary: 'queue files; returns as soon as they are safe aboard',
  options(command) {
    command
      .option('--priority <n>', '1 critical, 5 normal, 10 low', '5')
      .option('--wait', 'wait until every file is searchable ashore')
      .option('--max <time>', 'with --wait: give up waiting after, such as 300s');
  },
  async run(context, [files], options) {
    const api = await context.api();
    const priority = priorityOption(options.priority);
    const maxMs = maxOption(options.max);
    const added: UploadView[] = [];
    let failure: TenderError | undefined;
    for (const file of files as readonly string[]) {
      try {
        const upload = await sendFile(context, api, file, priority);
        added.push(upload);
        context.say(
          `queued ${shortId(upload.id)}  ${oneLine(upload.name)}  ${bytesText(upload.sizeBytes ?? 0)}`,
        );
        context.tell({ type: 'queued', ...upload });
      } catch (error) {
        // One bad name among fifty scans must not hold the others back; what cannot go is told at the end again.
        if (!(error instanceof TenderError) || error.code !== 'TENDER_FILE_UNREADABLE') throw error;
        failure ??= error;
        context.streams.err(`tender: ${forTerminal(error.message)} (${error.code})\n`);
        context.tell({ type: 'refused', file, code: error.code, message: error.message });
      }
    }
    if (!options.wait) {
      context.tell({ type: 'result', ok: !failure, items: added });
      return failure ? agentErrors[failure.code] : 0;
    }
    const ids = added.map((upload) => upload.id);
    const outcome = await waitFor(context, api, ids, maxMs);
    for (const upload of outcome.uploads)
      context.say(`${shortId(upload.id)}  ${upload.state}: ${upload.why}`);
    context.tell({ type: 'result', ok: outcome.ok && !failure, items: outcome.uploads });
    if (failure) return agentErrors[failure.code];
    return outcome.ok ? 0 : agentErrors.TENDER_DOCUMENT_PARKED;
  },
};

async function sendFile(
  context: Context,
  api: ApiClient,
  file: string,
  priority: number,
): Promise<UploadView> {
  const path = context.path(file);
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    // O_NONBLOCK: a FIFO without a writer must not hold us for ever.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    const why =
      code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'you may not read it' : code;
    throw new TenderError('TENDER_FILE_UNREADABLE', `${file} cannot be added: ${why}.`, { cause: error });
  }
  try {
    const stat = await handle.stat();
    if (!stat.isFile())
      throw new TenderError(
        'TENDER_FILE_UNREADABLE',
        `${file} cannot be added: it is ${stat.isDirectory() ? 'a folder; watch it in the configuration instead' : 'not a regular file'}.`,
      );
    const headers = {
      'content-type': 'application/octet-stream',
      'tender-name': Buffer.from(basename(path)).toString('base64url'),
      'tender-size': String(stat.size),
      'tender-modified': String(Math.max(0, Math.floor(stat.mtimeMs))),
    };
    const body = handle.createReadStream({ autoClose: false, highWaterMark: 262_144 });
    return (await api.send(`/v1/uploads?priority=${priority}`, headers, body)) as UploadView;
  } finally {
    await handle.close();
  }
}

export function priorityOption(text: unknown): number {
  const priority = typeof text === 'string' && /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (priority < 1 || priority > 10)
    throw new TenderError(
      'TENDER_USAGE',
      'A priority is a whole number from 1 (critical) to 10 (low); 5 is normal.',
    );
  return priority;
}

export function maxOption(text: unknown): number | undefined {
  if (text === undefined) return undefined;
  const read = typeof text === 'string' ? readDuration(text) : { wrong: 'needs a time such as 300s' };
  if ('wrong' in read) throw new TenderError('TENDER_USAGE', `--max ${read.wrong}.`);
  return read.value;
}

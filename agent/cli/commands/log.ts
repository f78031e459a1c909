// `tender log`: the event log as lines, oldest first; --follow keeps the line open and loses nothing when it breaks,
// because every record carries its number and the stream goes on after the last one seen.
import { TenderError } from '../../errors.ts';
import type { Answer } from '../client.ts';
import type { CliCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { oneLine, timeText } from '../text.ts';
import { pause } from '../waiting.ts';

const pageSize = 500;
const reconnectMs = 500;

export const log: CliCommand = {
  usage: 'log',
  summary: 'the event log: what happened, in order',
  options(command) {
    command
      .option('--follow', 'go on as things happen, until Ctrl-C')
      .option('--actor <id>', 'only one actor, such as upload/01J… or connection/main')
      .option('--after <seq>', 'only records after this number', '0')
      .option('--limit <n>', 'the last so many records', '100');
  },
  async run(context, _args, options) {
    const limit = wholeOption('--limit', options.limit, 100_000);
    const after = wholeOption('--after', options.after, Number.MAX_SAFE_INTEGER);
    const actor = typeof options.actor === 'string' ? await actorId(context, options.actor) : undefined;
    const seen: Seen = { last: after, left: limit };
    if (options.follow !== true) {
      await printTail(context, actor, seen);
      context.tell({ type: 'result', ok: true, lastSeq: seen.last });
      return 0;
    }
    for (let met = false; !context.signal.aborted; ) {
      try {
        const api = await context.api();
        if (seen.left > 0) await printTail(context, actor, seen);
        met = true;
        const query = new URLSearchParams({
          after: String(seen.last),
          ...(actor === undefined ? {} : { actor }),
        });
        for await (const event of api.events(`/v1/events?${query}`)) {
          if (event.event !== 'record') continue;
          seen.last = Number(event.id);
          print(context, event.data);
        }
      } catch (error) {
        if (context.signal.aborted) break;
        const code = error instanceof TenderError ? error.code : undefined;
        // An agent that never answered is told of; one that went away while it was followed is waited for.
        const again = code === 'TENDER_AGENT_STOPPING' || (code === 'TENDER_AGENT_NOT_RUNNING' && met);
        if (!again && !broken(error)) throw error;
        met = true;
      }
      if (!context.signal.aborted) await pause(reconnectMs, context.signal).catch(() => undefined);
    }
    return 0;
  },
};

/** How far a listing has come: the number of the last record shown, and how many of the tail are still to be shown. */
interface Seen {
  last: number;
  left: number;
}

/** Prints the last `seen.left` records after `seen.last`. Broken off, it can be called again and goes on. */
async function printTail(context: Context, actor: string | undefined, seen: Seen): Promise<void> {
  const api = await context.api();
  const from = { after: String(seen.last), ...(actor === undefined ? {} : { actor }) };
  for (let query = new URLSearchParams({ ...from, last: String(seen.left) }); seen.left > 0; ) {
    query.set('limit', String(Math.min(seen.left, pageSize)));
    const answer = await api.get(`/v1/log?${query}`);
    const items = answer.items as readonly Answer[];
    for (const record of items) print(context, record);
    seen.left -= items.length;
    seen.last = Number(answer.next);
    if (items.length === 0 || answer.more !== true) seen.left = 0;
    query = new URLSearchParams({ ...from, after: String(seen.last) });
  }
}

async function actorId(context: Context, text: string): Promise<string> {
  if (text.includes('/')) return text;
  const upload = await (await context.api()).get(`/v1/uploads/${encodeURIComponent(text)}`);
  return `upload/${upload.id}`;
}

function print(context: Context, record: Answer): void {
  context.tell({ ...record, type: 'record', event: record.event });
  context.say(
    oneLine(
      `#${record.seq}  ${timeText(Number(record.wall))}  ${record.actor}  ${record.type}  → ${record.state}`,
    ),
  );
}

function broken(error: unknown): boolean {
  return ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(
    String((error as NodeJS.ErrnoException).code),
  );
}

function wholeOption(name: string, text: unknown, most: number): number {
  const number = typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : -1;
  if (number < 0 || number > most)
    throw new TenderError('TENDER_USAGE', `${name} needs a whole number up to ${most}.`);
  return number;
}

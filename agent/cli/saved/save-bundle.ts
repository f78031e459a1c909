// What `tender bundle` does: on a running agent through its socket, on a stopped one through its database; redaction, the
// one HTML file, and the word whether it replays.
import { randomBytes } from 'node:crypto';
import { open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '../../../machines/json.ts';
import { writeHtml } from '../../bundle/html.ts';
import { type LogSource, recordAt, sequenceAt } from '../../bundle/log-source.ts';
import { bundleRecordsMax, makeBundle } from '../../bundle/make.ts';
import { readDuration } from '../../config/units.ts';
import { agentErrors, TenderError } from '../../errors.ts';
import type { Context } from '../context.ts';
import { doctorReport } from '../doctor/report.ts';
import { bytesText } from '../text.ts';
import { openSavedLog, type SavedLog } from './open-log.ts';
import { pageTemplate } from './page-template.ts';

/** Without --since: as much as opens in a second everywhere. */
const defaultMaxRecords = 50_000;

export async function saveBundle(
  context: Context,
  options: Readonly<Record<string, unknown>>,
): Promise<number> {
  const reveal = revealOption(options.reveal);
  const template = await pageTemplate();
  // Before the log is opened here: of a stopped agent there is one reader at a time.
  const doctor = options.doctor === false ? undefined : await doctorReport(context);
  const log = await openSavedLog(context);
  try {
    const notes = [...log.notes];
    const from = await firstSequence(log.source, options.since, notes);
    const output = context.path(typeof options.output === 'string' ? options.output : defaultName());
    const made = await writeFileWhole(output, async (write) => {
      const html = await writeHtml(template, write);
      const result = await makeBundle({
        source: log.source,
        from,
        reveal,
        salt: randomBytes(32),
        madeMs: Date.now(),
        versions: versions(context, log),
        ...(log.config ? { config: log.config } : {}),
        ...(log.status ? { status: log.status } : {}),
        ...(doctor ? { doctor: doctor as unknown as JsonObject } : {}),
        notes,
        write: html.line,
        signal: context.signal,
      });
      return { ...result, bytes: await html.end() };
    });
    tellMade(context, output, reveal, made);
    return made.replays === made.original.replays ? 0 : agentErrors.TENDER_BUNDLE_UNFAITHFUL;
  } finally {
    await log.close();
  }
}

const unfaithful =
  'The log replays and the bundle with replaced names does not: use it with care, and report it. --reveal names may do better.';

type Made = Awaited<ReturnType<typeof makeBundle>> & { readonly bytes: number };

function tellMade(context: Context, output: string, reveal: string, made: Made): void {
  const { from, to, records, actors, original, replays, bytes } = made;
  const ok = replays === original.replays;
  context.tell({
    type: 'result',
    ok,
    ...(ok ? {} : { code: 'TENDER_BUNDLE_UNFAITHFUL', message: unfaithful }),
    file: output,
    bytes,
    from,
    to,
    records,
    actors,
    reveal,
    replays,
    original,
  });
  context.say(`${output}  ${bytesText(bytes)}`);
  context.say(`records #${from} to #${to} (${records}), ${actors} actors`);
  context.say(
    reveal === 'names'
      ? 'names shown; addresses, keys and hashes replaced'
      : 'names, paths, addresses and keys replaced',
  );
  context.say(`chain of the log: ${original.chain ? 'holds' : 'BROKEN'}`);
  context.say(`replays to the same states with this build: ${replays ? 'yes' : 'no'}`);
  for (const problem of original.problems) context.say(`  ${problem}`);
  if (!ok) context.say(unfaithful);
  context.say('Open it with a double-click, or `tender inspect` it.');
}

function revealOption(text: unknown): 'nothing' | 'names' {
  if (text === undefined) return 'nothing';
  if (text === 'names') return 'names';
  throw new TenderError('TENDER_USAGE', '--reveal knows one word: names.');
}

async function firstSequence(source: LogSource, since: unknown, notes: string[]): Promise<number> {
  const from = await wantedSequence(source, since);
  const count = source.head - Math.max(from, source.oldest) + 1;
  if (count <= (since === undefined ? defaultMaxRecords : bundleRecordsMax)) return from;
  if (since !== undefined)
    throw new TenderError(
      'TENDER_BUNDLE_TOO_LARGE',
      `That is ${count} records; a bundle holds at most ${bundleRecordsMax}: take a shorter time, such as --since 2h.`,
    );
  notes.push(`Only the last ${defaultMaxRecords} of ${count} records are here; --since chooses otherwise.`);
  return source.head - defaultMaxRecords + 1;
}

/** A time is counted back from the last record, so that a log that stopped last week has its last hours too. */
async function wantedSequence(source: LogSource, since: unknown): Promise<number> {
  if (since === undefined || source.head === 0) return source.oldest;
  if (typeof since === 'string' && /^\d{1,15}$/.test(since)) return Number(since);
  const read = typeof since === 'string' ? readDuration(since) : { wrong: 'needs a time such as 2h' };
  if ('wrong' in read)
    throw new TenderError('TENDER_USAGE', `--since ${read.wrong}, or a sequence number such as 4711.`);
  const last = await recordAt(source, source.head);
  return last === undefined ? source.oldest : sequenceAt(source, last.at - read.value);
}

function versions(context: Context, log: SavedLog): JsonObject {
  return {
    tender: context.version,
    agent: typeof log.status?.version === 'string' ? log.status.version : null,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    read: log.how,
  };
}

function defaultName(): string {
  return `tender-${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')}.html`;
}

/** Under another name first: a bundle that was broken off is never taken for one. Never over a file of another kind. */
async function writeFileWhole<T>(
  path: string,
  write: (put: (text: string) => Promise<void>) => Promise<T>,
): Promise<T> {
  const there = await stat(path).catch(() => undefined);
  if (there && !there.isFile())
    throw new TenderError(
      'TENDER_USAGE',
      `${path} is not a file: name one with -o, such as -o ${join(path, 'tender.html')}.`,
    );
  const draft = `${path}.part`;
  const handle = await open(draft, 'w', 0o600).catch((error: NodeJS.ErrnoException) => {
    throw new TenderError(
      'TENDER_FILE_UNREADABLE',
      `${path} cannot be written (${error.code}): choose another place with -o.`,
      {
        cause: error,
      },
    );
  });
  try {
    const result = await write(async (text) => {
      await handle.write(text);
    });
    await handle.close();
    await rename(draft, path);
    return result;
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(draft, { force: true });
    throw error;
  }
}

// `npm run demo`, `tender demo`: the whole journey on one machine. Cloud, PostgreSQL and agent are the real processes;
// only the sky between them is made up.
import { TenderError } from '../../errors.ts';
import { bytesText } from '../text.ts';
import { pause } from '../waiting.ts';
import { findDocuments, folderLabel, writeSamples } from './documents.ts';
import { type Followed, follow, type Journey } from './follow.ts';
import { demoHelp, readDemoOptions } from './options.ts';
import { searchPhrase } from './samples/samples.ts';
import { type Stage, setStage } from './stage.ts';
import { createStagehand, type Stagehand } from './stagehand.ts';
import { hashAshore, searchAshore } from './verify.ts';

/** A price in the middle of what satellite volume costs, for the comparison at the end. */
const dollarsPerGb = 20;
const stayLookMs = 1_000;

export interface DemoWorld {
  write(text: string): void;
  readonly userFolder: string;
  readonly signal: AbortSignal;
}

/** Runs the demo; 0 only if every document was indexed, its receipt verified and its bytes ashore are the same. */
export async function run(args: readonly string[], world: DemoWorld): Promise<number> {
  const options = readDemoOptions(args, world.userFolder);
  if (options.help) {
    world.write(demoHelp);
    return 0;
  }
  const hand = createStagehand(options.json, world.write);
  const given = options.files === undefined ? undefined : await findDocuments(options.files);
  const stage = await setStage(options, hand.step, hand.link, world.signal);
  try {
    const documents = given ?? (await writeSamples(stage.folder));
    hand.step(`${documents.length} documents lie in the watched folder ${stage.folder}`);
    const journey = await Promise.race([
      follow(stage.api, stage.link, documents, options.link === 'geo', hand, world.signal),
      stage.failed.then((what) => {
        throw new TenderError('TENDER_DEMO_FAILED', what);
      }),
    ]);
    const page = options.stay ? String((await stage.api.post('/v1/ui/link', { label: 'demo' })).url) : '';
    if (options.stay)
      hand.tell({
        type: 'stay',
        page,
        folder: stage.folder,
        socket: stage.socket,
        cloudUrl: stage.cloudUrl,
        token: stage.token,
      });
    const ok = await report(stage, hand, journey, given === undefined ? searchPhrase : undefined);
    if (options.stay) await stay(stage, hand, page, world.signal);
    return ok ? 0 : 1;
  } finally {
    await stage.close();
  }
}

async function report(
  stage: Stage,
  hand: Stagehand,
  journey: Journey,
  phrase: string | undefined,
): Promise<boolean> {
  const documents = [];
  for (const followed of journey.documents) documents.push(await verdict(stage, followed));
  const found = await search(stage, hand, journey, phrase);
  const wire = stage.link.counters();
  const payloadBytes = documents.reduce((sum, document) => sum + document.bytes, 0);
  const fromZeroBytes = wire.upBytes + journey.atRiskBytes;
  const ok = found && documents.every((document) => document.ok);
  hand.say('');
  for (const document of documents)
    hand.say(
      `${document.ok ? 'ok  ' : 'FAIL'} ${document.name}: ${document.state}, ` +
        `${document.sameBytesAshore ? 'same SHA-256 ashore' : 'NOT THE SAME BYTES ASHORE'}`,
    );
  hand.say('');
  hand.say(`Bytes on the wire: ${bytesText(wire.upBytes)} up and ${bytesText(wire.downBytes)} down for`);
  hand.say(`${bytesText(payloadBytes)} of documents (TCP payload; IP and TCP headers add about 4 %).`);
  if (wire.cuts > 0)
    hand.say(
      `Starting again from zero at each cut would have sent ${bytesText(fromZeroBytes)}: ` +
        `$${dollars(fromZeroBytes)} instead of $${dollars(wire.upBytes)} at $${dollarsPerGb} a GB.`,
    );
  hand.tell({
    type: 'result',
    ok,
    documents: documents.map(({ ok: _, ...document }) => document),
    link: { ...wire, darkMs: Math.round(wire.darkMs) },
    payloadBytes,
    startingAgainBytes: fromZeroBytes,
    dollarsPerGb,
  });
  return ok;
}

const dollars = (bytes: number): string => ((bytes / 1e9) * dollarsPerGb).toFixed(4);

async function verdict(stage: Stage, { document, upload, seconds }: Followed) {
  const stored = upload.stored as { documentId?: unknown } | null;
  const documentId = typeof stored?.documentId === 'string' ? stored.documentId : undefined;
  const sameBytesAshore =
    documentId !== undefined && (await hashAshore(stage, documentId)) === document.sha256;
  const receiptVerified = upload.receiptVerified === true;
  return {
    name: document.name,
    bytes: document.bytes,
    sha256: document.sha256,
    state: upload.state,
    receiptVerified,
    sameBytesAshore,
    passages: Number(upload.passages ?? 0),
    reason: upload.reason ?? null,
    wireBytesUp: Number(upload.wireBytesUp ?? 0),
    seconds: Math.round(seconds * 10) / 10,
    ok: upload.state === 'indexed' && receiptVerified && sameBytesAshore,
  };
}

/** The phrase of the samples, or a word of the first document's own name. */
async function search(
  stage: Stage,
  hand: Stagehand,
  journey: Journey,
  phrase: string | undefined,
): Promise<boolean> {
  const first = journey.documents[0]?.document.name.split('/').pop() ?? '';
  const words = phrase ?? first;
  const hits = await searchAshore(stage, words);
  const hit = hits[0];
  const text = (hit?.snippet ?? []).map((piece) => (piece.match ? `«${piece.text}»` : piece.text)).join('');
  hand.say('');
  hand.say(`Ashore, the office searches for "${words}":`);
  hand.say(hit ? `  ${hit.display_name}: ${text.replace(/\s+/g, ' ')}` : '  nothing found');
  hand.tell({ type: 'search', words, hits: hits.length, name: hit?.display_name ?? null, snippet: text });
  // A user's file name may hold nothing that counts as a word; only our own phrase must be found.
  return phrase === undefined || hit !== undefined;
}

async function stay(stage: Stage, hand: Stagehand, page: string, signal: AbortSignal): Promise<void> {
  const agent = `--socket ${shellWord(stage.socket)}`;
  hand.say(`
Everything keeps running. The page aboard, queue and machines, opens once with this link:
  ${page}
(\`npm run --silent tender -- ui ${agent}\` gives another.) Try, in another terminal in this folder:
  cp FILE ${shellWord(stage.folder)}/
  npm run --silent tender -- ls ${agent}
  npm run --silent tender -- add FILE --priority 1 --wait ${agent}
  npm run --silent tender -- status ${agent}
  npm run --silent tender -- log --follow ${agent}
  TENDER_SHORE_TOKEN=${stage.token} npm run --silent tender -- search 'WORDS' --url ${stage.cloudUrl}
  curl -H 'authorization: Bearer ${stage.token}' '${stage.cloudUrl}/v1/documents?q=WORDS'
  curl ${stage.cloudUrl}/openapi.json
Folder: ${stage.folder} (label ${folderLabel}). Cloud: ${stage.cloudUrl}. Ctrl-C ends it.`);
  try {
    for (;;) await pause(stayLookMs, signal);
  } catch {
    // Ctrl-C: the way this is meant to end.
  }
}

function shellWord(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

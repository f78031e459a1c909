// What `tender inspect` does: the live page's link, a bundle's worth, or one machine at one moment in the terminal.
import { spawn } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { difference } from '../../../machines/difference.ts';
import type { Json, JsonObject } from '../../../machines/json.ts';
import { whyActor } from '../../../machines/why.ts';
import type { BundleSeen } from '../../bundle/verify.ts';
import { agentErrors, TenderError } from '../../errors.ts';
import { person } from '../commands/control.ts';
import type { Context } from '../context.ts';
import { lengthText, oneLine, timeText } from '../text.ts';
import { judgeBundle } from './bundle-log.ts';
import { type Moment, momentOf } from './moment.ts';
import { openLog } from './open-log.ts';
import { sequenceOption } from './options.ts';
import { ownPage } from './own-page.ts';

export async function runInspect(
  context: Context,
  file: string | undefined,
  options: Readonly<Record<string, unknown>>,
): Promise<number> {
  if (options.verify === true && file === undefined)
    throw new TenderError('TENDER_USAGE', '--verify needs a bundle: tender inspect --verify FILE.');
  if (typeof options.actor === 'string') return tellMoment(context, file, options.actor, options.at);
  if (options.at !== undefined) throw new TenderError('TENDER_USAGE', '--at needs --actor.');
  if (file === undefined) return openLive(context);
  return openBundle(context, context.path(file), options);
}

async function openLive(context: Context): Promise<number> {
  const label = person(context);
  const { url, expiresMs } = await (await context.api()).post('/v1/ui/link', { role: 'engineer', label });
  // The one-time link becomes a session and then a page; which page is said behind "#", which no server sees.
  const place = `${String(url)}#/machines`;
  context.tell({ type: 'result', ok: true, url: place, expiresMs });
  // Not handed to a browser's command line: every user of the machine can read those, and be quicker.
  context.say(
    `${place}\nOpens the inspector once, within ${lengthText(Number(expiresMs))}, on this machine.`,
  );
  return 0;
}

const unfaithful =
  'The bundle was changed or cut, its chain was broken, or this build decides otherwise than the one that wrote the log.';

async function openBundle(
  context: Context,
  path: string,
  options: Readonly<Record<string, unknown>>,
): Promise<number> {
  const seen = await judgeBundle(path);
  const ok = seen.whole && seen.replay.replays && seen.chain.holds;
  const page = options.verify === true ? undefined : await ownPage(path);
  const url = pathToFileURL(page?.path ?? path).href;
  const problem = ok ? {} : { code: 'TENDER_BUNDLE_UNFAITHFUL', message: unfaithful };
  context.tell({ type: 'result', ok, ...problem, url, ...summary(seen) });
  tellBundle(context, seen);
  if (page?.copied) context.say("its page is not this build's: here is the same log in this build's page");
  if (page && (options.print === true || context.json || !openBrowser(url))) context.say(url);
  return ok ? 0 : agentErrors.TENDER_BUNDLE_UNFAITHFUL;
}

function summary(seen: BundleSeen) {
  const { header, whole, replay, chain, original, otherMachines, notes, doctor } = seen;
  const { made, from, to, redacted, versions, logId } = header;
  return {
    made,
    from,
    to,
    redacted,
    versions,
    logId,
    whole,
    replay,
    chain,
    original,
    otherMachines,
    notes,
    doctor,
  };
}

function tellBundle(context: Context, seen: BundleSeen): void {
  const { header, whole, replay, chain, original, otherMachines, notes } = seen;
  const yes = (holds: boolean) => (holds ? 'yes' : 'NO');
  context.say(
    `made ${timeText(header.made)}, records #${header.from} to #${header.to}, redacted: ${header.redacted}`,
  );
  context.say(`whole, unchanged since it was made: ${yes(whole)}`);
  context.say(`chain of the log holds: ${yes(chain.holds)} (checked ${chain.checked})`);
  context.say(`replays to the same states with this build: ${yes(replay.replays)}`);
  if (original && !original.replays) context.say('the log itself did not replay when this was made');
  if (otherMachines.length > 0)
    context.say(`machines that differ from this build's: ${oneLine(otherMachines.join(', '))}`);
  for (const text of [...replay.problems, ...(original?.problems ?? []), ...notes])
    context.say(`  ${oneLine(text)}`);
}

async function tellMoment(
  context: Context,
  file: string | undefined,
  name: string,
  at: unknown,
): Promise<number> {
  const seq = sequenceOption(at);
  const log = await openLog(context, file);
  try {
    const moment = await momentOf(log.source, name, seq);
    const why = whyActor(moment.kind, moment.cell);
    const { actor, kind, cell, record, before } = moment;
    const diff = before ? difference(before.context, cell.context) : [];
    context.tell({
      type: 'result',
      ok: true,
      actor,
      kind,
      n: cell.n,
      state: cell.value,
      at: moment.at,
      present: moment.present,
      record: (record ?? null) as unknown as Json,
      diff,
      why,
      context: cell.context,
      effects: cell.fx,
      timers: cell.tm,
    });
    sayMoment(context, moment, why.sentence, why.whatToDo);
    return 0;
  } finally {
    await log.close();
  }
}

function sayMoment(context: Context, moment: Moment, sentence: string, todo: string): void {
  const { actor, cell, record, at } = moment;
  const lines: string[] = [
    `${actor}  ${cell.value}  record ${cell.n}${record ? `, #${record.seq}, ${timeText(record.wall)}` : ''}`,
    `why      ${sentence}`,
    `to do    ${todo}`,
    ...(record ? [`by       ${record.type} (${record.src})  ${JSON.stringify(record.event)}`] : []),
  ];
  for (const [id, { type, params }] of Object.entries(cell.fx))
    lines.push(`running  ${id} ${type} ${JSON.stringify(params)}`);
  for (const [id, { due }] of Object.entries(cell.tm))
    lines.push(`timer    ${id} ${due > at ? `in ${lengthText(due - at)}` : 'due'}, ${timeText(due)}`);
  lines.push('context', ...contextLines(cell.context));
  for (const line of lines) context.say(oneLine(line));
}

function contextLines(context: JsonObject): string[] {
  // What was never touched says nothing.
  const untouched = ['null', '0', '[]', '{}', 'false'];
  return Object.entries(context)
    .map(([key, value]) => [key, JSON.stringify(value)] as const)
    .filter(([, text]) => !untouched.includes(text))
    .map(([key, text]) => `  ${key}  ${text}`);
}

/** Hands the address to the desktop, where there is one; we do not wait for it. */
export function openBrowser(url: string): boolean {
  if (!process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return false;
  try {
    const child = spawn('xdg-open', [url], { detached: true, stdio: 'ignore' });
    // No such program: the address was printed.
    child.on('error', () => undefined);
    child.unref();
    return true;
  } catch {
    return false;
  }
}

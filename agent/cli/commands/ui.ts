// `tender ui`: opens the page by a one-time link. `tender ui password` lets the yacht's network in, with a role; `tender ui
// sessions` tells who is logged in, `tender ui revoke` ends that.
import { readFile } from 'node:fs/promises';
import { type Role, roles } from '../../api/access/roles.ts';
import { TenderError } from '../../errors.ts';
import type { Answer, ApiClient } from '../client.ts';
import type { CliCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { lengthText, oneLine, table } from '../text.ts';
import { person } from './control.ts';

type Options = Readonly<Record<string, unknown>>;

export const ui: CliCommand = {
  usage: 'ui [action] [session]',
  summary: 'open the page; `password`, `sessions` and `revoke ID|all` say who else may',
  options(command) {
    command
      .option('--role <role>', 'viewer looks, crew handles documents, engineer sees the machines too')
      .option('--remove', 'with `password`: take the password of the role away');
  },
  async run(context, [action, id], options) {
    const api = await context.api();
    switch (action) {
      case undefined:
        return link(context, api, options);
      case 'password':
        return password(context, api, options);
      case 'sessions':
        return sessions(context, api);
      case 'revoke':
        return revoke(context, api, id as string | undefined);
      default:
        throw new TenderError('TENDER_USAGE', 'tender ui knows password, sessions and revoke, or no action.');
    }
  },
};

async function link(context: Context, api: ApiClient, options: Options): Promise<number> {
  const role = roleOf(options.role) ?? 'engineer';
  const answer = await api.post('/v1/ui/link', { role, label: labelOf(person(context)) });
  const url = String(answer.url);
  context.tell({ type: 'result', ok: true, url, expiresMs: answer.expiresMs });
  // Not handed to a browser's command line: every user of the machine can read those, and be quicker.
  context.say(`${url}\nOpens the page once, within ${lengthText(Number(answer.expiresMs))}.`);
  return 0;
}

async function password(context: Context, api: ApiClient, options: Options): Promise<number> {
  const role = roleOf(options.role);
  if (!role) throw new TenderError('TENDER_USAGE', `tender ui password needs --role ${roles.join('|')}.`);
  const chosen = options.remove === true ? null : await askPassword(context);
  const answer = await api.post('/v1/ui/password', { role, password: chosen });
  context.tell({ type: 'result', ok: true, ...answer });
  const page = answer.page as Answer;
  context.say(chosen === null ? `${role} has no password any more.` : `The password of ${role} is set.`);
  context.say(`Sessions ended: ${answer.ended}. ${page.why}`);
  return 0;
}

async function sessions(context: Context, api: ApiClient): Promise<number> {
  const answer = await api.get('/v1/ui/sessions');
  const list = answer.sessions as readonly Answer[];
  const page = answer.page as Answer;
  context.tell({ type: 'result', ok: true, ...answer });
  context.say(`${page.url ?? 'no page'}: ${page.why}`);
  context.say(`Passwords: ${(answer.passwords as readonly string[]).join(', ') || 'none'}.`);
  if (list.length === 0) context.say('Nobody is logged in.');
  else
    context.say(
      table([
        ['SESSION', 'WHO', 'BY', 'SEEN', 'UNTIL'],
        ...list.map((one) => [
          String(one.id),
          oneLine(String(one.by)),
          String(one.origin),
          new Date(Number(one.seenMs)).toISOString().slice(0, 16),
          new Date(Number(one.untilMs)).toISOString().slice(0, 16),
        ]),
      ]),
    );
  return 0;
}

async function revoke(context: Context, api: ApiClient, id: string | undefined): Promise<number> {
  if (id === undefined)
    throw new TenderError('TENDER_USAGE', 'tender ui revoke needs the id of a session, or all.');
  const answer = await api.post(`/v1/ui/sessions/${encodeURIComponent(id)}/revoke`);
  if (id !== 'all' && answer.ended === 0)
    throw new TenderError('TENDER_USAGE', `There is no session ${id}: \`tender ui sessions\` lists them.`);
  context.tell({ type: 'result', ok: true, ended: answer.ended });
  context.say(`Sessions ended: ${answer.ended}.`);
  return 0;
}

function roleOf(value: unknown): Role | undefined {
  if (value === undefined) return undefined;
  const role = roles.find((one) => one === value);
  if (!role) throw new TenderError('TENDER_USAGE', `--role needs one of ${roles.join(', ')}.`);
  return role;
}

const labelMaxCharacters = 40;

/** A name of a person as the agent takes it: letters, digits and little else. */
function labelOf(name: string): string {
  return (
    name
      .replace(/[^\p{L}\p{N} ._-]/gu, '')
      .slice(0, labelMaxCharacters)
      .trim() || 'page'
  );
}

/** From standard input, so that it stands in no list of processes and no history; a terminal shows nothing of it. */
async function askPassword(context: Context): Promise<string> {
  const { secrets } = context.streams;
  if (!secrets) return (await readFile('/dev/stdin', 'utf8')).replace(/\r?\n$/, '');
  const [first, second] = await secrets(['New password: ', 'Once more: ']);
  if (first === undefined || first !== second)
    throw new TenderError('TENDER_USAGE', 'The two were not the same: nothing was changed.');
  return first;
}

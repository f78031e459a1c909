// `tender search TEXT`: asks the cloud what is inside the documents. Needs a shore token; the device's own key may send
// documents but not read the fleet's.
import { readFile } from 'node:fs/promises';
import { requestJson } from '../../adapters/http-json.ts';
import type { Config } from '../../config.ts';
import { TenderError } from '../../errors.ts';
import type { CliCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { oneLine } from '../text.ts';

interface Hit {
  readonly display_name: string;
  readonly device_name: string;
  readonly version: number;
  readonly document_id: string;
  readonly snippet: readonly { readonly text: string; readonly match: boolean }[];
}

export const search: CliCommand = {
  usage: 'search <text...>',
  summary: 'find words inside the documents ashore',
  options(command) {
    command
      .option(
        '--token <token>',
        'shore token with the scope `search`; better: TENDER_SHORE_TOKEN or shore.token_file',
      )
      .option('--url <url>', "the cloud's address; default: the one this device enrolled with")
      .option('--limit <n>', 'at most so many hits', '20');
  },
  async run(context, [words], options) {
    const config = await context.config();
    const token = await shoreToken(context, config, options.token);
    const url = await cloudUrl(context, config, options.url);
    const query = new URLSearchParams({
      q: (words as readonly string[]).join(' '),
      limit: String(options.limit),
    });
    const answer = await requestJson('GET', `${url}/v1/documents?${query}`, {
      headers: { authorization: `Bearer ${token}` },
      caFile: config.cloud.caFile,
    });
    const hits = readHits(answer);
    context.tell({ type: 'result', ok: true, hits });
    if (hits.length === 0) context.say('Nothing found.');
    for (const hit of hits) {
      context.say(oneLine(`${hit.display_name}  (${hit.device_name}, version ${hit.version})`));
      context.say(`  ${oneLine(snippet(hit))}`);
    }
    return 0;
  },
};

async function shoreToken(context: Context, config: Config, flag: unknown): Promise<string> {
  let token = typeof flag === 'string' ? flag : context.environment.TENDER_SHORE_TOKEN;
  if (token === undefined && config.shore.tokenFile !== '')
    token = await readTokenFile(config.shore.tokenFile);
  token = token?.trim();
  if (token && /^[\x21-\x7e]+$/.test(token)) return token;
  throw new TenderError(
    'TENDER_SHORE_TOKEN_MISSING',
    'Searching needs a shore token. Ask the office for one (`tender cloud token add`), then set TENDER_SHORE_TOKEN, or put ' +
      'it into a file named by shore.token_file.',
  );
}

async function readTokenFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new TenderError('TENDER_CONFIG_INVALID', `shore.token_file ${path} cannot be read (${code}).`, {
      cause: error,
    });
  }
}

/** Flag, configuration, or what the running agent enrolled with. */
async function cloudUrl(context: Context, config: Config, flag: unknown): Promise<string> {
  if (typeof flag === 'string') return flag.replace(/\/+$/, '');
  if (config.cloud.url !== '') return config.cloud.url.replace(/\/+$/, '');
  const status = await (await context.api()).get('/v1/status');
  const device = status.device as { cloudUrl?: unknown } | undefined;
  if (typeof device?.cloudUrl === 'string') return device.cloudUrl;
  throw new TenderError(
    'TENDER_NOT_ENROLLED',
    'No cloud is known here: enrol this device, or name it with --url.',
  );
}

function readHits(answer: { readonly status: number; readonly body: unknown }): readonly Hit[] {
  const body = answer.body as { hits?: unknown; code?: unknown; title?: unknown } | undefined;
  if (answer.status === 200 && Array.isArray(body?.hits)) return body.hits as readonly Hit[];
  const code = typeof body?.code === 'string' && body.code.startsWith('TENDER_') ? body.code : undefined;
  if (code === undefined)
    throw new TenderError(
      'TENDER_CLOUD_NOT_OURS',
      'What answered is not a tender cloud: check the address and the connection.',
    );
  const denied = answer.status === 401 || answer.status === 403;
  throw new TenderError(
    denied ? 'TENDER_NOT_PERMITTED' : 'TENDER_CLOUD_UNREACHABLE',
    `${String(body?.title)} (${code})`,
  );
}

function snippet(hit: Hit): string {
  const text = hit.snippet.map((piece) => (piece.match ? `«${piece.text}»` : piece.text)).join('');
  return text.replace(/\s+/g, ' ').trim();
}

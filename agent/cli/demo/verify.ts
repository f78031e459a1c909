// The proof at the end, taken from outside: the bytes ashore hash to the same SHA-256, and a search finds them.
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { get } from '../../adapters/node-http.ts';
import { TenderError } from '../../errors.ts';
import type { Stage } from './stage.ts';

/** The cloud, and a token to ask it with. */
type Shore = Pick<Stage, 'cloudUrl' | 'token'>;

async function ask(stage: Shore, path: string): Promise<IncomingMessage> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${stage.cloudUrl}${path}`, { headers: { authorization: `Bearer ${stage.token}` } }, resolve).on(
      'error',
      reject,
    );
  });
  if (response.statusCode === 200) return response;
  response.resume();
  throw new TenderError('TENDER_DEMO_FAILED', `The cloud answered ${response.statusCode} to ${path}.`);
}

/** SHA-256 of a document as the fleet office would download it, streamed. */
export async function hashAshore(stage: Shore, documentId: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of await ask(stage, `/v1/documents/${documentId}/content`))
    hash.update(piece as Buffer);
  return hash.digest('hex');
}

export interface Hit {
  readonly document_id: string;
  readonly display_name: string;
  readonly snippet: readonly { readonly text: string; readonly match: boolean }[];
}

export async function searchAshore(stage: Shore, words: string): Promise<readonly Hit[]> {
  const parts: Buffer[] = [];
  for await (const piece of await ask(stage, `/v1/documents?${new URLSearchParams({ q: words })}`))
    parts.push(piece as Buffer);
  return (JSON.parse(Buffer.concat(parts).toString('utf8')) as { hits: Hit[] }).hits;
}

// One JSON request to the cloud from the command line: enrolment and search. Own certificate authorities are honoured;
// redirects are not followed, because only the address that was asked may answer.
import { readFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { TenderError } from '../errors.ts';
import { request as httpRequest } from './node-http.ts';

export interface JsonAnswer {
  readonly status: number;
  /** Undefined when what came back is not JSON: a portal's page, for example. */
  readonly body: unknown;
}

const answerMaxBytes = 4 * 1024 * 1024;
/** DNS, TCP, TLS and answer over a link of 1.5 s with losses. */
const timeoutMs = 60_000;

export async function requestJson(
  method: 'GET' | 'POST',
  url: string,
  options: {
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: unknown;
    /** PEM file of a private authority; empty for the public ones. */
    readonly caFile?: string;
  },
): Promise<JsonAnswer> {
  const ca = options.caFile ? await readAuthority(options.caFile) : undefined;
  const text = options.body === undefined ? undefined : JSON.stringify(options.body);
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  const headers = {
    accept: 'application/json',
    ...(text === undefined ? {} : { 'content-type': 'application/json' }),
    ...options.headers,
  };
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(unreachable(url, error));
    const call = send(
      url,
      { method, headers, agent: false, timeout: timeoutMs, ...(ca === undefined ? {} : { ca }) },
      (response) => {
        const parts: Buffer[] = [];
        let length = 0;
        response.on('data', (part: Buffer) => {
          length += part.length;
          if (length > answerMaxBytes) call.destroy(new Error('the answer is too large'));
          parts.push(part);
        });
        response.on('error', fail);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: parse(Buffer.concat(parts)) }),
        );
      },
    );
    call.on('timeout', () => call.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    call.on('error', fail);
    call.end(text);
  });
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

async function readAuthority(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new TenderError('TENDER_CONFIG_INVALID', `cloud.ca_file ${path} cannot be read (${code}).`, {
      cause: error,
    });
  }
}

function unreachable(url: string, error: Error): TenderError {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const certificate = /CERT|SELF_SIGNED|ALTNAME|ISSUER/.test(code);
  const origin = new URL(url).origin;
  return certificate
    ? new TenderError(
        'TENDER_CLOUD_NOT_OURS',
        `${origin} shows a certificate that is not trusted (${code}): log in to the network's portal, or set cloud.ca_file.`,
        { cause: error },
      )
    : new TenderError(
        'TENDER_CLOUD_UNREACHABLE',
        `${origin} cannot be reached (${code || error.message}): check address and link, then try again.`,
        { cause: error },
      );
}

// One question to the cloud's public door, with what it took: for the checks of link, cloud and clock. Sends nothing that
// says who asks.
import { readFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { request as httpRequest } from '../../adapters/node-http.ts';
import { nodeSecretFiles } from '../../adapters/node-secret-files.ts';
import type { Config } from '../../config.ts';
import { readDevice } from '../../identity/device-file.ts';
import type { Answer } from '../client.ts';
import { codeOf, type Facts, part } from './check.ts';

export interface Asked {
  readonly status: number;
  /** The parsed answer; undefined when it is not JSON: a portal's page, for example. */
  readonly body: Answer | undefined;
  /** The answerer's clock, by its Date header; whole seconds, and nobody signed it. */
  readonly dateMs: number | undefined;
  /** From the first packet to the answer: name, connection, TLS and one round trip. */
  readonly tookMs: number;
  /** The round trip alone, on the open connection. */
  readonly roundTripMs: number;
}

const answerMaxBytes = 64 * 1024;

/** The address in force: the configuration's, the running agent's, or the one this device enrolled with. */
export async function cloudAddress({ config, status }: Facts): Promise<string | undefined> {
  if (config?.cloud.url) return config.cloud.url.replace(/\/+$/, '');
  const told = part(status, 'device').cloudUrl;
  if (typeof told === 'string') return told;
  if (!config) return undefined;
  const bytes = await nodeSecretFiles(config.state.directory)
    .read('device.json')
    .catch(() => undefined);
  try {
    return bytes && readDevice(bytes).cloudUrl;
  } catch {
    return undefined;
  }
}

/** Rejects with the system's error when nobody answers. */
export async function askCloud(url: string, config: Config, signal: AbortSignal): Promise<Asked> {
  const ca = config.cloud.caFile === '' ? undefined : await readFile(config.cloud.caFile);
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  const started = performance.now();
  return new Promise((resolve, reject) => {
    let written = started;
    const call = send(
      `${url}/v1/health`,
      { method: 'GET', headers: { accept: 'application/json' }, agent: false, signal, ...(ca ? { ca } : {}) },
      (response) => {
        const now = performance.now();
        const date = Date.parse(response.headers.date ?? '');
        const parts: Buffer[] = [];
        let length = 0;
        response.on('data', (piece: Buffer) => {
          length += piece.length;
          if (length > answerMaxBytes) call.destroy(new Error('the answer is too large'));
          parts.push(piece);
        });
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            body: parse(Buffer.concat(parts)),
            dateMs: Number.isNaN(date) ? undefined : date,
            tookMs: now - started,
            roundTripMs: now - written,
          }),
        );
      },
    );
    call.on('socket', (socket) => {
      const ready = url.startsWith('https:') ? 'secureConnect' : 'connect';
      socket.once(ready, () => {
        written = performance.now();
      });
    });
    call.on('error', reject);
    call.end();
  });
}

function parse(bytes: Buffer): Answer | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Answer) : undefined;
  } catch {
    return undefined;
  }
}

/** Why nobody answered, in words, with what to do. */
export function unreachable(error: unknown): { readonly message: string; readonly fix: string } {
  const code = codeOf(error);
  if (/CERT|SELF_SIGNED|ALTNAME|ISSUER/.test(code))
    return {
      message: `Somebody shows a certificate that is not trusted (${code}).`,
      fix: 'Log in to the network’s portal with a browser, use another network, or set cloud.ca_file.',
    };
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return {
      message: `The cloud’s name is not found (${code}).`,
      fix: 'Check cloud.url and the network’s DNS; there may be no link.',
    };
  if (code === 'ECONNREFUSED')
    return {
      message: 'The cloud’s machine answers, and refuses the connection (ECONNREFUSED).',
      fix: 'Check the port in cloud.url; ask the office whether the cloud runs.',
    };
  return {
    message: `The cloud cannot be reached (${code}).`,
    fix: 'Check the link; documents wait aboard meanwhile.',
  };
}

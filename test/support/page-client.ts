// A browser's side of the page's port, for tests: follows a one-time link to a session and speaks as the page would. Works with
// any agent, in this process or its own.
import type { ApiClient } from '../../agent/cli/client.ts';

export type Role = 'viewer' | 'crew' | 'engineer';

export interface PageAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Undefined when it is not JSON. */
  readonly json: Record<string, unknown> | undefined;
  readonly text: string;
}

export interface PageClient {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  /** Where the page of this session lies: `http://127.0.0.1:PORT/s/…/`. API paths are relative to it. */
  readonly base: string;
  /** As it goes into the Cookie header. */
  readonly cookie: string;
  /** Headers of a request that our own page makes. */
  readonly headers: Readonly<Record<string, string>>;
  /** `path` without a leading slash: `v1/status`. */
  get(path: string): Promise<PageAnswer>;
  post(path: string, body?: unknown): Promise<PageAnswer>;
  delete(path: string): Promise<PageAnswer>;
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

/** `api`: the agent's socket, through which the link is asked for. */
export async function openPage(api: ApiClient, role: Role = 'engineer'): Promise<PageClient> {
  const { url } = await api.post('/v1/ui/link', { role });
  return followLink(String(url));
}

export async function followLink(url: string): Promise<PageClient> {
  const response = await fetch(url, { redirect: 'manual' });
  const place = response.headers.get('location');
  const [cookie] = (response.headers.get('set-cookie') ?? '').split(';');
  if (response.status !== 303 || !place || !cookie)
    throw new Error(`the link answered ${response.status}: ${await response.text()}`);
  return pageClient(new URL(url).origin, new URL(place, url).href, cookie);
}

export function pageClient(origin: string, base: string, cookie: string): PageClient {
  const headers = { cookie, origin, 'sec-fetch-site': 'same-origin' };
  const call = (path: string, init: RequestInit = {}) =>
    fetch(base + path, { ...init, headers: { ...headers, ...(init.headers as Record<string, string>) } });
  const ask = async (path: string, init: RequestInit = {}) => read(await call(path, init));
  const json = { 'content-type': 'application/json' };
  return {
    ...{ origin, base, cookie, headers, fetch: call },
    get: (path) => ask(path),
    post: (path, body = {}) => ask(path, { method: 'POST', headers: json, body: JSON.stringify(body) }),
    delete: (path) => ask(path, { method: 'DELETE' }),
  };
}

export async function read(response: Response): Promise<PageAnswer> {
  const text = await response.text();
  let value: PageAnswer['json'];
  try {
    value = JSON.parse(text) as Record<string, unknown>;
  } catch {
    value = undefined;
  }
  return { status: response.status, headers: response.headers, json: value, text };
}

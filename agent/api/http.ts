// A request and an answer as the local API sees them: no sockets, no streams of Node. The adapter (adapters/unix-http.ts)
// translates; the simulator and tests call the router directly.
import type { JsonObject } from '../../machines/json.ts';

export interface ApiRequest {
  readonly method: string;
  /** Decoded segments of the path, without the empty first one. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  header(name: string): string | undefined;
  readonly body: AsyncIterable<Uint8Array>;
  /** Fires when the client has gone away. */
  readonly signal: AbortSignal;
}

export type ApiAnswer =
  | { readonly status: number; readonly json: JsonObject }
  /** Server-sent events: each text is one whole event, its blank line included. */
  | { readonly status: 200; readonly events: AsyncIterable<string> };

/** Answers every request, failures included: it never rejects. */
export type ApiHandler = (request: ApiRequest) => Promise<ApiAnswer>;

// A request and an answer as the local API sees them: no sockets, no streams of Node. The adapters (unix-http.ts, tcp-http.ts)
// translate; the simulator and tests call the router directly.
import type { JsonObject } from '../../machines/json.ts';
import type { Who } from './access/roles.ts';

export interface ApiRequest {
  readonly method: string;
  /** Decoded segments of the path, without the empty first one. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  /** Name in lower case. */
  header(name: string): string | undefined;
  readonly body: AsyncIterable<Uint8Array>;
  /** Fires when the client has gone away, or its session ended. */
  readonly signal: AbortSignal;
  /** Decided by the door through which the request came; never by what it says of itself. */
  readonly who: Who;
}

type Headers = Readonly<Record<string, string>>;

export type ApiAnswer =
  | { readonly status: number; readonly json: JsonObject; readonly headers?: Headers }
  /** Server-sent events: each text is one whole event, its blank line included. */
  | { readonly status: 200; readonly events: AsyncIterable<string>; readonly headers?: Headers }
  /** Bytes as they are; null: no body. `headers` holds their type. */
  | { readonly status: number; readonly bytes: Uint8Array | null; readonly headers: Headers };

/** Answers every request, failures included: it never rejects. */
export type ApiHandler = (request: ApiRequest) => Promise<ApiAnswer>;

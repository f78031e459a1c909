// What one lane of the line needs from a WebSocket, on either end. `ws` stands behind it in production, the
// simulated network in voyages; neither end of the line can tell them apart.
import type { Failure } from './failure.ts';

/** Called by the socket. `message` gets one whole binary WebSocket message; it may keep the bytes. */
export interface LaneSocketEvents {
  message(bytes: Uint8Array): void;
  /** Once, last, however the socket ended. `clean` is true when a close frame was seen. */
  closed(end: { readonly code: number; readonly reason: string; readonly clean: boolean }): void;
}

export interface LaneSocket {
  /**
   * Hands one binary message to the socket. Never blocks; watch `bufferedBytes`. A closed socket swallows it. `taken` is
   * called when nobody reads these bytes any more, at most once; a socket that passes the bytes on as they are never does.
   */
  send(bytes: Uint8Array, taken?: () => void): void;
  /** What `send` is given meanwhile leaves in as few records and segments as it can. */
  together?(send: () => void): void;
  /** Bytes accepted by `send` that the operating system has not taken yet. */
  bufferedBytes(): number;
  /** Stops or resumes reading from the peer (back-pressure). */
  pause(): void;
  resume(): void;
  /** Orderly close; `closed` follows. */
  close(code: number, reason: string): void;
  /** Ends it at once, without asking the peer; `closed` follows. */
  terminate(): void;
}

/** A request to open one lane, signed by the device beforehand. */
export interface LaneRequest {
  /** ws:// on loopback only, else wss://. */
  readonly url: string;
  readonly subprotocol: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connectTimeoutMs: number;
  /** Called when a connection stands, before anything was said on it: something answers. */
  readonly connected?: () => void;
  /** Ends a dial that nobody waits for any more; an open lane is the caller's to end. */
  readonly signal?: AbortSignal;
}

/** The agent's door to the network. */
export interface LaneDialer {
  /** Opens a lane. Resolves once the upgrade is done; a Failure says why it is not (already classified). */
  dial(
    request: LaneRequest,
    events: LaneSocketEvents,
  ): Promise<
    | { readonly socket: LaneSocket }
    /** `answer`: what came back over HTTP instead of an upgrade; header names in lower case. */
    | {
        readonly failure: Failure;
        readonly answer?: { readonly status: number; readonly headers: Readonly<Record<string, string>> };
      }
  >;
}

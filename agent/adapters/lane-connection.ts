// The TCP and TLS below a lane. Written by hand for two reasons: a lane that is given up must be reset, or the kernel would go on
// sending what it holds once the link is back, beside the lane that carries it now; and TLS tickets are kept, so that the next
// lanes need no certificates again (2 to 4 KB each). Used by ws-dialer.ts.
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';

/** Tickets kept, one for each cloud: a device speaks with one. */
const ticketsMax = 4;

export interface LaneConnections {
  /** For the option `createConnection` of `ws`. */
  open(options: ConnectionOptions): Socket;
  /** Whatever is written meanwhile goes in one TLS record, if it fits. */
  together(write: () => void): void;
  /** Ends it without sending another byte. */
  reset(): void;
}

const tickets = new Map<string, Buffer>();

/** For one lane. `connected`: TCP stands. */
export function laneConnection(isSecure: boolean, connected?: () => void): LaneConnections {
  let tcp: Socket | undefined;
  let outer: Socket | undefined;
  return {
    open(options) {
      const { host = '', port = 443, servername } = options;
      tcp = connectTcp({ host, port: Number(port), noDelay: true });
      if (connected) tcp.once('connect', connected);
      outer = tcp;
      if (!isSecure) return tcp;
      const key = `${host}:${port}`;
      const session = tickets.get(key);
      const name = servername || (isIP(host) ? '' : host);
      const raw = tcp;
      const tls = connectTls({ ...options, socket: raw, servername: name, ...(session && { session }) });
      // A failed dial is told by the TLS socket, whose owner listens.
      raw.on('error', (error) => tls.destroy(error));
      tls.on('session', (ticket) => {
        tickets.delete(key);
        tickets.set(key, ticket);
        if (tickets.size > ticketsMax) tickets.delete(tickets.keys().next().value!);
      });
      outer = tls;
      return tls;
    },
    together(write) {
      outer?.cork();
      try {
        write();
      } finally {
        outer?.uncork();
      }
    },
    reset: () => {
      if (tcp && !tcp.destroyed) tcp.resetAndDestroy();
    },
  };
}

// Puts the parts of the page's door together: sessions, links, passwords, the gate and the port. main.ts gives it the real
// machine; tests give it a held clock.
import type { JsonObject } from '../../../machines/json.ts';
import type { Config } from '../../config.ts';
import type { Host } from '../../host/contract.ts';
import type { Log } from '../../log-line.ts';
import type { Clock, Random } from '../../ports.ts';
import type { ApiHandler } from '../http.ts';
import type { UiPorts } from '../routes/ui.ts';
import { createGate, type PageHandler, type Pages } from './gate.ts';
import { createLinks } from './links.ts';
import { type Address, createListening, type ListeningPort } from './listening.ts';
import { createLogin } from './login.ts';
import { createPasswords, type Scrypt } from './passwords.ts';
import { createSessions } from './sessions.ts';
import { createThrottle } from './throttle.ts';

export interface AccessPorts {
  readonly rows: Pick<Host, 'rows' | 'putRows'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly scrypt: Scrypt;
  readonly pages: Pages;
  /** docs/aboard-openapi.json; undefined when it was not installed. */
  readonly document: () => Promise<Uint8Array | undefined>;
  readonly listen: (address: Address, handle: PageHandler) => Promise<ListeningPort>;
}

export interface Access {
  /** For the routes. */
  readonly ui: UiPorts;
  /** Reads who is logged in, then opens the port if it can be had. After the log is open. */
  start(api: ApiHandler): Promise<void>;
  stop(): Promise<void>;
  /** Where a browser on this machine finds the page. */
  url(): string | undefined;
  /** For `tender status`. */
  status(): JsonObject;
}

export function createAccess(ports: AccessPorts, config: Pick<Config, 'ui' | 'api'>): Access {
  const { log } = ports;
  const sessions = createSessions({ ...ports, lifeMs: config.ui.sessionMs });
  const links = createLinks(ports);
  const passwords = createPasswords(ports);
  const throttle = createThrottle(ports.clock);
  const login = createLogin({ clock: ports.clock, passwords, sessions, throttle, log });
  let gate: PageHandler | undefined;
  const listening = createListening({
    ...ports,
    address: config.ui.listen,
    hasPassword: () => passwords.set().length > 0,
    listen: (address) => ports.listen(address, gate!),
  });
  return {
    ui: { sessions, links, passwords, listening, document: ports.document },
    async start(api) {
      await sessions.open();
      await passwords.open();
      gate = createGate({
        ...{ api, pages: ports.pages, links, login, sessions, log },
        allowedHosts: config.ui.allowedHosts,
        streamsMax: config.api.streamsMax,
      });
      await listening.start();
    },
    stop: listening.stop,
    url: listening.url,
    status: () => ({ ...listening.status(), sessions: sessions.list().length }),
  };
}

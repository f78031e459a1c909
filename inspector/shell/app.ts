// What every part of the page may use: the ports of the browser, who is signed in, where we are, and which palette. Made
// once in main.tsx; passed down, never imported as a global.
import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Address } from '../browser/address.ts';
import type { Clock } from '../browser/clock.ts';
import { ApiError, type Http } from '../browser/http.ts';
import type { Storage } from '../browser/storage.ts';
import type { Stream, StreamOptions, StreamState } from '../browser/stream.ts';
import type { Palette } from './palette.ts';
import { type Route, routeOf } from './routes.ts';

export type Role = 'viewer' | 'crew' | 'engineer';

/** Who looks at the page, as the daemon knows them; `lan`: over the yacht's network, by password. */
export interface Session {
  readonly role: Role;
  readonly by: string;
  readonly lan: boolean;
}

export interface Ports {
  readonly http: Http;
  readonly clock: Clock;
  readonly storage: Storage;
  readonly address: Address;
  readonly palette: Signal<Palette>;
  openStream(options: StreamOptions): Stream;
}

export interface App extends Ports {
  /** undefined: not known yet; null: nobody, the daemon wants a login. */
  readonly session: ReadonlySignal<Session | null | undefined>;
  readonly route: ReadonlySignal<Route>;
  /** How the daemon is heard, for the banner and for every control. */
  readonly stream: Signal<StreamState>;
  /** The yacht's name, once the daemon told it. */
  readonly yacht: Signal<string>;
  /** Asks the daemon who we are; after a login, a logout or a refusal. */
  checkSession(): Promise<void>;
  /** `label`: what people call this device; '' is none. */
  login(password: string, label: string): Promise<void>;
  logout(): Promise<void>;
}

/** While the daemon does not answer at the start, it is asked again this often. */
const askAgainMs = 2_000;

export function createApp(ports: Ports): App {
  const session = signal<Session | null | undefined>(undefined);
  const route = signal(routeOf(ports.address.hash()));
  const stream = signal<StreamState>({ is: 'connecting' });
  ports.address.onChange(() => {
    route.value = routeOf(ports.address.hash());
  });

  async function checkSession(): Promise<void> {
    try {
      session.value = readSession(await ports.http.get('v1/session'));
    } catch (error) {
      const status = error instanceof ApiError ? error.status : 0;
      if (status === 401 || status === 403) session.value = null;
      else {
        stream.value = { is: 'trying', sinceMs: ports.clock.nowMs() };
        ports.clock.after(askAgainMs, () => void checkSession());
      }
    }
  }

  return {
    ...ports,
    session,
    route,
    stream,
    yacht: signal(''),
    checkSession,
    async login(password, label) {
      const answer = await ports.http.post<{ readonly path?: unknown }>('v1/session', {
        password,
        ...(label === '' ? {} : { label }),
      });
      // Each session lives below a path of its own, so that its cookie goes nowhere else.
      if (typeof answer.path === 'string') ports.address.move(answer.path);
      else session.value = readSession(answer);
    },
    async logout() {
      await ports.http.delete('v1/session');
      session.value = null;
    },
  };
}

function readSession(json: unknown): Session {
  const { role, by, lan } = (json ?? {}) as Partial<Session>;
  return {
    role: role === 'viewer' || role === 'crew' ? role : 'engineer',
    by: typeof by === 'string' ? by : '',
    lan: lan === true,
  };
}

/** May this person change the queue? */
export const mayWrite = (session: Session | null | undefined): boolean =>
  session?.role === 'crew' || session?.role === 'engineer';

// Logging in with the password of a role, over the yacht's network. Throttled before anything is computed.
import { TenderError } from '../../errors.ts';
import type { Log } from '../../log-line.ts';
import type { Clock } from '../../ports.ts';
import type { ApiRequest } from '../http.ts';
import { invalid, jsonBody } from '../validate.ts';
import type { Passwords } from './passwords.ts';
import type { NewSession, Sessions } from './sessions.ts';
import type { Throttle } from './throttle.ts';

/** Resolves with the session; throws TENDER_NO_SESSION for a wrong password and TENDER_TOO_MANY_TRIES. */
export type Login = (request: ApiRequest, remoteAddress: string) => Promise<NewSession>;

/** Who has no session yet must not hold a connection open by speaking slowly. */
const bodyMaxMs = 10_000;

export interface LoginPorts {
  readonly clock: Pick<Clock, 'after'>;
  readonly passwords: Passwords;
  readonly sessions: Sessions;
  readonly throttle: Throttle;
  readonly log: Log;
}

const labelPattern = /^[\p{L}\p{N} ._-]{1,40}$/u;

export function createLogin({ clock, passwords, sessions, throttle, log }: LoginPorts): Login {
  function checkTurn(remoteAddress: string): void {
    const waitMs = throttle.waitMs(remoteAddress);
    if (waitMs > 0)
      throw new TenderError(
        'TENDER_TOO_MANY_TRIES',
        `Too many wrong passwords: try again in ${Math.ceil(waitMs / 1000)} s.`,
      );
  }

  return async (request, remoteAddress) => {
    checkTurn(remoteAddress);
    const body = await inTime(jsonBody(request, ['password', 'label']), clock);
    if (typeof body.password !== 'string') throw invalid('password', 'needs a text');
    const label = labelOf(body.label, remoteAddress);
    // Again, and counted before it is known: tries side by side must not slip through while their bodies arrive.
    checkTurn(remoteAddress);
    throttle.failed(remoteAddress);
    const role = await passwords.roleOf(body.password);
    if (role === undefined) {
      log({ level: 'warning', code: 'TENDER_NO_SESSION', message: 'A wrong password.', from: remoteAddress });
      throw new TenderError('TENDER_NO_SESSION', 'This password is not right.');
    }
    throttle.passed(remoteAddress);
    const made = await sessions.make({ role, by: `${role}@${label}`, origin: 'password' });
    log({ level: 'info', message: 'Somebody logged in.', by: made.session.by, session: made.session.id });
    return made;
  };
}

function inTime<T>(work: Promise<T>, clock: Pick<Clock, 'after'>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(bodyMaxMs, () =>
      reject(invalid('The body', `must arrive within ${bodyMaxMs / 1000} s`)),
    );
    work.then(resolve, reject).finally(cancel);
  });
}

/** What people call the device they sit at; its address when they say nothing. */
export function labelOf(value: unknown, fallback: string): string {
  if (value === undefined) return fallback;
  if (typeof value !== 'string' || !labelPattern.test(value))
    throw invalid('label', 'needs 1 to 40 letters, digits, spaces, dots, dashes');
  return value;
}

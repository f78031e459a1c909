// Who may attach: only who came to this machine's loopback by one of its own names, knows this run's token, and, if it is a
// page in a browser, comes from an origin that was named on the command line.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { AgentErrorCode } from '../../agent/errors.ts';

export interface Knock {
  readonly url: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
}

export interface GateOptions {
  readonly token: string;
  readonly port: number;
  /** Pages that may attach: `https://stately.ai`. A viewer that is no page sends no origin. */
  readonly origins: readonly string[];
  /** First steps of paths that are served: `inspect`, `stately`. */
  readonly paths: readonly string[];
}

export type Verdict =
  | { readonly path: string }
  | { readonly status: 401 | 403 | 404; readonly code: AgentErrorCode; readonly message: string };

export function judge(knock: Knock, { token, port, origins, paths }: GateOptions): Verdict {
  // A page of somebody else's whose name was pointed at 127.0.0.1 says that name.
  const names = [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`];
  if (knock.host === undefined || !names.includes(knock.host.toLowerCase()))
    return refuse(403, 'TENDER_CROSS_SITE', `Attach to 127.0.0.1:${port}, not to another name of it.`);
  if (knock.origin !== undefined && !origins.includes(knock.origin))
    return refuse(403, 'TENDER_CROSS_SITE', 'This page may not attach: name its origin with --origin.');
  const [path = '', given = '', ...rest] = knock.url.replace(/^\//, '').split('/');
  if (!same(given, token))
    return refuse(401, 'TENDER_NO_SESSION', 'Use the address that `tender bridge` printed.');
  if (rest.length > 0 || !paths.includes(path))
    return refuse(
      404,
      'TENDER_ROUTE_UNKNOWN',
      `There is ${paths.map((each) => `/${each}`).join(' and ')} here.`,
    );
  return { path };
}

function refuse(status: 401 | 403 | 404, code: AgentErrorCode, message: string): Verdict {
  return { status, code, message };
}

/** Takes as long for a nearly right token as for a wrong one. */
function same(given: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

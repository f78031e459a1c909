// Why a lane did not open, in our classes: errors of DNS, TCP and TLS, and HTTP answers that are no upgrade. An answer is believed
// to be the cloud's only when it is signed, which the line checks; here it gets the class it would have. Called by ws-dialer.ts.
import type { Failure, FailureClass } from '../../cloud/contract/failure.ts';

const kinds = {
  TENDER_DNS_FAILED: [
    'LINK',
    'The cloud’s name could not be resolved: there is no network, or its name server does not answer.',
  ],
  TENDER_NO_ROUTE: ['LINK', 'There is no route to the cloud: the network is down.'],
  TENDER_CONNECT_REFUSED: [
    'LINK',
    'The cloud’s host answered but refused the connection: check the address, or wait.',
  ],
  TENDER_CONNECT_TIMEOUT: ['LINK', 'The cloud did not answer in time.'],
  TENDER_CONNECT_FAILED: ['LINK', 'The connection broke while it was being opened.'],
  TENDER_CERTIFICATE_WRONG: [
    'INTERCEPTED',
    'The certificate shown is not the cloud’s: something on the way reads along, or a private authority is missing in cloud.ca_file. Nothing was sent.',
  ],
  TENDER_CERTIFICATE_DATE: [
    'INTERCEPTED',
    'The certificate shown is not valid at the time of this machine’s clock: check the clock first. Nothing was sent.',
  ],
  TENDER_PORTAL_FOUND: [
    'CAPTIVE',
    'A portal or filter answered instead of the cloud: log in to the network with a browser. Nothing was sent.',
  ],
  TENDER_UPGRADE_REFUSED: ['AUTH', 'The connection was refused.'],
  TENDER_CLOUD_BUSY: ['BUSY', 'The cloud is busy: it is tried again later.'],
  TENDER_CLOUD_FAILING: ['SERVER', 'The cloud, or a proxy before it, failed: it is tried again later.'],
  TENDER_LOCAL_EXHAUSTED: [
    'LOCAL',
    'This machine is out of memory or open files: close other programs if it stays so.',
  ],
  TENDER_PLAINTEXT_REFUSED: [
    'POLICY',
    'The address of the cloud is not encrypted (http:// or ws://), which is allowed on this machine only: use https://.',
  ],
  TENDER_ADDRESS_INVALID: ['POLICY', 'The address of the cloud is not a URL: correct cloud.url.'],
} as const satisfies Record<string, readonly [FailureClass, string]>;

export type DialCode = keyof typeof kinds;

export function dialFailure(code: DialCode, detail?: string, retryAfterMs?: number): Failure {
  const [failureClass, sentence] = kinds[code];
  const message = detail ? `${sentence} (${detail})` : sentence;
  return { class: failureClass, code, message, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

const byErrorCode: Readonly<Record<string, DialCode>> = {
  ENOTFOUND: 'TENDER_DNS_FAILED',
  EAI_AGAIN: 'TENDER_DNS_FAILED',
  EAI_FAIL: 'TENDER_DNS_FAILED',
  ENETUNREACH: 'TENDER_NO_ROUTE',
  EHOSTUNREACH: 'TENDER_NO_ROUTE',
  ENETDOWN: 'TENDER_NO_ROUTE',
  EADDRNOTAVAIL: 'TENDER_NO_ROUTE',
  ECONNREFUSED: 'TENDER_CONNECT_REFUSED',
  ETIMEDOUT: 'TENDER_CONNECT_TIMEOUT',
  EMFILE: 'TENDER_LOCAL_EXHAUSTED',
  ENFILE: 'TENDER_LOCAL_EXHAUSTED',
  ENOMEM: 'TENDER_LOCAL_EXHAUSTED',
  CERT_HAS_EXPIRED: 'TENDER_CERTIFICATE_DATE',
  CERT_NOT_YET_VALID: 'TENDER_CERTIFICATE_DATE',
  // Something speaks plain text, or another protocol, where TLS should be: a portal's web server.
  EPROTO: 'TENDER_PORTAL_FOUND',
  ERR_SSL_WRONG_VERSION_NUMBER: 'TENDER_PORTAL_FOUND',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'TENDER_PORTAL_FOUND',
};

const certificateCodes =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_|ERR_TLS_CERT|INVALID_CA|HOSTNAME_MISMATCH|ERR_SSL_.*CERT)/;

/** An error of the socket, of TLS, of the HTTP parser, or of the WebSocket handshake. */
export function failureOfError(error: Error & { readonly code?: unknown }): Failure {
  const code = typeof error.code === 'string' ? error.code : '';
  const known = Object.hasOwn(byErrorCode, code) ? byErrorCode[code] : undefined;
  if (known) return dialFailure(known, code);
  if (certificateCodes.test(code)) return dialFailure('TENDER_CERTIFICATE_WRONG', code);
  // What answers in no HTTP, or accepts an upgrade it has not understood, is not our cloud.
  if (code.startsWith('HPE_') || /^(Invalid|Server sent)/.test(error.message)) {
    return dialFailure('TENDER_PORTAL_FOUND', error.message);
  }
  return dialFailure('TENDER_CONNECT_FAILED', code || error.message);
}

/** An HTTP answer that is no upgrade. */
export function failureOfAnswer(status: number, headers: Readonly<Record<string, string>>): Failure {
  const detail = `HTTP ${status}`;
  const retryAfterMs = readRetryAfter(headers['retry-after']);
  if (status === 429 || status === 503 || status === 507)
    return dialFailure('TENDER_CLOUD_BUSY', detail, retryAfterMs);
  if (status === 511) return dialFailure('TENDER_PORTAL_FOUND', detail);
  if (status >= 500) return dialFailure('TENDER_CLOUD_FAILING', detail, retryAfterMs);
  if (status === 400 || status === 401 || status === 403 || status === 409 || status === 426) {
    return dialFailure('TENDER_UPGRADE_REFUSED', detail);
  }
  return dialFailure('TENDER_PORTAL_FOUND', detail);
}

const retryAfterMaxMs = 15 * 60_000;

/** Seconds only: a date would need a clock that can be trusted. */
function readRetryAfter(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,6}$/.test(value)
    ? Math.min(Number(value) * 1_000, retryAfterMaxMs)
    : undefined;
}

/** May this address be spoken to? Plain text is for this machine only. */
export function addressProblem(url: string): Failure | undefined {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === 'wss:') return undefined;
  if (parsed?.protocol !== 'ws:') return dialFailure('TENDER_ADDRESS_INVALID');
  const { hostname } = parsed;
  const isLoopback =
    hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
  return isLoopback ? undefined : dialFailure('TENDER_PLAINTEXT_REFUSED');
}

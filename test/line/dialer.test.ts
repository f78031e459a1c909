// Real sockets on loopback: what the dialer makes of portals, filters, broken servers and true ones.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { failureOfAnswer, failureOfError } from '../../agent/adapters/dial-failure.ts';
import { createWsDialer, wsDialer } from '../../agent/adapters/ws-dialer.ts';
import type { LaneRequest, LaneSocketEvents } from '../../cloud/contract/socket.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

function listen(server: Server | ReturnType<typeof createTcpServer>): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

const request = (url: string, connectTimeoutMs = 5_000): LaneRequest => ({
  url,
  subprotocol: 'tender.1',
  headers: { 'tender-line': 'v=1' },
  connectTimeoutMs,
});
const ignore: LaneSocketEvents = { message: () => {}, closed: () => {} };
const dial = (port: number, timeoutMs?: number) =>
  createWsDialer().dial(request(`ws://127.0.0.1:${port}/v1/line/x`, timeoutMs), ignore);

/** A server that answers every request and upgrade with these bytes. */
function answering(text: string): Promise<number> {
  return listen(
    createTcpServer((socket) => {
      socket.once('data', () => socket.end(text));
    }),
  );
}

const page = '<html><body>Welcome to MarinaNet, please log in</body></html>';
const http = (status: string, headers = '', body = page) =>
  `HTTP/1.1 ${status}\r\n${headers}content-type: text/html\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

describe('what answers instead of the cloud', () => {
  test.each([
    ['a page', http('200 OK'), 'CAPTIVE', 'TENDER_PORTAL_FOUND'],
    [
      'a redirect',
      http('302 Found', 'location: http://portal.example/login\r\n'),
      'CAPTIVE',
      'TENDER_PORTAL_FOUND',
    ],
    ['a 511', http('511 Network Authentication Required'), 'CAPTIVE', 'TENDER_PORTAL_FOUND'],
    ['a 204', 'HTTP/1.1 204 No Content\r\n\r\n', 'CAPTIVE', 'TENDER_PORTAL_FOUND'],
    ['no HTTP at all', 'SSH-2.0-dropbear\r\n', 'CAPTIVE', 'TENDER_PORTAL_FOUND'],
    [
      'an upgrade it has not understood',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: nonsense\r\n\r\n',
      'CAPTIVE',
      'TENDER_PORTAL_FOUND',
    ],
    ['a 429', http('429 Too Many Requests', 'retry-after: 7\r\n'), 'BUSY', 'TENDER_CLOUD_BUSY'],
    ['a 503', http('503 Service Unavailable', 'retry-after: 7\r\n'), 'BUSY', 'TENDER_CLOUD_BUSY'],
    ['a 502', http('502 Bad Gateway'), 'SERVER', 'TENDER_CLOUD_FAILING'],
    ['a 403', http('403 Forbidden'), 'AUTH', 'TENDER_UPGRADE_REFUSED'],
    ['nothing', '', 'LINK', 'TENDER_CONNECT_FAILED'],
  ])('%s', async (_, text, failureClass, code) => {
    const dialled = await dial(await answering(text));
    expect(dialled).toMatchObject({ failure: { class: failureClass, code } });
    if ('failure' in dialled && failureClass === 'BUSY') expect(dialled.failure.retryAfterMs).toBe(7_000);
  });

  test('the headers of a refusal are handed on, for the line to see whether it is signed', async () => {
    const dialled = await dial(await answering(http('401 Unauthorized', 'Tender-Answer: code=X\r\n')));
    expect(dialled).toMatchObject({ answer: { status: 401, headers: { 'tender-answer': 'code=X' } } });
  });

  test('silence ends after the connect timeout', async () => {
    const port = await listen(createTcpServer(() => {}));
    expect(await dial(port, 150)).toMatchObject({
      failure: { class: 'LINK', code: 'TENDER_CONNECT_TIMEOUT' },
    });
  });

  test('a closed port is a refused connection', async () => {
    const server = createTcpServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    expect(await dial(port)).toMatchObject({ failure: { class: 'LINK', code: 'TENDER_CONNECT_REFUSED' } });
  });

  test('a certificate of a stranger is INTERCEPTED, plain text where TLS should be CAPTIVE', async () => {
    const port = await listen(createTlsServer({ key: strangerKey, cert: strangerCertificate }));
    const dialer = createWsDialer();
    expect(await dialer.dial(request(`wss://127.0.0.1:${port}/`), ignore)).toMatchObject({
      failure: { class: 'INTERCEPTED' },
    });
    const plain = await listen(createServer((_, response) => response.end(page)));
    expect(await dialer.dial(request(`wss://127.0.0.1:${plain}/`), ignore)).toMatchObject({
      failure: { class: 'CAPTIVE' },
    });
  });
});

describe('addresses', () => {
  test('plain text is refused off this machine, before anything is dialled', async () => {
    for (const url of [
      'ws://10.0.0.1/x',
      'ws://cloud.example/x',
      'ws://127.0.0.1.evil.example/x',
      'ws://[fe80::1]/x',
    ]) {
      expect(await createWsDialer().dial(request(url), ignore)).toMatchObject({
        failure: { class: 'POLICY', code: 'TENDER_PLAINTEXT_REFUSED' },
      });
    }
    expect(await createWsDialer().dial(request('nonsense'), ignore)).toMatchObject({
      failure: { code: 'TENDER_ADDRESS_INVALID' },
    });
  });

  test('a private authority that cannot be read is a configuration error', async () => {
    await expect(wsDialer('/nonexistent/ca.pem')).rejects.toMatchObject({ code: 'TENDER_CONFIG_INVALID' });
  });
});

describe('the table of failures', () => {
  test.each([
    ['ENOTFOUND', 'LINK'],
    ['EAI_AGAIN', 'LINK'],
    ['ENETUNREACH', 'LINK'],
    ['EHOSTUNREACH', 'LINK'],
    ['ECONNRESET', 'LINK'],
    ['ETIMEDOUT', 'LINK'],
    ['EMFILE', 'LOCAL'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'INTERCEPTED'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'INTERCEPTED'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'INTERCEPTED'],
    ['CERT_NOT_YET_VALID', 'INTERCEPTED'],
    ['EPROTO', 'CAPTIVE'],
    ['HPE_INVALID_CONSTANT', 'CAPTIVE'],
    ['EWHATEVER', 'LINK'],
  ])('%s is %s', (code, failureClass) => {
    expect(failureOfError(Object.assign(new Error('x'), { code })).class).toBe(failureClass);
  });

  test('Retry-After is believed in seconds, up to a quarter of an hour', () => {
    const wait = (value: string) => failureOfAnswer(503, { 'retry-after': value }).retryAfterMs;
    expect(wait('30')).toBe(30_000);
    expect(wait('999999')).toBe(900_000);
    expect(wait('Wed, 21 Oct 2099 07:28:00 GMT')).toBeUndefined();
    expect(wait('-1')).toBeUndefined();
  });
});

describe('an open lane', () => {
  test('carries binary frames of all sizes both ways, without compression or masks that cost time', async () => {
    const server = createServer();
    const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: true });
    const heads: Buffer[] = [];
    server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('data', (bytes: Buffer) => heads.push(Buffer.from(bytes.subarray(0, 64))));
      sockets.handleUpgrade(incoming, socket, head, (ws) => {
        ws.send('text');
        ws.on('message', (bytes, isBinary) => ws.send(bytes, { binary: isBinary }));
      });
    });
    const port = await listen(server);
    const heard: Uint8Array[] = [];
    let wake = () => {};
    const closed = { code: 0 };
    const dialled = await createWsDialer().dial(request(`ws://127.0.0.1:${port}/v1/line/x`), {
      message: (bytes) => {
        heard.push(bytes);
        wake();
      },
      closed: (end) => {
        closed.code = end.code;
        wake();
      },
    });
    if (!('socket' in dialled)) throw new Error(dialled.failure.code);
    const until = async (done: () => boolean) => {
      while (!done()) await new Promise<void>((resolve) => (wake = resolve));
    };
    const sizes = [0, 1, 125, 126, 65_535, 65_536, 100_000];
    for (const size of sizes) dialled.socket.send(new Uint8Array(size).fill(size % 251));
    await until(() => heard.length === sizes.length + 1);
    // Text is none of our frames: it comes as an empty one, which every decoder refuses.
    expect(heard.map((bytes) => bytes.length)).toEqual([0, ...sizes]);
    expect(heard.slice(1).every((bytes) => bytes.every((byte) => byte === bytes.length % 251))).toBe(true);
    const second = Buffer.concat(heads).subarray(0, 14);
    expect([...second.subarray(2, 6)]).toEqual([0, 0, 0, 0]); // a mask of zeros
    expect(dialled.socket.bufferedBytes()).toBe(0);
    dialled.socket.close(1000, '');
    await until(() => closed.code !== 0);
    expect(closed.code).toBe(1000);
  });
});

// Self-signed for "stranger.example" until 2036, made for this test with openssl; it proves nothing about anybody.
const strangerKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg+Pj/JjWtDea472oi
9glXND6goY0LBZ8L/Fl5rMcVlTqhRANCAATdQ33iLPVRn06qecRM8SU5NvfRp7/N
Fs6rzEGeqeHWelVayGZXf7bfqWUdvP7nJhRAfm1aL8w0591izSOsAiOg
-----END PRIVATE KEY-----
`;
const strangerCertificate = `-----BEGIN CERTIFICATE-----
MIIBjDCCATGgAwIBAgIUSCCBVTlvTAFfqe+h3yVYKJQSS14wCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQc3RyYW5nZXIuZXhhbXBsZTAeFw0yNjExMjAxNTM3MzdaFw0z
NjExMTcxNTM3MzdaMBsxGTAXBgNVBAMMEHN0cmFuZ2VyLmV4YW1wbGUwWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAATdQ33iLPVRn06qecRM8SU5NvfRp7/NFs6rzEGe
qeHWelVayGZXf7bfqWUdvP7nJhRAfm1aL8w0591izSOsAiOgo1MwUTAdBgNVHQ4E
FgQUz/nR00AYo3ZbmTUKQnic5UgkhtwwHwYDVR0jBBgwFoAUz/nR00AYo3ZbmTUK
Qnic5UgkhtwwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAuKAN
VZNutBmGmO5M0GmJ1zrONFS2LHhLCPCUC15vhqECIQDCQYRBxHJlq/YEicvergmH
KoC4h24UaLg00iErIh781g==
-----END CERTIFICATE-----
`;

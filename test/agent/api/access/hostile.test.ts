// What others may try against the page's port of a real agent: pages of other sites, names pointed at us, other users of the
// machine, people on the yacht's network. None of it has an effect, and nobody learns anything.
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import { type ApiClient, connectApi } from '../../../../agent/cli/client.ts';
import { type Yacht, yacht } from '../../../cli/aboard.ts';
import { openPage, type PageClient } from '../../../support/page-client.ts';

const canary = 'passport of the owner';

let ship: Yacht;
let api: ApiClient;
let port: number;
let engineer: PageClient;
let crew: PageClient;
let viewer: PageClient;
let usedToken: string;

beforeAll(async () => {
  ship = await yacht('[ui]\nlisten = "127.0.0.1:0"\n', { outlivesTest: true });
  await ship.start();
  api = connectApi(ship.socket, new AbortController().signal);
  port = Number(new URL(ship.page!).port);
  await ship.file(`${canary}.txt`, 'secret');
  await ship.tender('add', `${canary}.txt`);
  // Nothing moves by itself from here on, so the head of the log tells who did something.
  await ship.tender('link', 'stop');
  [engineer, crew, viewer] = await Promise.all([
    openPage(api, 'engineer'),
    openPage(api, 'crew'),
    openPage(api, 'viewer'),
  ]);
  const { url } = await api.post('/v1/ui/link');
  usedToken = String(url).split('/').at(-1)!;
  await fetch(String(url), { redirect: 'manual' });
  return async () => {
    await ship.stop();
    await rm(ship.directory, { recursive: true, force: true });
  };
});

interface Wire {
  readonly method?: string;
  readonly target?: string;
  /** Replaces the request line. */
  readonly line?: string;
  /** Null takes a header away that is there by default. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** Header lines as they are, behind the others. */
  readonly raw?: readonly string[];
  readonly body?: string;
}

interface Reply {
  readonly status: number;
  readonly head: string;
  readonly body: string;
  readonly text: string;
}

/** The request of our own page, changed in what the test says; written byte for byte. */
function send(wire: Wire, as?: PageClient): Promise<Reply> {
  const host = `127.0.0.1:${port}`;
  const headers: Record<string, string | null> = {
    host,
    origin: `http://${host}`,
    'sec-fetch-site': 'same-origin',
    'content-type': 'application/json',
    cookie: as?.cookie ?? null,
    'content-length': String(Buffer.byteLength(wire.body ?? '')),
    connection: 'close',
    ...wire.headers,
  };
  const prefix = as ? new URL(as.base).pathname.slice(0, -1) : '';
  const text = [
    wire.line ?? `${wire.method ?? 'GET'} ${prefix}${wire.target ?? '/v1/status'} HTTP/1.1`,
    ...Object.entries(headers).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`])),
    ...(wire.raw ?? []),
    '',
    wire.body ?? '',
  ].join('\r\n');
  return exchange(text);
}

function exchange(text: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let said = '';
    socket.setEncoding('latin1').on('data', (part) => {
      said += part;
    });
    socket.on('error', (error: NodeJS.ErrnoException) =>
      // Sent away in the middle of a request that is too large: an answer as well.
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? undefined : reject(error),
    );
    socket.on('close', () => {
      const [head = '', ...rest] = said.split('\r\n\r\n');
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
      resolve({ status, head, body: rest.join('\r\n\r\n'), text: said });
    });
  });
}

/** All that an attack could have changed. */
async function state() {
  const { items: records } = await api.get('/v1/log?limit=1000');
  // The log's own bookkeeping comes a second after the last change, whoever is knocking then.
  const own = (records as { actor: string; seq: number }[]).filter(({ actor }) => actor !== 'host/log');
  const { sessions, passwords } = await api.get('/v1/ui/sessions');
  const ids = (sessions as { id: string; role: string }[]).map(({ id, role }) => `${role} ${id}`).sort();
  const { items } = await api.get('/v1/uploads');
  const uploads = (items as { id: string; state: string; priority: number }[]).map(
    (one) => `${one.id} ${one.state} ${one.priority}`,
  );
  return { head: own.at(-1)!.seq, ids, passwords, uploads };
}

async function withoutEffect(attack: () => Promise<Reply>, statuses: readonly number[]): Promise<Reply> {
  const before = await state();
  const reply = await attack();
  expect(await state()).toEqual(before);
  expect(statuses).toContain(reply.status);
  for (const secret of [canary, 'set-cookie', ship.directory, engineer.cookie, 'lastSeq'])
    expect(reply.text.toLowerCase()).not.toContain(secret.toLowerCase());
  return reply;
}

const stop = { method: 'POST', target: '/v1/connection/start', body: '{}' } as const;

describe('the request that the others are bent from', () => {
  test('has an effect as it is', async () => {
    const before = await state();
    expect((await send(stop, engineer)).status).toBe(200);
    expect((await send({ ...stop, target: '/v1/connection/stop' }, engineer)).status).toBe(200);
    expect((await state()).head).toBeGreaterThan(before.head);
    expect((await send({}, viewer)).body).toContain('lastSeq');
  });
});

describe('names that others point at us (DNS rebinding)', () => {
  const hosts: readonly [string, string | null][] = [
    ['a stranger’s name with our port', 'evil.example:PORT'],
    ['a stranger’s name', 'evil.example'],
    ['our address below a stranger’s name', '127.0.0.1.evil.example:PORT'],
    ['a service that resolves to anything', '127.0.0.1.nip.io:PORT'],
    ['another port', '127.0.0.1:1'],
    ['no port', '127.0.0.1'],
    ['zeros', '0.0.0.0:PORT'],
    ['a short form of the address', '127.1:PORT'],
    ['a number for the address', '2130706433:PORT'],
    ['octal digits', '0177.0.0.1:PORT'],
    ['another loopback address', '127.0.0.2:PORT'],
    ['the other family', '[::1]:PORT'],
    ['a mapped address', '[::ffff:127.0.0.1]:PORT'],
    ['localhost with a dot', 'localhost.:PORT'],
    ['a name below localhost', 'evil.localhost:PORT'],
    ['a user in front', 'evil@127.0.0.1:PORT'],
    ['a list', '127.0.0.1:PORT, evil.example'],
    ['nothing', ''],
    ['no Host at all', null],
  ];
  test.each(hosts)('%s changes nothing', async (_what, name) => {
    const host = name === null ? null : name.replace('PORT', String(port));
    const origin = `http://${host ?? `127.0.0.1:${port}`}`;
    await withoutEffect(() => send({ ...stop, headers: { host, origin } }, engineer), [400, 403]);
  });
  test.each(hosts)('%s reads nothing', async (_what, name) => {
    const host = name === null ? null : name.replace('PORT', String(port));
    await withoutEffect(() => send({ headers: { host, origin: null } }, engineer), [400, 403]);
  });
  test('a stranger’s name does not even get the page', async () => {
    const headers = { host: `evil.example:${port}` };
    await withoutEffect(() => send({ target: '/', headers }), [403]);
  });
});

describe('pages of others', () => {
  test.each<[string, Record<string, string | null>]>([
    ['another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['another site in an old browser', { origin: 'https://evil.example', 'sec-fetch-site': null }],
    ['another site that leaves Origin out', { origin: null, 'sec-fetch-site': 'cross-site' }],
    ['another port of this machine', { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' }],
    ['another port in an old browser', { origin: 'http://127.0.0.1:1', 'sec-fetch-site': null }],
    ['another port that says it is we', { 'sec-fetch-site': 'same-site' }],
    ['a sandboxed frame', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
    ['a sandboxed frame in an old browser', { origin: 'null', 'sec-fetch-site': null }],
    ['https instead of http', { origin: 'https://127.0.0.1:PORT', 'sec-fetch-site': null }],
    ['localhost for 127.0.0.1', { origin: 'http://localhost:PORT', 'sec-fetch-site': null }],
    ['our name as a beginning', { origin: 'http://127.0.0.1:PORT.evil.example', 'sec-fetch-site': null }],
    ['our name with a path', { origin: 'http://127.0.0.1:PORT/', 'sec-fetch-site': null }],
    ['a user in front', { origin: 'http://evil@127.0.0.1:PORT', 'sec-fetch-site': null }],
    ['an extension', { origin: 'chrome-extension://abcdefgh', 'sec-fetch-site': 'none' }],
    ['a file', { origin: 'file://', 'sec-fetch-site': 'cross-site' }],
    ['an empty Origin', { origin: '', 'sec-fetch-site': null }],
    ['nobody says from where', { origin: null, 'sec-fetch-site': null }],
    ['the address bar', { origin: null, 'sec-fetch-site': 'none' }],
    ['an unknown word', { origin: null, 'sec-fetch-site': 'same-origin, cross-site' }],
  ])('%s changes nothing, even with the cookie', async (_what, headers) => {
    const filled = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value?.replace('PORT', String(port)) ?? null]),
    );
    const reply = await withoutEffect(() => send({ ...stop, headers: filled }, engineer), [403]);
    expect(reply.body).toContain('TENDER_CROSS_SITE');
  });

  test.each<[string, Wire]>([
    ['text/plain', { headers: { 'content-type': 'text/plain' } }],
    ['a form', { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'by=x' }],
    ['a form with files', { headers: { 'content-type': 'multipart/form-data; boundary=x' } }],
    ['no type', { headers: { 'content-type': null } }],
    ['an empty type', { headers: { 'content-type': '' } }],
    ['bytes where JSON belongs', { headers: { 'content-type': 'application/octet-stream' } }],
    ['JSON’s cousin', { headers: { 'content-type': 'text/json' } }],
    ['JSON as a beginning', { headers: { 'content-type': 'application/jsonp' } }],
  ])('a body that calls itself %s changes nothing', async (_what, wire) => {
    await withoutEffect(() => send({ ...stop, ...wire }, engineer), [415]);
  });
  test('a file that calls itself a form is not taken in', async () => {
    const headers = {
      'content-type': 'multipart/form-data; boundary=x',
      'tender-name': Buffer.from('a').toString('base64url'),
    };
    await withoutEffect(
      () => send({ method: 'POST', target: '/v1/uploads', headers, body: 'x' }, crew),
      [415],
    );
  });

  test.each([
    ['a picture', 'no-cors', 'image'],
    ['a script', 'no-cors', 'script'],
    ['a frame', 'navigate', 'iframe'],
  ])('%s of another site shows nothing of the API', async (_what, mode, dest) => {
    const headers = {
      origin: null,
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': mode,
      'sec-fetch-dest': dest,
    };
    await withoutEffect(() => send({ headers }, engineer), [403]);
  });
  test('a preflight is answered with nothing that would allow anything', async () => {
    const headers = {
      origin: 'https://evil.example',
      'sec-fetch-site': 'cross-site',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    };
    const reply = await withoutEffect(
      () => send({ method: 'OPTIONS', target: '/v1/connection/start', headers }),
      [401],
    );
    expect(reply.head.toLowerCase()).not.toContain('access-control');
  });
});

describe('methods and upgrades', () => {
  test.each(['x-http-method-override', 'x-method-override', 'x-http-method'])(
    '%s is not heard',
    async (name) => {
      await withoutEffect(
        () => send({ method: 'GET', target: '/v1/connection/start', headers: { [name]: 'POST' } }, engineer),
        [404],
      );
    },
  );
  test.each(['TRACE', 'OPTIONS', 'PATCH', 'PROPFIND', 'PUT', 'HEAD'])('%s does nothing', async (method) => {
    await withoutEffect(() => send({ method, target: '/v1/connection/start' }, engineer), [404]);
  });
  test('CONNECT makes no tunnel', async () => {
    await withoutEffect(
      () => send({ line: 'CONNECT 127.0.0.1:22 HTTP/1.1', headers: { 'content-length': null } }, engineer),
      [0, 400],
    );
  });
  test.each(['websocket', 'h2c', 'tcp'])('an upgrade to %s is refused', async (upgrade) => {
    const headers = {
      connection: 'Upgrade',
      upgrade,
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAA',
    };
    const reply = await withoutEffect(() => send({ target: '/v1/events', headers }, engineer), [400]);
    expect(reply.head).not.toContain('101');
  });
});

describe('ways to write a path', () => {
  test.each([
    '//v1/status',
    '/v1//status',
    '/v1/./status',
    '/v1/../v1/status',
    '/v1/%2e%2e/v1/status',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/..%2f..%2fetc/passwd',
    '/..%5c..%5cetc/passwd',
    '/assets/../../../package.json',
    '/assets/%2e%2e/index.html',
    '/v1%2fstatus',
    '/v1/status%00',
    '/v1/status%0d%0aset-cookie:%20a=b',
    '/v1\\status',
    '/%76%31/status/',
    '/v1/status;x=1',
    '/v1/%',
    '/v1/%c0%af',
    '/v1/uploads/%2e%2e',
    '/v1/uploads/..%2f..%2fstate',
    '/V1/status',
    '/v1/status/',
  ])('%s leads nowhere, for a session as for a stranger', async (target) => {
    await withoutEffect(() => send({ target }, engineer), [400, 401, 404]);
    await withoutEffect(() => send({ target }), [400, 401]);
  });
  test.each([
    ['an absolute address', 'GET http://127.0.0.1:PORT/v1/status HTTP/1.1'],
    ['an absolute address elsewhere', 'GET http://evil.example/v1/status HTTP/1.1'],
    ['a star', 'OPTIONS * HTTP/1.1'],
    ['an address that begins with a name', 'GET evil.example/v1/status HTTP/1.1'],
    ['an ancient protocol', 'GET /v1/status HTTP/1.0'],
    ['a protocol that is none', 'GET /v1/status HTTQ/1.1'],
    ['a path of 5,000 letters', `GET /v1/${'a'.repeat(5_000)} HTTP/1.1`],
  ])('%s is no address of ours', async (_what, line) => {
    await withoutEffect(
      () => send({ line: line.replace('PORT', String(port)), headers: { cookie: engineer.cookie } }),
      [400, 401],
    );
  });
});

describe('two readings of one request (smuggling)', () => {
  const smuggled = `POST /v1/connection/start HTTP/1.1\r\nhost: x\r\n\r\n`;
  test.each<[string, Wire]>([
    [
      'length and chunks',
      { headers: { 'transfer-encoding': 'chunked', 'content-length': '4' }, body: `0\r\n\r\n${smuggled}` },
    ],
    ['two lengths', { raw: ['Content-Length: 0'], body: `{}${smuggled}` }],
    ['a length with a sign', { headers: { 'content-length': '+2' }, body: '{}' }],
    ['a length in hexadecimal', { headers: { 'content-length': '0x2' }, body: '{}' }],
    [
      'chunks of an unknown kind',
      { headers: { 'transfer-encoding': 'xchunked', 'content-length': null }, body: '{}' },
    ],
    [
      'chunks behind a space',
      { headers: { 'content-length': null }, raw: ['Transfer-Encoding : chunked'], body: '0\r\n\r\n' },
    ],
    ['a folded header', { raw: ['X-A: b', ' Origin: evil'], body: '{}' }],
    ['a header without a name', { raw: [': x'], body: '{}' }],
    ['a bare line feed', { raw: ['X-A: b\nHost: evil.example'], body: '{}' }],
    ['two Hosts', { raw: ['Host: evil.example'], body: '{}' }],
    ['two Origins', { raw: ['Origin: https://evil.example'], body: '{}' }],
    ['two cookies', { raw: ['Cookie: tender=x'], body: '{}' }],
    ['two types', { raw: ['Content-Type: text/plain'], body: '{}' }],
    ['two words for whence', { raw: ['Sec-Fetch-Site: cross-site'], body: '{}' }],
    ['a zero in a header', { raw: ['X-A: a\0b'], body: '{}' }],
  ])('%s', async (_what, wire) => {
    await withoutEffect(() => send({ ...stop, ...wire }, engineer), [400]);
  });
  test('a second request behind the first is one of its own', async () => {
    const reply = await withoutEffect(
      () =>
        send({
          headers: { connection: 'keep-alive', cookie: engineer.cookie },
          body: '',
          target: '/v1/status',
          raw: [],
          line: `GET /v1/status HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\nPOST /v1/connection/start HTTP/1.1\r\nconnection: close`,
        }),
      [401],
    );
    expect(reply.text).not.toContain('HTTP/1.1 200');
  });
  test.each([
    ['headers of 20,000 letters', { raw: [`X-A: ${'a'.repeat(20_000)}`] }, [0, 431]],
    ['a cookie of 15,000 letters', { headers: { cookie: `tender=${'a'.repeat(15_000)}` } }, [401]],
    ['a body that is too large', { body: `{"by":"${'x'.repeat(70_000)}"}` }, [400]],
    [
      'a body of 10 MB that nobody asked for',
      { headers: { cookie: null }, body: 'x'.repeat(10_000_000) },
      [0, 401],
    ],
  ])('%s', async (_what, wire, statuses) => {
    await withoutEffect(() => send({ ...stop, ...(wire as Wire) }, engineer), statuses);
  });
});

describe('strangers and forged sessions', () => {
  const shapes = [
    { target: '/v1/status' },
    { target: '/v1/nothing-here' },
    { target: '/v1/uploads/01ARZ3NDEKTSV4RRFFQ69G5FAV' },
    { target: '/openapi.json' },
    { target: '/healthz' },
    { target: '/metrics' },
    { target: '/.git/config' },
    { target: '/package.json' },
    { target: '/s/AAAAAAAAAAAAAAAAAAAAAA/v1/status' },
    { target: '/v1/events' },
    { target: '/v1/connection/start', method: 'POST', body: '{}' },
    { target: '/v1/ui/link', method: 'POST', body: '{}' },
    { target: '/v1/session' },
    { target: '/v1/session', method: 'DELETE' },
    { target: '/v1/session', method: 'PUT', body: '{}' },
  ] as const;
  test('get the same 401 whatever they ask for', async () => {
    const replies: string[] = [];
    for (const wire of shapes) {
      const reply = await withoutEffect(() => send(wire), [401]);
      replies.push(`${reply.head.replace(/date: .*/i, '')}\n${reply.body}`);
    }
    expect(new Set(replies).size).toBe(1);
  });

  test.each<[string, () => Wire]>([
    ['the cookie without the path', () => ({ headers: { cookie: engineer.cookie } })],
    ['the path without the cookie', () => ({ target: `${new URL(engineer.base).pathname}v1/status` })],
    [
      'the path of one session with the cookie of another',
      () => ({
        target: `${new URL(engineer.base).pathname}v1/status`,
        headers: { cookie: viewer.cookie },
      }),
    ],
    [
      'a cookie cut by one letter',
      () => ({
        target: `${new URL(engineer.base).pathname}v1/status`,
        headers: { cookie: engineer.cookie.slice(0, -1) },
      }),
    ],
    [
      'a cookie changed in one letter',
      () => ({
        target: `${new URL(engineer.base).pathname}v1/status`,
        headers: { cookie: engineer.cookie.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')) },
      }),
    ],
    [
      'two cookies of one name',
      () => ({
        target: `${new URL(engineer.base).pathname}v1/status`,
        headers: { cookie: `tender=${'A'.repeat(43)}; ${engineer.cookie}` },
      }),
    ],
    [
      'the secret as a bearer token',
      () => ({
        target: `${new URL(engineer.base).pathname}v1/status`,
        headers: { authorization: `Bearer ${engineer.cookie.slice(7)}` },
      }),
    ],
    [
      'the secret in the query',
      () => ({ target: `${new URL(engineer.base).pathname}v1/status?${engineer.cookie}` }),
    ],
    [
      'an id out of the list of sessions',
      () => ({ target: '/s/AAAAAAAAAAAAAAAAAAAAAA/v1/status', headers: { cookie: engineer.cookie } }),
    ],
    [
      'a name of every object',
      () => ({ target: '/s/__proto__AAAAAAAAAAAAA/v1/status', headers: { cookie: engineer.cookie } }),
    ],
  ])('%s opens nothing', async (_what, wire) => {
    await withoutEffect(() => send(wire()), [401]);
  });
});

describe('links', () => {
  const open = (token: string, wire: Wire = {}) =>
    send({
      target: `/open/${token}`,
      ...wire,
      headers: { origin: null, 'sec-fetch-site': 'none', ...wire.headers },
    });
  test.each([
    ['used already', () => usedToken],
    ['made up', () => 'A'.repeat(43)],
    ['too short', () => 'A'],
    ['too long', () => 'A'.repeat(400)],
    ['empty', () => '%20'],
    ['of another alphabet', () => '+'.repeat(43)],
  ])('one that is %s opens nothing', async (_what, token) => {
    await withoutEffect(() => open(token()), [410]);
  });
  test.each<[string, Wire]>([
    ['another site', { headers: { 'sec-fetch-site': 'cross-site' } }],
    ['another port', { headers: { 'sec-fetch-site': 'same-site' } }],
    ['a browser that only looks ahead', { headers: { 'sec-purpose': 'prefetch;prerender' } }],
    ['a name pointed at us', { headers: { host: 'evil.example' } }],
    ['HEAD', { method: 'HEAD' }],
  ])('%s neither opens a good one nor uses it up', async (_what, wire) => {
    const { url } = await api.post('/v1/ui/link');
    const token = String(url).split('/').at(-1)!;
    await withoutEffect(() => open(token, wire), [403]);
    expect((await open(token)).status).toBe(303);
  });
  test('POST does not open one', async () => {
    const { url } = await api.post('/v1/ui/link');
    await withoutEffect(() => open(String(url).split('/').at(-1)!, { method: 'POST' }), [401]);
  });
});

describe('a role too low', () => {
  test.each<[string, () => PageClient, Wire]>([
    ['a viewer stops the link', () => viewer, { ...stop }],
    ['a viewer adds a file', () => viewer, { method: 'POST', target: '/v1/uploads', body: 'x' }],
    ['a viewer cancels all', () => viewer, { method: 'POST', target: '/v1/uploads/all/cancel', body: '{}' }],
    ['a viewer reads the log', () => viewer, { target: '/v1/log' }],
    ['a viewer follows the log', () => viewer, { target: '/v1/events' }],
    ['a viewer reads the settings', () => viewer, { target: '/v1/config' }],
    ['crew reads the log', () => crew, { target: '/v1/log' }],
    ['crew lists sessions', () => crew, { target: '/v1/ui/sessions' }],
    [
      'crew ends all sessions',
      () => crew,
      { method: 'POST', target: '/v1/ui/sessions/all/revoke', body: '{}' },
    ],
  ])('%s: refused', async (_what, who, wire) => {
    await withoutEffect(() => send(wire, who()), [403]);
  });
  test.each<[string, Wire]>([
    ['makes a link', { method: 'POST', target: '/v1/ui/link', body: '{}' }],
    [
      'sets a password',
      { method: 'POST', target: '/v1/ui/password', body: '{"role":"crew","password":"12345678"}' },
    ],
  ])('not even an engineer %s from a page', async (_what, wire) => {
    await withoutEffect(() => send(wire, engineer), [404]);
  });
});

describe('guessing', () => {
  test('passwords, where none is set, opens nothing and is slowed down', async () => {
    const statuses: number[] = [];
    for (let index = 0; index < 12; index++) {
      const wire = { method: 'POST', target: '/v1/session', body: `{"password":"guess ${index}"}` };
      statuses.push((await withoutEffect(() => send(wire), [401, 429])).status);
    }
    expect(statuses.filter((status) => status === 401).length).toBe(3);
    expect(statuses.filter((status) => status === 429).length).toBe(9);
  });
  test.each<[string, Wire]>([
    ['from another site', { headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' } }],
    ['at a stranger’s name', { headers: { host: 'evil.example', origin: 'http://evil.example' } }],
  ])('%s is not even counted', async (_what, wire) => {
    await withoutEffect(
      () => send({ method: 'POST', target: '/v1/session', body: '{"password":"x"}', ...wire }),
      [403],
    );
  });
});

describe('what everything carries', () => {
  test.each<[string, Wire]>([
    ['the 401', {}],
    ['the page', { target: '/' }],
    ['a spent link', { target: `/open/${'A'.repeat(43)}`, headers: { origin: null } }],
    ['a refusal', { ...stop, headers: { origin: 'https://evil.example' } }],
  ])('%s forbids framing, sniffing and referring', async (_what, wire) => {
    const { head } = await send(wire);
    for (const line of [
      /^content-security-policy: default-src '(self|none)'.*frame-ancestors 'none'/im,
      /^x-content-type-options: nosniff/im,
      /^referrer-policy: no-referrer/im,
      /^cross-origin-opener-policy: same-origin/im,
      /^cross-origin-resource-policy: same-origin/im,
    ])
      expect(head).toMatch(line);
    expect(head).not.toMatch(/unsafe|^server:|^x-powered-by:/im);
  });
});

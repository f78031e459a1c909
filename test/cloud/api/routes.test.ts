// The HTTP API over a real database and real segments: who may ask what, and that the answer to one who may not tells him
// nothing. The matrix is made from the route table, so that a new route is in it before anybody thinks of it.
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import Fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openApiDocument } from '../../../cloud/api/openapi.ts';
import { guardRoutes } from '../../../cloud/api/policy.ts';
import { enrolAnswerBytes, enrolRequestBytes } from '../../../cloud/contract/enrolment.ts';
import { verifySignature } from '../../../cloud/contract/keys.ts';
import { openTestShore, type TestShore } from '../support/test-shore.ts';

let shore: TestShore;
let aurelia: Awaited<ReturnType<TestShore['addYacht']>>;
let other: typeof aurelia;
let bytes: Buffer;
let mine: { readonly documentId: string; readonly uploadId: string };
let theirs: typeof mine;
let full: string;

beforeAll(async () => {
  shore = await openTestShore();
  aurelia = await shore.addYacht('Aurelia');
  other = await shore.addYacht('Borealis');
  bytes = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7 + (i >> 8)) & 255));
  mine = await shore.put(aurelia.scope, 'scans/"quoted"\n\u202e.bin', bytes);
  theirs = await shore.put(other.scope, 'scans/theirs.bin', Buffer.from('their secret'));
  full = (await shore.addToken(aurelia.tenantId, ['search', 'content', 'admin'])).token;
});
afterAll(() => shore.close());

const randomDocument = '01234567-89ab-4cde-8f01-23456789abcd';
const randomUpload = '01JD000000000000000000RAND'.replace('RAND', 'ABCD');

/** Everything of an answer that a stranger could compare, but the clock. */
async function whole(response: Response) {
  const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== 'date'));
  return { status: response.status, headers, body: await response.text() };
}

describe('who may ask', () => {
  it('a route without a policy cannot be registered', async () => {
    const app = Fastify();
    guardRoutes(app, { registry: shore.registry, clock: { wallMs: () => 0 } as never, spend: () => 0 });
    expect(() => app.get('/v1/forgotten', async () => 'open to all')).toThrow('declares no policy');
  });

  it('each guarded route refuses no token, a bad one, a revoked, an expired one and a missing scope', async () => {
    const document = await openApiDocument();
    const paths = document.paths as Record<string, Record<string, { security?: unknown[] }>>;
    const guarded = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([, operation]) => operation.security)
        .map(([method]) => [method.toUpperCase(), path] as const),
    );
    expect(guarded.length).toBeGreaterThanOrEqual(6);
    const revoked = await shore.addToken(aurelia.tenantId, ['search', 'content', 'admin']);
    await shore.registry.revokeToken(aurelia.tenantId, revoked.tokenId);
    const expired = await shore.addToken(aurelia.tenantId, ['search', 'content', 'admin'], Date.now() - 1000);
    const nothing = await shore.addToken(aurelia.tenantId, []);
    for (const [method, path] of guarded) {
      const url = `${shore.url}${path.replace('{documentId}', mine.documentId).replace('{uploadId}', mine.uploadId).replace('{version}', '1')}`;
      const ask = (authorization?: string) =>
        fetch(url, { method, headers: authorization === undefined ? {} : { authorization } }).then(whole);
      const none = await ask();
      expect(none, `${method} ${path}`).toMatchObject({ status: 401 });
      for (const header of [
        `Bearer ${'x'.repeat(47)}`,
        `Bearer ${revoked.token}`,
        `Bearer ${expired.token}`,
        `Basic ${full}`,
        `Bearer  ${full} trailing`,
      ]) {
        expect(await ask(header)).toEqual(none);
      }
      expect(await ask(`Bearer ${nothing.token}`)).toMatchObject({ status: 403 });
    }
  });

  it("another tenant's document answers byte for byte like one that does not exist", async () => {
    for (const path of ['', '/content', '/content?version=1']) {
      const foreign = await whole(await shore.get(`/v1/documents/${theirs.documentId}${path}`, full));
      const random = await whole(await shore.get(`/v1/documents/${randomDocument}${path}`, full));
      expect(foreign).toMatchObject({ status: 404 });
      expect(foreign).toEqual(random);
    }
    const foreign = await whole(await shore.get(`/v1/uploads/${theirs.uploadId}`, full));
    expect(foreign).toEqual(await whole(await shore.get(`/v1/uploads/${randomUpload}`, full)));
    const retry = (id: string) =>
      fetch(`${shore.url}/v1/documents/${id}/versions/1/index`, {
        method: 'POST',
        headers: { authorization: `Bearer ${full}` },
      }).then(whole);
    expect(await retry(theirs.documentId)).toEqual(await retry(randomDocument));
  });

  it('a list shows the own tenant only', async () => {
    const body = (await (await shore.get('/v1/documents', full)).json()) as {
      documents: { document_id: string }[];
    };
    expect(body.documents.map((row) => row.document_id)).toEqual([mine.documentId]);
  });

  it('too many requests are told when to come back', async () => {
    const slow = await openTestShore({ settings: { requests_per_minute_token: '3' } });
    const yacht = await slow.addYacht('Aurelia');
    const { token } = await slow.addToken(yacht.tenantId, ['search']);
    const statuses = [];
    for (let i = 0; i < 5; i++) statuses.push((await slow.get('/v1/documents', token)).status);
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
    const refused = await slow.get('/v1/documents', token);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({
      code: 'TENDER_TOO_MANY_REQUESTS',
      can_resume: true,
      retryable: true,
    });
    await slow.close();
  });
});

describe('content', () => {
  it('streams the exact bytes and can be neither sniffed, run nor obeyed by name', async () => {
    const response = await shore.get(`/v1/documents/${mine.documentId}/content`, full);
    const got = Buffer.from(await response.arrayBuffer());
    expect(createHash('sha256').update(got).digest('hex')).toBe(
      createHash('sha256').update(bytes).digest('hex'),
    );
    expect(response.headers.get('content-length')).toBe(String(bytes.length));
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-security-policy')).toContain('sandbox');
    const disposition = response.headers.get('content-disposition') ?? '';
    expect(disposition).toMatch(
      /^attachment; filename="[A-Za-z0-9 ._()-]+"; filename\*=UTF-8''[A-Za-z0-9._%-]+$/,
    );
  });

  it.each([
    ['bytes=0-0', 206, 0, 1],
    ['bytes=65530-65545', 206, 65_530, 65_546],
    ['bytes=199990-', 206, 199_990, 200_000],
    ['bytes=-5', 206, 199_995, 200_000],
    ['bytes=100-999999', 206, 100, 200_000],
    ['bytes=5-2', 200, 0, 200_000],
    ['lines=1-2', 200, 0, 200_000],
    ['bytes=0-1,5-6', 200, 0, 200_000],
  ])('range %s answers %i', async (range, status, from, to) => {
    const response = await shore.get(`/v1/documents/${mine.documentId}/content`, full, { range });
    expect(response.status).toBe(status);
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes.subarray(from, to))).toBe(true);
  });

  it('a range beyond the end is refused with the length, and an unchanged document costs nothing', async () => {
    const beyond = await shore.get(`/v1/documents/${mine.documentId}/content`, full, {
      range: 'bytes=200000-',
    });
    expect(beyond.status).toBe(416);
    expect(beyond.headers.get('content-range')).toBe('bytes */200000');
    const etag = `"${createHash('sha256').update(bytes).digest('hex')}"`;
    const same = await shore.get(`/v1/documents/${mine.documentId}/content`, full, { 'if-none-match': etag });
    expect([same.status, await same.text()]).toEqual([304, '']);
  });
});

describe('details, uploads, bad requests', () => {
  it('a document and its upload tell the same story', async () => {
    const document = await (await shore.get(`/v1/documents/${mine.documentId}`, full)).json();
    expect(document).toMatchObject({
      document: {
        name: 'scans/"quoted"\n\u202e.bin',
        display_name: 'scans/"quoted"\ufffd\ufffd.bin',
        head: { version: 1 },
      },
      versions: [{ upload_id: mine.uploadId, length_bytes: 200_000, index: { state: 'waiting' } }],
    });
    const upload = await (await shore.get(`/v1/uploads/${mine.uploadId}`, full)).json();
    expect(upload).toMatchObject({
      state: 'stored',
      progress_percent: 100,
      can_resume: false,
      document_id: mine.documentId,
    });
  });

  it('an open upload says what is durable and under which key it resumes', async () => {
    const uploadId = '01JD0000000000000000000007';
    const offer = { uploadId, name: 'half.bin', version: 1, priority: 5, modifiedMs: 0 };
    await shore.documents.offer(aurelia.scope, offer);
    await shore.documents.store(aurelia.scope, uploadId, [{ index: 0, bytes: new Uint8Array(1000) }], []);
    const upload = await (await shore.get(`/v1/uploads/${uploadId}`, full)).json();
    expect(upload).toMatchObject({
      state: 'open',
      durable_bytes: 1000,
      can_resume: true,
      checkpoint_key: uploadId,
    });
  });

  it.each([
    ['/v1/documents?limit=0', 400, 'TENDER_REQUEST_INVALID'],
    ['/v1/documents?limt=5', 400, 'TENDER_REQUEST_INVALID'],
    ['/v1/documents?cursor=nonsense', 400, 'TENDER_CURSOR_INVALID'],
    ['/v1/documents?q=a&cursor=%00', 400, 'TENDER_CURSOR_INVALID'],
    ["/v1/documents?q=%00'%22--", 200, undefined],
    ['/v1/documents/not-an-id', 400, 'TENDER_REQUEST_INVALID'],
    ['/v1/uploads/..%2f..%2fetc', 400, 'TENDER_REQUEST_INVALID'],
    ['/v1/nowhere', 404, 'TENDER_NOT_FOUND'],
    ['/%E0%A4%A', 400, 'TENDER_REQUEST_INVALID'],
  ])('%s answers %i in the one shape, without a trace of our insides', async (path, status, code) => {
    const response = await shore.get(path, full);
    const text = await response.text();
    expect(response.status).toBe(status);
    if (code) {
      expect(JSON.parse(text)).toMatchObject({ code, status, type: `urn:tender:problem:${code}` });
      expect(response.headers.get('content-type')).toBe('application/problem+json');
    }
    expect(text).not.toMatch(/node_modules|\.ts:|select |at Object/);
  });

  it('requests that two servers could read differently are refused', async () => {
    const raw = (text: string) =>
      new Promise<string>((resolve) => {
        const { hostname, port } = new URL(shore.url);
        const socket = connect(Number(port), hostname, () => socket.write(text));
        let answer = '';
        socket.on('data', (part) => {
          answer += part.toString('latin1');
        });
        socket.on('close', () => resolve(answer.slice(0, 12)));
        socket.on('error', () => resolve('reset'));
      });
    const head = 'POST /v1/enrol HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
    for (const framing of [
      'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}',
      'Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}',
      'Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n',
    ]) {
      expect(await raw(head + framing)).toMatch(/^HTTP\/1\.1 400|^reset/);
    }
  });

  it('health names its parts, and the OpenAPI document every route', async () => {
    const health = await (await shore.get('/v1/health')).json();
    expect(health).toMatchObject({
      state: 'ok',
      components: {
        database: { state: 'ok' },
        blob_store: { state: 'ok' },
        backlog: { numbers: { jobs_queued: 2 } },
      },
    });
    const served = (await (await shore.get('/openapi.json')).json()) as { openapi: string; paths: object };
    expect(served.openapi).toBe('3.1.0');
    expect(served).toEqual(JSON.parse(JSON.stringify(await openApiDocument())));
    const committed = readFileSync(join(import.meta.dirname, '../../../docs/openapi.json'), 'utf8');
    expect(JSON.parse(committed), 'docs/openapi.json is old: npm run docs').toEqual(served);
  });
});

describe('enrolment', () => {
  const pair = () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(12);
    return { privateKey, raw };
  };
  const enrol = (secret: Uint8Array, keys: ReturnType<typeof pair>, change: Record<string, unknown> = {}) => {
    const unsigned = {
      version: 1 as const,
      secret: Buffer.from(secret).toString('base64'),
      public_key: keys.raw.toString('base64'),
      nonce: Buffer.alloc(32, 7).toString('base64'),
    };
    const signature = sign(null, enrolRequestBytes(unsigned), keys.privateKey).toString('base64');
    const request = { ...unsigned, signature, ...change };
    return fetch(`${shore.url}/v1/enrol`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
    }).then(async (response) => ({ request, response, answer: JSON.parse(await response.text()) }));
  };

  it('one code makes one device; the answer is signed by the cloud over the request', async () => {
    const { secret } = await shore.devices.issueCode(aurelia.tenantId, 'Tender II');
    const keys = pair();
    const { request, response, answer } = await enrol(secret, keys);
    expect(response.status).toBe(201);
    expect(answer).toMatchObject({
      tenant_id: aurelia.tenantId,
      device_name: 'Tender II',
      key_id: shore.key.keyId,
    });
    const signed = verifySignature(
      new Uint8Array(Buffer.from(answer.cloud_key, 'base64')),
      enrolAnswerBytes(request, answer),
      new Uint8Array(Buffer.from(answer.signature, 'base64')),
    );
    expect(signed).toBe(true);
    expect((await enrol(secret, keys)).answer.device_id).toBe(answer.device_id);
    expect((await enrol(secret, pair())).answer).toMatchObject({ code: 'TENDER_ENROLMENT_INVALID' });
  });

  it('a wrong code, a key that was not shown to be held and an altered request get the same answer', async () => {
    const { secret } = await shore.devices.issueCode(aurelia.tenantId, 'Tender III');
    const wrongCode = await enrol(new Uint8Array(16), pair());
    const notHeld = await enrol(secret, pair(), { public_key: pair().raw.toString('base64') });
    const altered = await enrol(secret, pair(), { nonce: Buffer.alloc(32, 8).toString('base64') });
    expect(wrongCode.response.status).toBe(403);
    expect(notHeld.answer).toEqual(wrongCode.answer);
    expect(altered.answer).toEqual(wrongCode.answer);
    expect((await enrol(secret, pair(), { extra: 1 })).response.status).toBe(400);
    expect((await enrol(secret, pair(), { secret: 'x'.repeat(5000) })).response.status).toBe(413);
  });
});

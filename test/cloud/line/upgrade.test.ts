// The door of the line on a real port: who is turned away before there is a WebSocket, with what, and that nothing of a
// refused upgrade stays behind. (What an admitted lane says is told in test/line.)
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { createPeerAddress } from '../../../cloud/adapters/peer-address.ts';
import { openTestShore, type TestShore } from '../support/test-shore.ts';

let shore: TestShore;
beforeAll(async () => {
  shore = await openTestShore({ settings: { connects_per_minute_device: '5' } });
});
afterAll(() => shore.close());

/** Asks for an upgrade and answers the refusal. */
function knock(path: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number; body: Record<string, unknown>; headers: IncomingMessage['headers'] }>(
    (resolve, reject) => {
      const ws = new WebSocket(`${shore.url.replace('http', 'ws')}${path}`, 'tender.1', { headers });
      ws.on('open', () => reject(new Error('it opened')));
      ws.on('error', () => {});
      ws.on('unexpected-response', (_request, response) => {
        let text = '';
        response.on('data', (part) => {
          text += part;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(text), headers: response.headers }),
        );
      });
    },
  );
}

const device = (n: number) => `01234567-89ab-4cde-8f01-2345678900${String(n).padStart(2, '0')}`;

describe('an upgrade', () => {
  it('anywhere but on a line is not found', async () => {
    expect(await knock('/v1/documents')).toMatchObject({ status: 404, body: { code: 'TENDER_NOT_FOUND' } });
    expect(await knock('/v1/line/')).toMatchObject({ status: 404 });
  });

  it('without a claim, or for a device nobody knows, is refused with a signed answer', async () => {
    const refused = await knock(`/v1/line/${device(1)}`);
    expect(refused.status).toBeGreaterThanOrEqual(400);
    expect(refused.headers['tender-answer']).toMatch(/^code=TENDER_/);
  });

  it('too often for one device has to wait, and another device does not', async () => {
    const statuses = [];
    for (let i = 0; i < 7; i++) statuses.push((await knock(`/v1/line/${device(2)}`)).status);
    expect(statuses.slice(5)).toEqual([429, 429]);
    expect(statuses[4]).not.toBe(429);
    expect((await knock(`/v1/line/${device(3)}`)).status).not.toBe(429);
  });

  it('that goes away in the middle leaves nothing and harms nobody', async () => {
    const { hostname, port } = new URL(shore.url);
    for (let i = 0; i < 20; i++) {
      await new Promise<void>((resolve) => {
        const socket = connect(Number(port), hostname, () => {
          socket.write(
            `GET /v1/line/${device(10 + i)} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
            () => {
              socket.resetAndDestroy();
              resolve();
            },
          );
        });
      });
    }
    expect((await shore.get('/healthz')).status).toBe(200);
    const health = (await (await shore.get('/v1/health')).json()) as {
      components: { line: { numbers: object } };
    };
    expect(health.components.line.numbers).toEqual({ sessions: 0, lanes: 0 });
  });
});

describe('whose address it is', () => {
  const request = (remoteAddress: string, forwarded?: string) =>
    ({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } }) as unknown as IncomingMessage;

  it("is the socket's, unless a trusted proxy says otherwise", () => {
    const addressOf = createPeerAddress(['127.0.0.1', '10.0.0.0/8', 'fd00::/8']);
    expect(addressOf(request('203.0.113.7', '198.51.100.1'))).toBe('203.0.113.7');
    expect(addressOf(request('127.0.0.1', '192.0.2.9, 198.51.100.1'))).toBe('198.51.100.1');
    expect(addressOf(request('::ffff:10.1.2.3', '198.51.100.1'))).toBe('198.51.100.1');
    expect(addressOf(request('fd00::5', '2001:db8::1'))).toBe('2001:db8::1');
    expect(addressOf(request('127.0.0.1', 'nonsense'))).toBe('127.0.0.1');
    expect(addressOf(request('127.0.0.1'))).toBe('127.0.0.1');
  });
});

import { readdir } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Yacht, yacht } from '../../cli/aboard.ts';

interface Raw {
  readonly name?: string;
  readonly size?: string;
  readonly query?: string;
  readonly body?: string;
  /** Breaks off after the body instead of ending it. */
  readonly breakOff?: boolean;
}

/** POST /v1/uploads as no well-behaved client would send it. */
function post(ship: Yacht, { name, size, query = '', body = 'x', breakOff }: Raw) {
  return new Promise<{ status: number; json: Record<string, unknown> }>((resolve) => {
    const headers = {
      'transfer-encoding': 'chunked',
      ...(name === undefined ? {} : { 'tender-name': name }),
      ...(size === undefined ? {} : { 'tender-size': size }),
    };
    const call = httpRequest(
      { socketPath: ship.socket, method: 'POST', path: `/v1/uploads${query}`, headers, agent: false },
      (response) => {
        let text = '';
        response.on('data', (part) => {
          text += part;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, json: JSON.parse(text) }));
      },
    );
    call.on('error', () => resolve({ status: 0, json: {} }));
    call.write(body);
    if (breakOff) setImmediate(() => call.destroy());
    else call.end();
  });
}

const named = (bytes: string | Uint8Array) => Buffer.from(bytes as string).toString('base64url');

async function ship() {
  const one = await yacht();
  await one.start();
  const spooled = () => readdir(join(one.directory, 'state', 'spool'));
  const queued = async () =>
    ((await one.tender('ls', '--json')).json[0]!.items as Record<string, unknown>[]).map(
      (item) => item.nameBytes,
    );
  return { one, spooled, queued };
}

describe('adding over the API', () => {
  test('a name that is no UTF-8 is kept byte for byte', async () => {
    const { one, queued } = await ship();
    expect((await post(one, { name: named(Buffer.from([0x66, 0xff])) })).status).toBe(201);
    expect(await queued()).toEqual([
      { b64: Buffer.from([...Buffer.from('added/f'), 0xff]).toString('base64') },
    ]);
  });

  test.each<[string, Raw]>([
    ['no name', {}],
    ['an empty name', { name: '' }],
    ['a name that is no base64url', { name: 'a/b' }],
    ['..', { name: named('..') }],
    ['.', { name: named('.') }],
    ['a path', { name: named('../../etc/passwd') }],
    ['a NUL', { name: named('a\0b') }],
    ['a name of 256 bytes', { name: named('x'.repeat(256)) }],
    ['a size that is no number', { name: named('a'), size: 'many' }],
    ['a size below zero', { name: named('a'), size: '-1' }],
    ['priority 0', { name: named('a'), query: '?priority=0' }],
    ['priority 1.5', { name: named('a'), query: '?priority=1.5' }],
    ['an unknown parameter', { name: named('a'), query: '?prio=1' }],
  ])('%s is refused, and nothing is kept', async (_what, raw) => {
    const { one, spooled, queued } = await ship();
    expect(await post(one, raw)).toMatchObject({ status: 400, json: { code: 'TENDER_COMMAND_INVALID' } });
    expect([await spooled(), await queued()]).toEqual([[], []]);
  });

  test.each([
    ['fewer', '5'],
    ['more', '1'],
  ])('%s bytes than announced are not the file: nothing is queued', async (_what, size) => {
    const { one, spooled, queued } = await ship();
    const answer = await post(one, { name: named('a'), size, body: 'abc' });
    expect(answer).toMatchObject({ status: 400, json: { code: 'TENDER_FILE_UNREADABLE' } });
    expect([await spooled(), await queued()]).toEqual([[], []]);
  });

  test('a client that dies in the middle leaves nothing behind, and the next one is served', async () => {
    const { one, spooled, queued } = await ship();
    await post(one, { name: named('a'), size: '1000000', breakOff: true });
    expect((await post(one, { name: named('b') })).status).toBe(201);
    await expect.poll(async () => (await spooled()).length).toBe(2);
    expect(await queued()).toEqual(['added/b']);
  });
});

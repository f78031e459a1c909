import { describe, expect, test } from 'vitest';
import { hostIsOurs, isLoopback, isSameOrigin } from '../../../../agent/api/access/origin.ts';
import { readTarget } from '../../../../agent/api/access/target.ts';

const lan = { address: '10.10.0.5', port: 7420 };
const here = { address: '127.0.0.1', port: 7420 };
const names = ['tender.local', 'localhost:9000'];

describe('a Host', () => {
  test.each([
    ['10.10.0.5:7420', lan],
    ['tender.local:7420', lan],
    ['TENDER.local:7420', lan],
    ['127.0.0.1:7420', here],
    ['localhost:7420', here],
    ['[::1]:7420', { address: '::1', port: 7420 }],
    ['localhost:7420', { address: '::1', port: 7420 }],
    ['10.10.0.5', { address: '10.10.0.5', port: 80 }],
    ['10.10.0.5:80', { address: '10.10.0.5', port: 80 }],
    // The mouth of a tunnel, named with its port.
    ['localhost:9000', here],
  ])('%s at %j is ours', (host, local) => {
    expect(hostIsOurs(host, local, names)).toBe(true);
  });
  test.each([
    [undefined, lan],
    ['', lan],
    ['localhost:7420', lan],
    ['127.0.0.1:7420', lan],
    ['10.10.0.6:7420', lan],
    ['10.10.0.5', lan],
    ['tender.local', lan],
    ['tender.local:80', lan],
    ['tender.local.evil.example:7420', lan],
    ['evil.example:7420', here],
    ['localhost:9001', here],
    ['::1:7420', { address: '::1', port: 7420 }],
  ])('%s at %j is not', (host, local) => {
    expect(hostIsOurs(host, local, names)).toBe(false);
  });
  test('loopback is what loops back', () => {
    expect(['127.0.0.1', '127.1.2.3', '::1'].map(isLoopback)).toEqual([true, true, true]);
    expect(['0.0.0.0', '10.0.0.1', '::', '127.evil.example', '1127.0.0.1'].map(isLoopback)).toEqual(
      Array(5).fill(false),
    );
  });
});

describe('a request of our own page', () => {
  const host = '10.10.0.5:7420';
  const origin = `http://${host}`;
  test.each([
    [{ method: 'POST', origin, fetchSite: 'same-origin' }, true],
    [{ method: 'POST', origin, fetchSite: undefined }, true],
    [{ method: 'POST', origin: undefined, fetchSite: 'same-origin' }, true],
    [{ method: 'GET', origin: undefined, fetchSite: undefined }, true],
    [{ method: 'GET', origin: undefined, fetchSite: 'none' }, true],
    [{ method: 'POST', origin: undefined, fetchSite: undefined }, false],
    [{ method: 'POST', origin: undefined, fetchSite: 'none' }, false],
    [{ method: 'POST', origin: 'null', fetchSite: undefined }, false],
    [{ method: 'POST', origin, fetchSite: 'cross-site' }, false],
    [{ method: 'GET', origin: undefined, fetchSite: 'same-site' }, false],
    [{ method: 'GET', origin: 'http://10.10.0.5:80', fetchSite: undefined }, false],
  ])('%j: %j', (given, expected) => {
    expect(isSameOrigin({ host, ...given })).toBe(expected);
  });
});

describe('a target', () => {
  test('is read in its parts', () => {
    expect(readTarget('/s/AAAAAAAAAAAAAAAAAAAAAA/v1/uploads/a%20b?limit=5&q=x%26y')).toMatchObject({
      prefix: 'AAAAAAAAAAAAAAAAAAAAAA',
      rest: '/v1/uploads/a%20b',
      path: ['v1', 'uploads', 'a b'],
    });
    expect(readTarget('/v1/x?q=x%26y')?.query.get('q')).toBe('x&y');
    expect(readTarget('/')).toMatchObject({ prefix: undefined, rest: '/', path: [''] });
    expect(readTarget('/s/AAAAAAAAAAAAAAAAAAAAAA/')?.rest).toBe('/');
  });
  test.each([
    '',
    'v1',
    '*',
    '//',
    '/a//b',
    'http://x/',
    '/%2e',
    '/a/..',
    '/a%2fb',
    '/a%5cb',
    '/%00',
    '/%zz',
    '/ö',
    '/a b',
    '/a\\b',
  ])('%j is none', (text) => {
    expect(readTarget(text)).toBeUndefined();
  });
});

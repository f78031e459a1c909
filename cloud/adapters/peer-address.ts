// Whose address a raw upgrade request comes from: the socket's, or, when that is a proxy we trust, the last one it added to
// X-Forwarded-For. (The framework does the same for ordinary requests.) Used by line-upgrade.ts for budgets only.
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

export function createPeerAddress(trustedProxies: readonly string[]): (request: IncomingMessage) => string {
  const trusted = new BlockList();
  for (const proxy of trustedProxies) {
    const [address = '', bits] = proxy.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (isIP(address) === 0) continue;
    if (bits === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(bits), family);
  }
  return (request) => {
    const peer = request.socket.remoteAddress ?? '';
    const plain = peer.replace(/^::ffff:/, '');
    if (isIP(plain) === 0 || !trusted.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4')) return plain;
    const forwarded = request.headers['x-forwarded-for'];
    const last =
      String(forwarded ?? '')
        .split(',')
        .at(-1)
        ?.trim() ?? '';
    return isIP(last) === 0 ? plain : last;
  };
}

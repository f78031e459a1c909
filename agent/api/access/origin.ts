// Whether a request comes from our own page at our own address. Host against names that somebody else points at us (DNS
// rebinding), Origin and Sec-Fetch-Site against pages of others. Pure: everything it knows is handed in.

/** What a request says of where it was made for and from. */
export interface Provenance {
  readonly method: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly fetchSite: string | undefined;
}

/** Where the connection arrived. */
export interface LocalEnd {
  /** Without brackets: `127.0.0.1`, `::1`, `10.10.0.5`. */
  readonly address: string;
  readonly port: number;
}

/**
 * True when `host` names this agent: the very address the connection came to, this machine, or a name of the list. A name with
 * a port of its own in the list is for tunnels.
 */
export function hostIsOurs(
  host: string | undefined,
  { address, port }: LocalEnd,
  /** In small letters. */
  allowed: readonly string[],
): boolean {
  if (host === undefined) return false;
  const given = host.toLowerCase();
  if (given.includes(':') && allowed.includes(given)) return true;
  const names = [address.includes(':') ? `[${address}]` : address, ...allowed];
  if (isLoopback(address)) names.push('localhost');
  return names.some((name) => given === `${name}:${port}` || (port === 80 && given === name));
}

export function isLoopback(address: string): boolean {
  return address === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(address);
}

/**
 * True when our own page made the request. A change must prove it (Origin, or where a browser leaves that out, Sec-Fetch-Site);
 * reading must only not be made from elsewhere. `same-site` is elsewhere: it is another port of this machine.
 */
export function isSameOrigin({ method, host, origin, fetchSite }: Provenance): boolean {
  if (fetchSite !== undefined && fetchSite !== 'same-origin' && fetchSite !== 'none') return false;
  if (origin !== undefined) return origin === `http://${host?.toLowerCase()}`;
  return method === 'GET' || method === 'HEAD' || fetchSite === 'same-origin';
}

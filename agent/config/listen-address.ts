// Reads where the page is served: "127.0.0.1:7420", "[::1]:7420", or "off". Addresses only: a name would decide at run time
// whom the page is open to.
import type { Read } from './units.ts';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

const pattern = /^(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+)):(\d{1,5})$/;

/** Null: `off`. */
export function readListenAddress(text: string): Read<ListenAddress | null> {
  if (text === 'off') return { value: null };
  const [, v6, v4, port] = pattern.exec(text) ?? [];
  const host = v6 ?? (v4 === 'localhost' ? '127.0.0.1' : v4);
  const isAddress = v6 === undefined ? isIPv4(host) : URL.canParse(`http://[${v6}]`);
  if (host === undefined || !isAddress)
    return { wrong: 'needs an IP address and a port, such as "127.0.0.1:7420" or "[::]:7420", or "off"' };
  if (Number(port) > 65_535) return { wrong: 'needs a port up to 65535' };
  return { value: { host, port: Number(port) } };
}

function isIPv4(text: string | undefined): boolean {
  const parts = (text ?? '').split('.');
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

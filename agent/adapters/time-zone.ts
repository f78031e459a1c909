// The ship's time zone, as the system has it. Not asked of Intl: its first date costs the idle daemon 7 MB of tables.
import { readlink } from 'node:fs/promises';

/** IANA name such as `Pacific/Auckland`; undefined when the system does not say. */
export async function timeZone(): Promise<string | undefined> {
  const named = process.env.TZ?.replace(/^:/, '');
  if (named) return isName(named) ? named : undefined;
  const target = await readlink('/etc/localtime').catch(() => '');
  const name = target.split('/zoneinfo/')[1];
  return name !== undefined && isName(name) ? name : undefined;
}

function isName(text: string): boolean {
  return /^[A-Za-z][\w+-]*(\/[\w+-]+){0,2}$/.test(text);
}

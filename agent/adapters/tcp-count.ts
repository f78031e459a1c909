// What the system's TCP has sent and sent again: /proc/self/net/snmp of Linux, this network namespace. A read takes some 30 µs, no
// medium is behind it. Asked by the line's pace under a cap (agent/line/repeats.ts).
import { readFileSync } from 'node:fs';
import type { TcpCount } from '../line/repeats.ts';

const path = '/proc/self/net/snmp';

/** Undefined: this system does not tell. */
export function tcpCount(): TcpCount | undefined {
  try {
    const [names, values] = readFileSync(path, 'latin1')
      .split('\n')
      .filter((line) => line.startsWith('Tcp: '))
      .map((line) => line.split(' '));
    const at = (name: string) => Number(values![names!.indexOf(name)]);
    const count = { sentSegments: at('OutSegs'), repeatedSegments: at('RetransSegs') };
    return Number.isFinite(count.sentSegments) && Number.isFinite(count.repeatedSegments) ? count : undefined;
  } catch {
    return undefined;
  }
}

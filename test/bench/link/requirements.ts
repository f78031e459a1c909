// What the link lab needs of the machine, checked before anything is made, so that the refusal is a sentence and not a trace.
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where a program lies on PATH, or undefined. */
export function installed(program: string): string | undefined {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here.
    }
  }
  return undefined;
}

const available = '/proc/sys/net/ipv4/tcp_available_congestion_control';

/** Why the lab cannot be built on this machine, or not with this congestion control; undefined: it can. */
export function refusal(congestion = 'cubic'): string | undefined {
  if (process.platform !== 'linux') return 'The link lab needs Linux: it is made of network namespaces.';
  if (process.getuid?.() !== 0)
    return 'The link lab needs root to make network namespaces: run this as root, in a container if you like.';
  if (!existsSync('/dev/net/tun'))
    return 'The link lab needs /dev/net/tun: load the module tun, or start the container with --device /dev/net/tun.';
  for (const [program, from] of [
    ['gcc', 'the package gcc: the emulator is compiled when it is first used'],
    ['ip', 'the package iproute2'],
    ['nsenter', 'the package util-linux'],
    ['flock', 'the package util-linux'],
  ] as const)
    if (installed(program) === undefined) return `The link lab needs ${program}: install ${from}.`;
  if (existsSync(available) && !readFileSync(available, 'utf8').trim().split(' ').includes(congestion))
    return `This kernel has no ${congestion}: load it with "modprobe tcp_${congestion}".`;
  return undefined;
}

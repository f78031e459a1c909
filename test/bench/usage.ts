// What a process and its offspring cost so far, as Linux tells it under /proc.
import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts CPU time for programs in hundredths of a second, whatever its own tick is. */
const ticksPerSecond = 100;

/** User and system time of one process. */
export function cpuSeconds(pid: number): number {
  const fields = afterName(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** The same of all its living children; of PostgreSQL these are its sessions and writers. */
export function childrenCpuSeconds(pid: number): number {
  let sum = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const fields = afterName(readFileSync(`/proc/${name}/stat`, 'latin1'));
      if (Number(fields[1]) === pid) sum += cpuSeconds(Number(name));
    } catch {
      // It ended while we looked.
    }
  }
  return sum;
}

/** Resident memory now, and the most it ever was. */
export function memoryMb(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  return { now: field('VmRSS'), peak: field('VmHWM') };
}

/** A process's name may hold spaces and brackets: fields are counted from the last bracket, state being the first. */
function afterName(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

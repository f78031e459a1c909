// The process itself, on a real machine.
import type { ProcessPort } from '../ports.ts';

export function nodeProcess(): ProcessPort {
  return {
    pid: process.pid,
    rssBytes: () => process.memoryUsage.rss(),
    exit: (code) => process.exit(code),
  };
}

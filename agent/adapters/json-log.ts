// Log lines: one JSON object per line on stderr, where systemd's journal keeps them. Written by hand because the port is
// one function; pino measured 1 MB more of the agent's memory for the same lines (docs/decisions/0050).
import { writeSync } from 'node:fs';
import { type LogLevel, logLevels } from '../config/settings.ts';
import type { LogLine } from '../log-line.ts';

const valueMaxCharacters = 2000;

/** Writes lines of at least this importance. A full or closed stderr loses the line, never the daemon. */
export function jsonLog(
  level: LogLevel,
  wallMs: () => number,
  write: (text: string) => void = (text) => writeSync(2, text),
): (line: LogLine) => void {
  const least = logLevels.indexOf(level);
  return (line) => {
    if (logLevels.indexOf(line.level) > least) return;
    try {
      write(`${JSON.stringify({ time: new Date(wallMs()).toISOString(), ...line }, shorten)}\n`);
    } catch {
      // EAGAIN on a full pipe, EPIPE after the reader died: the log in LevelDB is the record, this is the commentary.
    }
  };
}

function shorten(_key: string, value: unknown): unknown {
  return typeof value === 'string' && value.length > valueMaxCharacters
    ? `${value.slice(0, valueMaxCharacters)}… (${value.length} characters)`
    : value;
}

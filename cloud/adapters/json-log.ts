// The cloud's log: JSON lines on stderr, one object each, with time, level and a stable `code`. stdout belongs to commands.
import pino, { type Logger } from 'pino';
import type { CloudLog } from '../log.ts';

export type LogLevel = 'info' | 'warn' | 'error' | 'silent';

/** Written at once: the last line before a crash is the one that matters. */
export function openLog(level: LogLevel): { readonly log: CloudLog; readonly pino: Logger } {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: briefly },
      // Requests are never logged whole; should a header slip into a line, not these.
      redact: ['req.headers', 'headers.authorization', 'headers.cookie', '*.token', '*.secret', '*.password'],
    },
    pino.destination({ fd: 2, sync: true }),
  );
  return {
    pino: logger,
    log: {
      info: (fields, message) => logger.info(fields, message),
      warn: (fields, message) => logger.warn(fields, message),
      error: (fields, message) => logger.error(fields, message),
    },
  };
}

/** Name, code, message and where: no connection strings, no rows, which drivers like to hang onto their errors. */
function briefly(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error).slice(0, 500) };
  const code = 'code' in error ? { code: String(error.code) } : {};
  const cause = error.cause === undefined ? {} : { cause: briefly(error.cause) };
  const at = error.stack
    ?.split('\n')
    .slice(1, 6)
    .map((line) => line.trim());
  return { name: error.name, ...code, message: error.message.slice(0, 500), at, ...cause };
}

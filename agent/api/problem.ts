// Failures of the local API as problem+json (RFC 9457): status, stable code, and the sentence that says what to do. What
// was not foreseen becomes TENDER_INTERNAL with a plain sentence; its stack goes to the log, never to a client.
import { type AgentErrorCode, TenderError } from '../errors.ts';
import type { Log } from '../log-line.ts';
import type { ApiAnswer } from './http.ts';

const statusOf: Partial<Record<AgentErrorCode, number>> = {
  TENDER_USAGE: 400,
  TENDER_COMMAND_INVALID: 400,
  TENDER_NOT_PERMITTED: 403,
  TENDER_ROUTE_UNKNOWN: 404,
  TENDER_NO_SESSION: 401,
  TENDER_ROLE_TOO_LOW: 403,
  TENDER_CROSS_SITE: 403,
  TENDER_CONTENT_TYPE: 415,
  TENDER_TOO_MANY_TRIES: 429,
  TENDER_FILE_UNREADABLE: 400,
  TENDER_NO_SUCH_UPLOAD: 404,
  TENDER_NO_SUCH_ACTOR: 404,
  TENDER_NO_SUCH_RECORD: 404,
  TENDER_HISTORY_BROKEN: 409,
  TENDER_STALE_DRY_RUN: 409,
  TENDER_UPLOAD_AMBIGUOUS: 409,
  TENDER_COMMAND_REFUSED: 409,
  TENDER_TOO_MANY_STREAMS: 429,
  TENDER_AGENT_STOPPING: 503,
  TENDER_LOG_WRITE_FAILED: 503,
  TENDER_HOST_BUSY: 503,
  TENDER_INVENTORY_OWED: 503,
  TENDER_SPOOL_WRITE_FAILED: 507,
  TENDER_NOT_ENROLLED: 409,
  TENDER_SPOOL_FULL: 507,
  TENDER_DISK_FULL: 507,
};

export function problemOf(error: unknown, log: Log): ApiAnswer {
  if (error instanceof TenderError) {
    const status = statusOf[error.code] ?? 500;
    return { status, json: { type: 'about:blank', status, code: error.code, title: error.message } };
  }
  log({
    level: 'error',
    code: 'TENDER_INTERNAL',
    message: `The local API failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  });
  const title =
    'The agent met something it was not built for; its log has the details. Nothing queued is lost.';
  return { status: 500, json: { type: 'about:blank', status: 500, code: 'TENDER_INTERNAL', title } };
}

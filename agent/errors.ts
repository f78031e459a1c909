// Every failure the agent can show a person, one table: code → exit code of the CLI. Codes are permanent: a retired
// one is never given a second meaning. Failures between yacht and shore have theirs in cloud/contract/problems.ts.

/** Code → exit code of a command that ends with it (sysexits where one fits). */
export const agentErrors = {
  TENDER_USAGE: 64,
  TENDER_CONFIG_INVALID: 78,
  TENDER_STATE_LOCKED: 75,
  TENDER_LOG_BROKEN: 65,
  TENDER_LOG_FROM_THE_FUTURE: 65,
  TENDER_LOG_WRITE_FAILED: 74,
  TENDER_HOST_BUSY: 75,
  TENDER_INTERNAL: 70,
  TENDER_KEY_EXPOSED: 77,
  TENDER_KEY_BROKEN: 65,
  TENDER_NOT_PERMITTED: 77,
  TENDER_NOT_ENROLLED: 78,
  TENDER_ALREADY_ENROLLED: 73,
  TENDER_ENROLMENT_REFUSED: 77,
  TENDER_CLOUD_UNREACHABLE: 69,
  TENDER_CLOUD_NOT_OURS: 76,
  TENDER_AGENT_NOT_RUNNING: 69,
  TENDER_AGENT_STOPPING: 75,
  TENDER_SOCKET_IN_USE: 75,
  TENDER_COMMAND_INVALID: 65,
  TENDER_ROUTE_UNKNOWN: 65,
  TENDER_NO_SESSION: 77,
  TENDER_ROLE_TOO_LOW: 77,
  TENDER_CROSS_SITE: 77,
  TENDER_CONTENT_TYPE: 65,
  TENDER_TOO_MANY_TRIES: 75,
  TENDER_PAGE_OFF: 69,
  TENDER_NO_SUCH_UPLOAD: 66,
  TENDER_UPLOAD_AMBIGUOUS: 64,
  TENDER_COMMAND_REFUSED: 65,
  TENDER_NO_SUCH_ACTOR: 66,
  TENDER_NO_SUCH_RECORD: 66,
  TENDER_HISTORY_BROKEN: 65,
  TENDER_STALE_DRY_RUN: 75,
  TENDER_STATE_MISSING: 66,
  TENDER_FILE_UNREADABLE: 66,
  TENDER_SPOOL_FULL: 75,
  TENDER_INVENTORY_OWED: 75,
  TENDER_SPOOL_WRITE_FAILED: 74,
  TENDER_DISK_FULL: 75,
  TENDER_TOO_MANY_STREAMS: 75,
  TENDER_SHORE_TOKEN_MISSING: 77,
  TENDER_WAIT_ENDED: 75,
  TENDER_DOCUMENT_PARKED: 65,
  TENDER_DEMO_FAILED: 70,
  TENDER_BUNDLE_INVALID: 65,
  TENDER_BUNDLE_TOO_LARGE: 65,
  TENDER_BUNDLE_UNFAITHFUL: 65,
} as const;

export type AgentErrorCode = keyof typeof agentErrors;

/** An expected failure aboard. The message says what happened and what to do. */
export class TenderError extends Error {
  readonly code: AgentErrorCode;

  constructor(code: AgentErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TenderError';
    this.code = code;
  }
}

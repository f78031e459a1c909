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
  TENDER_INTERNAL: 70,
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

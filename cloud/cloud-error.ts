// A failure ashore that somebody is told about, as an exception: the code names a row of contract/problems.ts, which
// says class and HTTP status. Thrown by stores and decisions, turned into problem+json or a REFUSED frame at the edges.
import type { FailureClass } from './contract/failure.ts';
import { type ProblemCode, problems } from './contract/problems.ts';

/** An expected failure. `message` is for people: it holds no SQL, no path, no secret; `cause` is for our own log. */
export class CloudError extends Error {
  readonly code: ProblemCode;

  constructor(code: ProblemCode, message?: string, options?: ErrorOptions) {
    super(message ?? problems[code].title, options);
    this.name = 'CloudError';
    this.code = code;
  }

  get class(): FailureClass {
    return problems[this.code].class;
  }

  get status(): number {
    return problems[this.code].status;
  }
}

/** The code of a CloudError, undefined for anything else. */
export function codeOf(error: unknown): ProblemCode | undefined {
  return error instanceof CloudError ? error.code : undefined;
}

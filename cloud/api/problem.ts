// Failures as application/problem+json (RFC 9457), with the members older clients of such systems look for. One door:
// whatever a route throws passes here, so that no stack, SQL or path leaves the process, and what one tenant may not
// see answers byte for byte like what does not exist.
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { CloudError } from '../cloud-error.ts';
import { type ProblemCode, problems } from '../contract/problems.ts';

export const problemType = 'application/problem+json';

/** The body of every failure. `retry_after` is in seconds, as the header of that name. */
export const ProblemBody = Type.Object(
  {
    type: Type.String({ description: 'urn:tender:problem: and the code' }),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: 'Stable: TENDER_ in words' }),
    class: Type.String({
      description: 'What kind of failure this is, which decides what a client does next',
    }),
    detail: Type.Optional(Type.String()),
    retryable: Type.Boolean(),
    retry_after: Type.Optional(Type.Integer({ description: 'Seconds; the same as the Retry-After header' })),
    can_resume: Type.Optional(Type.Boolean({ description: 'What was sent so far is kept' })),
    checkpoint_key: Type.Optional(Type.String({ description: 'What to resume under: the upload id' })),
    progress_percent: Type.Optional(Type.Number()),
    circuit_breaker_state: Type.Optional(Type.String()),
    errors: Type.Optional(Type.Array(Type.Object({ pointer: Type.String(), detail: Type.String() }))),
  },
  { $id: 'Problem', title: 'Problem' },
);

export interface ProblemExtras {
  readonly detail?: string;
  readonly retryAfterMs?: number;
  readonly breaker?: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

/** Waits a client should keep before it asks again, by default. */
const retryAfterDefaultMs = 5000;

/** A failure that carries more than its code. Routes throw this or a plain CloudError. */
export class ApiProblem extends CloudError {
  readonly extras: ProblemExtras;

  constructor(code: ProblemCode, extras: ProblemExtras = {}) {
    super(code);
    this.extras = extras;
  }
}

/** The body for a code. Pure: equal input, equal bytes. */
export function problemBody(code: ProblemCode, extras: ProblemExtras = {}): Record<string, unknown> {
  const kind = problems[code];
  const later = kind.class === 'BUSY' || kind.class === 'SERVER';
  return {
    type: `urn:tender:problem:${code}`,
    title: kind.title,
    status: kind.status,
    code,
    class: kind.class,
    ...(extras.detail === undefined ? {} : { detail: extras.detail }),
    retryable: later || kind.class === 'RESYNC',
    ...(kind.class === 'BUSY'
      ? { retry_after: Math.ceil((extras.retryAfterMs ?? retryAfterDefaultMs) / 1000), can_resume: true }
      : {}),
    ...(extras.breaker === undefined ? {} : { circuit_breaker_state: extras.breaker }),
    ...(extras.errors === undefined ? {} : { errors: extras.errors }),
  };
}

/** Sends a failure, with the headers that belong to it. */
export function sendProblem(
  reply: FastifyReply,
  code: ProblemCode,
  extras: ProblemExtras = {},
): FastifyReply {
  const body = problemBody(code, extras);
  if (typeof body.retry_after === 'number') reply.header('retry-after', String(body.retry_after));
  if (problems[code].status === 401) reply.header('www-authenticate', 'Bearer realm="tender"');
  // As a buffer: a problem never runs through the schema of the route's good answers.
  return reply
    .code(problems[code].status)
    .header('content-type', problemType)
    .send(Buffer.from(JSON.stringify(body)));
}

/** Fastify's error handler. */
export function handleError(
  error: FastifyError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (error instanceof ApiProblem) return sendProblem(reply, error.code, error.extras);
  if (error instanceof CloudError) {
    if (error.status >= 500) request.log.warn({ code: error.code, err: error }, 'request failed');
    return sendProblem(reply, error.code);
  }
  if ('validation' in error && error.validation) {
    return sendProblem(reply, 'TENDER_REQUEST_INVALID', {
      errors: error.validation.slice(0, 20).map((issue) => ({
        pointer: `#/${error.validationContext ?? 'request'}${issue.instancePath}`,
        detail: issue.message ?? 'is not as described',
      })),
    });
  }
  const status = 'statusCode' in error ? error.statusCode : undefined;
  if (status === 413) return sendProblem(reply, 'TENDER_BODY_TOO_LARGE');
  if (status !== undefined && status >= 400 && status < 500) {
    return sendProblem(reply, 'TENDER_REQUEST_INVALID', { detail: 'The request cannot be read.' });
  }
  request.log.error({ code: 'TENDER_CLOUD_INTERNAL', err: error }, 'request failed');
  return sendProblem(reply, 'TENDER_CLOUD_INTERNAL');
}

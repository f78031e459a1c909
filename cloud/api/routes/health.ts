// Is it alive (for a balancer), and how is each part (for people and alarms). Counts only: health names no tenant.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';

export type HealthState = 'ok' | 'degraded' | 'failed';

export interface Component {
  readonly state: HealthState;
  /** One sentence for people; empty when all is well. */
  readonly detail: string;
  readonly numbers?: Readonly<Record<string, number>>;
}

export interface HealthReport {
  readonly state: HealthState;
  readonly components: Readonly<Record<string, Component>>;
}

const State = Type.Union([Type.Literal('ok'), Type.Literal('degraded'), Type.Literal('failed')]);
const Report = Type.Object({
  state: State,
  components: Type.Record(
    Type.String(),
    Type.Object({
      state: State,
      detail: Type.String(),
      numbers: Type.Optional(Type.Record(Type.String(), Type.Number())),
    }),
  ),
});

export const healthRoutes =
  (health: () => Promise<HealthReport>): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/healthz',
      {
        config: { policy: 'public' },
        schema: {
          operationId: 'isAlive',
          summary: 'The process answers; says nothing about its parts',
          response: { 200: Type.Object({ ok: Type.Literal(true) }) },
        },
      },
      async () => ({ ok: true as const }),
    );

    app.get(
      '/v1/health',
      {
        config: { policy: 'public' },
        schema: {
          operationId: 'getHealth',
          summary: 'How each part is; 503 when one has failed',
          response: { 200: Report, 503: Report },
        },
      },
      async (_request, reply) => {
        const report = await health();
        reply.header('cache-control', 'no-store');
        return reply.code(report.state === 'failed' ? 503 : 200).send({
          state: report.state,
          components: { ...report.components },
        });
      },
    );
  };

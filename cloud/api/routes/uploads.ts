// Where an upload stands, seen from ashore; and the office's view of what could not be indexed.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { nameForPeople } from '../../contract/name.ts';
import type { Library } from '../../library.ts';
import { callerOf } from '../policy.ts';
import { ApiProblem } from '../problem.ts';
import { NameShape, time, UploadShape, uploadOf } from '../schemas.ts';

const uuid = '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';
const quarantineMax = 200;

export const uploadRoutes =
  (library: Library): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/v1/uploads/:uploadId',
      {
        config: { policy: { scope: 'search' } },
        schema: {
          operationId: 'getUpload',
          summary: 'Where an upload stands: open with what is durable, or stored',
          security: [{ token: [] }],
          params: Type.Object({ uploadId: Type.String({ pattern: '^[0-7][0-9A-HJKMNP-TV-Z]{25}$' }) }),
          response: { 200: UploadShape },
        },
      },
      async (request) => {
        const status = await library.upload(callerOf(request).tenantId, request.params.uploadId);
        if (!status) throw new ApiProblem('TENDER_NOT_FOUND');
        return uploadOf(status);
      },
    );

    app.get(
      '/v1/quarantine',
      {
        config: { policy: { scope: 'admin' } },
        schema: {
          operationId: 'listQuarantine',
          summary: 'Versions that could not be indexed and will not be tried again by themselves',
          security: [{ token: [] }],
          response: {
            200: Type.Object({
              versions: Type.Array(
                Type.Object({
                  document_id: Type.String(),
                  device_id: Type.String(),
                  name: NameShape,
                  display_name: Type.String(),
                  version: Type.Integer(),
                  attempt: Type.Integer(),
                  code: Type.String(),
                  reason: Type.String(),
                  failed_at: Type.String({ format: 'date-time' }),
                }),
              ),
            }),
          },
        },
      },
      async (request) => {
        const rows = await library.quarantine(callerOf(request).tenantId, quarantineMax);
        return {
          versions: rows.map((row) => ({
            document_id: row.documentId,
            device_id: row.deviceId,
            name: row.name,
            display_name: nameForPeople(row.name),
            version: row.version,
            attempt: row.attempt,
            code: row.code,
            reason: row.reason,
            failed_at: time(row.failedMs),
          })),
        };
      },
    );

    app.post(
      '/v1/documents/:documentId/versions/:version/index',
      {
        config: { policy: { scope: 'admin' } },
        schema: {
          operationId: 'retryIndexing',
          summary: 'Puts a quarantined version back into the queue',
          security: [{ token: [] }],
          params: Type.Object({
            documentId: Type.String({ pattern: uuid }),
            version: Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1 }),
          }),
          response: { 202: Type.Object({ state: Type.Literal('waiting') }) },
        },
      },
      async (request, reply) => {
        const { documentId, version } = request.params;
        const queued = await library.retryIndexing(callerOf(request).tenantId, documentId, version);
        if (!queued) throw new ApiProblem('TENDER_NOT_FOUND');
        return reply.code(202).send({ state: 'waiting' as const });
      },
    );
  };

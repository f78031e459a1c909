// The fleet office's view of documents: search, list, details, versions, content. All under the tenant of the token; an
// id of somebody else's answers exactly like one that does not exist.
import { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Library } from '../../library.ts';
import type { BlobStore } from '../../ports.ts';
import { bytesOf, contentDisposition, parseRange } from '../content.ts';
import { callerOf } from '../policy.ts';
import { ApiProblem, sendProblem } from '../problem.ts';
import { DocumentShape, documentOf, HitShape, hitOf, VersionShape, versionOf } from '../schemas.ts';

const uuid = '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';
const Params = Type.Object({ documentId: Type.String({ pattern: uuid }) });
const next = Type.Union([Type.String(), Type.Null()], {
  description: 'Cursor of the next page; null at the end',
});
const versionsMax = 100;

export const documentRoutes =
  (library: Library, blobs: BlobStore): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/v1/documents',
      {
        config: { policy: { scope: 'search' } },
        schema: {
          operationId: 'findDocuments',
          summary: 'Search in text and names; without `q`: all documents, newest first',
          security: [{ token: [] }],
          querystring: Type.Object(
            {
              q: Type.Optional(
                Type.String({
                  minLength: 1,
                  maxLength: 500,
                  description: 'Words, "quoted phrases", -without, or',
                }),
              ),
              limit: Type.Integer({ minimum: 1, maximum: 100, default: 20 }),
              cursor: Type.Optional(Type.String({ maxLength: 500 })),
            },
            { additionalProperties: false },
          ),
          response: {
            200: Type.Union([
              Type.Object({ hits: Type.Array(HitShape), next }),
              Type.Object({ documents: Type.Array(DocumentShape), next }),
            ]),
          },
        },
      },
      async (request) => {
        const { tenantId } = callerOf(request);
        const { q, limit, cursor } = request.query;
        const page = { limit, ...(cursor === undefined ? {} : { cursor }) };
        if (q !== undefined) {
          const found = await library.search(tenantId, {
            text: q.replaceAll('\0', ' ').toWellFormed(),
            ...page,
          });
          return { hits: found.hits.map(hitOf), next: found.next };
        }
        const listed = await library.documents(tenantId, page);
        return { documents: listed.documents.map(documentOf), next: listed.next };
      },
    );

    app.get(
      '/v1/documents/:documentId',
      {
        config: { policy: { scope: 'search' } },
        schema: {
          operationId: 'getDocument',
          summary: 'One document with its versions, newest first',
          security: [{ token: [] }],
          params: Params,
          response: { 200: Type.Object({ document: DocumentShape, versions: Type.Array(VersionShape) }) },
        },
      },
      async (request) => {
        const { tenantId } = callerOf(request);
        const { documentId } = request.params;
        const document = await library.document(tenantId, documentId);
        if (!document) throw new ApiProblem('TENDER_NOT_FOUND');
        const versions = await library.versions(tenantId, documentId, versionsMax);
        return { document: documentOf(document), versions: versions.map(versionOf) };
      },
    );

    app.get(
      '/v1/documents/:documentId/content',
      {
        config: { policy: { scope: 'content' } },
        schema: {
          operationId: 'getContent',
          summary: 'The bytes of a version (the head by default), whole or one range',
          security: [{ token: [] }],
          params: Params,
          querystring: Type.Object(
            { version: Type.Optional(Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1 })) },
            { additionalProperties: false },
          ),
          produces: ['application/octet-stream'],
        },
      },
      async (request, reply) => {
        const { tenantId } = callerOf(request);
        const content = await library.content(tenantId, request.params.documentId, request.query.version);
        if (!content) throw new ApiProblem('TENDER_NOT_FOUND');
        const etag = `"${Buffer.from(content.sha256).toString('hex')}"`;
        reply.headers({
          'content-type': 'application/octet-stream',
          'content-disposition': contentDisposition(content.name),
          // What a yacht sends is never a page of ours, whatever it holds.
          'content-security-policy': "sandbox; default-src 'none'",
          'cache-control': 'private, no-cache',
          'accept-ranges': 'bytes',
          etag,
        });
        if (request.headers['if-none-match'] === etag) return reply.code(304).send();
        const conditional = request.headers['if-range'];
        const wanted = conditional === undefined || conditional === etag ? request.headers.range : undefined;
        const range = parseRange(wanted, content.lengthBytes);
        if (range === 'unsatisfiable') {
          reply.header('content-range', `bytes */${content.lengthBytes}`);
          reply.removeHeader('content-disposition');
          return sendProblem(reply, 'TENDER_RANGE_INVALID');
        }
        const whole = { first: 0, last: content.lengthBytes - 1 };
        const { first, last } = range ?? whole;
        if (range) reply.code(206).header('content-range', `bytes ${first}-${last}/${content.lengthBytes}`);
        reply.header('content-length', String(last + 1 - first));
        if (request.method === 'HEAD' || last < first) return reply.send(Buffer.alloc(0));
        return reply.send(
          Readable.from(bytesOf(blobs, tenantId, content, { first, last }), { objectMode: false }),
        );
      },
    );
  };

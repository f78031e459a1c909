// What the OpenAPI document says besides the routes: title, how to authenticate, what holds everywhere. Used by server.ts.
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { protocolVersion } from '../contract/frames.ts';

export const apiDescription: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'tender, the shore',
      version: '1',
      description: [
        'Documents that yachts sent, searchable. Failures are application/problem+json with a stable `code`.',
        `Yachts speak over GET /v1/line/{deviceId} (WebSocket, subprotocol tender.${protocolVersion}): see protocol.md.`,
        'What belongs to another tenant answers exactly like what does not exist.',
      ].join(' '),
      license: { name: 'MIT', identifier: 'MIT' },
    },
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'Made by `tender cloud token add`' },
      },
    },
  },
  // References keep the names we gave them.
  refResolver: { buildLocalReference: (json, _base, _fragment, i) => String(json.$id ?? `schema-${i}`) },
};

// POST /v1/enrol: a code and a key become a device. Everything wrong with a request gets one and the same answer.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { CloudKey } from '../../cloud-key.ts';
import {
  type EnrolAnswer,
  enrolAnswerBytes,
  enrolPath,
  enrolRequestBytes,
} from '../../contract/enrolment.ts';
import { verifySignature } from '../../contract/keys.ts';
import type { Devices } from '../../decide/devices.ts';
import type { Clock } from '../../ports.ts';
import { limit, type PolicyPorts } from '../policy.ts';
import { ApiProblem } from '../problem.ts';

const base64 = (bytes: number) =>
  Type.String({ pattern: '^[A-Za-z0-9+/]+={0,2}$', maxLength: Math.ceil(bytes / 3) * 4 });

export interface EnrolPorts extends Pick<PolicyPorts, 'spend'> {
  readonly devices: Devices;
  readonly key: CloudKey;
  readonly clock: Clock;
}

export const enrolRoutes =
  (ports: EnrolPorts): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      enrolPath,
      {
        config: { policy: 'public' },
        bodyLimit: 4096,
        schema: {
          operationId: 'enrol',
          summary: 'Redeems a one-time code for the key of a device',
          body: Type.Object(
            {
              version: Type.Literal(1),
              secret: base64(16),
              public_key: base64(32),
              nonce: base64(32),
              signature: base64(64),
            },
            { additionalProperties: false },
          ),
          response: {
            201: Type.Object({
              device_id: Type.String(),
              tenant_id: Type.String(),
              device_name: Type.String(),
              cloud_key: Type.String(),
              key_id: Type.String(),
              time_ms: Type.Integer(),
              signature: Type.String(),
            }),
          },
        },
      },
      async (request, reply) => {
        limit(ports, 'enrol', request.ip);
        const { body } = request;
        const publicKey = Buffer.from(body.public_key, 'base64');
        const signature = Buffer.from(body.signature, 'base64');
        if (!verifySignature(publicKey, enrolRequestBytes(body), signature)) {
          throw new ApiProblem('TENDER_ENROLMENT_INVALID');
        }
        const device = await ports.devices.enrol({
          secret: new Uint8Array(Buffer.from(body.secret, 'base64')),
          publicKey: new Uint8Array(publicKey),
        });
        const answer: Omit<EnrolAnswer, 'signature'> = {
          device_id: device.deviceId,
          tenant_id: device.tenantId,
          device_name: device.name,
          cloud_key: Buffer.from(ports.key.publicKey).toString('base64'),
          key_id: ports.key.keyId,
          time_ms: Math.floor(ports.clock.wallMs()),
        };
        const signed = Buffer.from(ports.key.sign(enrolAnswerBytes(body, answer))).toString('base64');
        return reply.code(201).send({ ...answer, signature: signed });
      },
    );
  };

// The HTTP server of the shore: Fastify with its plugins, the rules in front, the routes behind. Built from ports by
// cloud/shore.ts; tests inject requests without a socket.
import helmet from '@fastify/helmet';
import swagger from '@fastify/swagger';
import underPressure from '@fastify/under-pressure';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyServerOptions,
  LogController,
} from 'fastify';
import type { CloudKey } from '../cloud-key.ts';
import type { Devices } from '../decide/devices.ts';
import type { Library } from '../library.ts';
import type { BlobStore, Clock } from '../ports.ts';
import type { Registry } from '../registry.ts';
import { apiDescription } from './api-description.ts';
import type { Spend } from './budgets.ts';
import { guardRoutes, type RouteTable } from './policy.ts';
import { handleError, ProblemBody, sendProblem } from './problem.ts';
import { documentRoutes } from './routes/documents.ts';
import { enrolRoutes } from './routes/enrol.ts';
import { type HealthReport, healthRoutes } from './routes/health.ts';
import { uploadRoutes } from './routes/uploads.ts';

export interface ApiPorts {
  readonly registry: Registry;
  readonly library: Library;
  readonly blobs: BlobStore;
  readonly devices: Devices;
  readonly key: CloudKey;
  readonly clock: Clock;
  readonly spend: Spend;
  readonly health: () => Promise<HealthReport>;
  readonly log?: FastifyBaseLogger;
}

export interface ApiSettings {
  /** PEM of certificate chain and key; without them plain HTTP, which shore.ts allows on loopback or behind a proxy. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Addresses of proxies whose X-Forwarded-For counts; none by default. */
  readonly trustedProxies: readonly string[];
  /** No request of this API has a large body; documents come over the line. */
  readonly bodyMaxBytes: number;
  /** A whole request must be in by then: 64 KiB take 4 s at 128 kbit/s, a slow link gets 30 times that. */
  readonly requestTimeoutMs: number;
  /** Event loop delay beyond which new requests are turned away. */
  readonly loopDelayMaxMs: number;
}

export const apiSettings: ApiSettings = {
  trustedProxies: [],
  bodyMaxBytes: 65_536,
  requestTimeoutMs: 120_000,
  loopDelayMaxMs: 2000,
};

export interface Api {
  readonly app: FastifyInstance;
  readonly routes: RouteTable;
}

/** Builds the server; `app.listen` or `app.inject` start it. */
export async function createApi(ports: ApiPorts, settings: ApiSettings = apiSettings): Promise<Api> {
  const options: FastifyServerOptions = {
    ...(ports.log ? { loggerInstance: ports.log } : { logger: false }),
    ...(settings.tls ? { https: settings.tls } : {}),
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: settings.trustedProxies.length > 0 ? [...settings.trustedProxies] : false,
    bodyLimit: settings.bodyMaxBytes,
    requestTimeout: settings.requestTimeoutMs,
    keepAliveTimeout: 75_000,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 100, ignoreTrailingSlash: false },
    // Unknown members of a request are refused, not dropped: a typo must not pass for a default.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: true, useDefaults: true } },
    genReqId: () => '',
    frameworkErrors: (error, request, reply) => {
      void handleError(error, request, reply);
    },
  };
  const app = Fastify(options);
  app.setErrorHandler(handleError);
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, 'TENDER_NOT_FOUND'));
  app.addSchema(ProblemBody);

  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    // Plain HTTP on loopback must not teach a browser otherwise.
    strictTransportSecurity: settings.tls ? { maxAge: 31_536_000 } : false,
  });
  await app.register(underPressure, {
    maxEventLoopDelay: settings.loopDelayMaxMs,
    pressureHandler: (request, reply) => {
      if (request.routeOptions.url !== '/healthz') void sendProblem(reply, 'TENDER_OVERLOADED');
    },
  });
  await app.register(swagger, apiDescription);
  const routes = guardRoutes(app, ports);
  app.addHook('onRoute', (route) => {
    if (!route.schema || route.schema.hide) return;
    route.schema.response = {
      ...(route.schema.response as object | undefined),
      default: {
        description: 'Failure',
        content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } },
      },
    };
  });

  await app.register(healthRoutes(ports.health));
  await app.register(enrolRoutes(ports));
  await app.register(documentRoutes(ports.library, ports.blobs));
  await app.register(uploadRoutes(ports.library));
  app.get(
    '/openapi.json',
    { config: { policy: 'public' }, schema: { hide: true } },
    async (_request, reply) => reply.type('application/json').send(JSON.stringify(app.swagger())),
  );
  await app.ready();
  return { app, routes };
}

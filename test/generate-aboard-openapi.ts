// Writes docs/aboard-openapi.json from the table of the local API's routes, or compares it with them (`--check`). Called by
// generate-docs.ts, and so by `npm run docs` and the check.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Aboard } from '../agent/api/aboard.ts';
import type { Route } from '../agent/api/router.ts';
import type { UiPorts } from '../agent/api/routes/ui.ts';
import type { Fields, Shape } from '../agent/api/shape.ts';
import { shapes } from '../agent/api/shapes.ts';
import { apiRoutes } from '../agent/api/table.ts';

const root = join(import.meta.dirname, '..');
const path = join(root, 'docs', 'aboard-openapi.json');

type Schema = { readonly [key: string]: unknown };

/** Routes only look at what they are given when somebody asks: nothing stands behind them here. */
const nobody: unknown = new Proxy(() => undefined, { get: () => nobody, apply: () => nobody });

export function aboardRoutes(): readonly Route[] {
  return apiRoutes(nobody as Aboard, nobody as UiPorts);
}

const kinds: Readonly<Record<string, Schema>> = {
  text: { type: 'string' },
  number: { type: 'integer' },
  decimal: { type: 'number' },
  flag: { type: 'boolean' },
  time: { type: 'number', description: 'Milliseconds since 1970.' },
  json: {},
  object: { type: 'object' },
  duration: { type: 'string', examples: ['2h'] },
};

/** The JSON schema of a shape, and whether its field may be missing. */
export function schemaOf(shape: Shape): { readonly schema: Schema; readonly optional: boolean } {
  if (Array.isArray(shape))
    return { schema: { type: 'array', items: schemaOf(shape[0]).schema }, optional: false };
  if (typeof shape === 'object') return { schema: objectOf(shape as Fields), optional: false };
  const text = shape as string;
  const nullable = text.endsWith(' or null');
  const given = text.replace(/ or null$/, '');
  const optional = given.endsWith('?');
  const schema = kindOf(given.replace(/\?$/, ''));
  return { schema: nullable ? { anyOf: [schema, { type: 'null' }] } : schema, optional };
}

function kindOf(kind: string): Schema {
  if (kind.startsWith('=')) return { type: 'string', enum: kind.slice(1).split('|') };
  if (kind.startsWith('@')) {
    const name = kind.slice(1);
    if (!Object.hasOwn(shapes, name))
      throw new Error(`a route names the shape ${kind}, which shapes.ts does not have`);
    return { $ref: `#/components/schemas/${name}` };
  }
  const schema = kinds[kind];
  if (!schema) throw new Error(`a route names the kind "${kind}", which nobody knows`);
  return schema;
}

function objectOf(fields: Fields): Schema {
  const entries = Object.entries(fields).map(([name, shape]) => [name, schemaOf(shape)] as const);
  const required = entries.filter(([, { optional }]) => !optional).map(([name]) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(([name, { schema }]) => [name, schema])),
    ...(required.length > 0 ? { required } : {}),
  };
}

function parameters(route: Route): Schema[] {
  const given = (place: string, fields: Fields = {}) =>
    Object.entries(fields).map(([name, shape]) => {
      const { schema, optional } = schemaOf(shape);
      return { name, in: place, required: !optional, schema };
    });
  const free = Object.fromEntries(freeNames(route).map((name) => [name, 'text' as const]));
  return [...given('path', free), ...given('query', route.query), ...given('header', route.headers)];
}

function freeNames({ path, free }: Route): readonly string[] {
  const count = path.split('/').filter((part) => part === '*').length;
  const names = free ?? (count === 1 ? ['id'] : []);
  if (names.length !== count) throw new Error(`${path} has ${count} free segments and ${names.length} names`);
  return names;
}

function addressOf(route: Route): string {
  const names = [...freeNames(route)];
  return `/${route.path.replaceAll('*', () => `{${names.shift()}}`)}`;
}

function operation(route: Route): Schema {
  const json = (schema: Schema) => ({ 'application/json': { schema } });
  const good =
    route.answers === 'events'
      ? { 'text/event-stream': { schema: kinds.text } }
      : route.answers === 'bytes'
        ? { 'application/octet-stream': {} }
        : json(schemaOf(route.answers).schema);
  const takes = parameters(route);
  const body =
    route.body === 'bytes' ? { 'application/octet-stream': {} } : route.body && json(objectOf(route.body));
  const problem = {
    description: 'What went wrong and what to do.',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
  return {
    summary: route.summary,
    operationId: `${route.method.toLowerCase()}_${addressOf(route).replace(/\W+/g, '_').replace(/^_|_$/g, '')}`,
    'x-tender-role': route.role,
    ...(route.socketOnly ? { 'x-tender-socket-only': true } : {}),
    ...(takes.length > 0 ? { parameters: takes } : {}),
    ...(body ? { requestBody: { content: body, required: route.body === 'bytes' } } : {}),
    responses: { [route.status ?? 200]: { description: 'Done.', content: good }, default: problem },
    // The login is for those who have no session yet.
    ...(route.path === 'v1/session' && route.method === 'POST' ? { security: [] } : {}),
  };
}

/** OpenAPI 3.1. Throws when two routes share method and address, or one is told badly. */
export function aboardOpenApi(routes: readonly Route[] = aboardRoutes()): Schema {
  const paths: Record<string, Record<string, Schema>> = {};
  for (const route of routes) {
    const address = addressOf(route);
    const at = paths[address] ?? {};
    paths[address] = at;
    const method = route.method.toLowerCase();
    if (at[method]) throw new Error(`${route.method} ${route.path} is there twice`);
    if (!/^[A-Z].*\.$/s.test(route.summary))
      throw new Error(`${route.path} needs a summary that is a sentence`);
    at[method] = operation(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'tender, the local API',
      version: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version,
      description:
        'Spoken over the unix socket by the command line, and below the path of a session (/s/…/) by the page. Over the socket everybody who may open it is an engineer; on the page the session has a role, and its cookie, the Host, Origin and Sec-Fetch-Site of a request are checked.',
    },
    servers: [
      {
        url: 'http://127.0.0.1:7420/s/{session}',
        variables: { session: { default: 'path-of-the-session' } },
      },
    ],
    security: [{ session: [] }],
    paths,
    components: {
      securitySchemes: { session: { type: 'apiKey', in: 'cookie', name: 'tender' } },
      schemas: Object.fromEntries(
        Object.entries(shapes).map(([name, shape]) => [name, schemaOf(shape).schema]),
      ),
    },
  };
}

/** Answers the exit code. */
export function generateAboardOpenApi(flags: readonly string[]): number {
  const wanted = `${JSON.stringify(aboardOpenApi(), null, 2)}\n`;
  let before = '';
  try {
    before = readFileSync(path, 'utf8');
  } catch {
    // not written yet
  }
  if (before === wanted) return 0;
  if (flags.includes('--check')) {
    process.stderr.write(
      'docs/aboard-openapi.json is not what the routes say: run `npm run docs` and commit it.\n',
    );
    return 1;
  }
  writeFileSync(path, wanted);
  process.stderr.write('docs/aboard-openapi.json written.\n');
  return 0;
}

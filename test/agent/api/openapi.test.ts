// The document of the local API against the API itself: what a real agent answers must be what its routes say they answer.
import { describe, expect, test } from 'vitest';
import { connectApi } from '../../../agent/cli/client.ts';
import { yacht } from '../../cli/aboard.ts';
import { aboardOpenApi, aboardRoutes } from '../../generate-aboard-openapi.ts';

interface Schema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly $ref?: string;
}

interface Operation {
  readonly parameters?: readonly { name: string; in: string; required: boolean }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: Schema }>> };
  readonly responses: Readonly<Record<string, { content: Record<string, { schema: Schema }> }>>;
}

const document = aboardOpenApi() as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
};

/** Where `value` is not what `schema` says, in words. Fields that nobody wrote down count. */
function differences(value: unknown, schema: Schema, at: string): string[] {
  if (schema.$ref)
    return differences(value, document.components.schemas[schema.$ref.split('/').at(-1)!]!, at);
  if (schema.anyOf) {
    const each = schema.anyOf.map((one) => differences(value, one, at));
    return each.find((found) => found.length === 0) ?? each[0]!;
  }
  if (schema.enum && !schema.enum.includes(String(value))) return [`${at} is ${String(value)}`];
  switch (schema.type) {
    case undefined:
      return [];
    case 'null':
      return value === null ? [] : [`${at} is not null`];
    case 'integer':
      return Number.isInteger(value) ? [] : [`${at} is ${JSON.stringify(value)}, no whole number`];
    case 'array':
      if (!Array.isArray(value)) return [`${at} is no list`];
      return value.flatMap((one, index) => differences(one, schema.items!, `${at}[${index}]`));
    case 'object': {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${at} is no object`];
      const { properties } = schema;
      if (!properties) return [];
      const missing = (schema.required ?? []).filter((name) => !Object.hasOwn(value, name));
      return [
        ...missing.map((name) => `${at}.${name} is missing`),
        ...Object.entries(value).flatMap(([name, one]) =>
          properties[name]
            ? differences(one, properties[name], `${at}.${name}`)
            : [`${at}.${name} is not in the document`],
        ),
      ];
    }
    default:
      return typeof value === schema.type ? [] : [`${at} is ${JSON.stringify(value)}, no ${schema.type}`];
  }
}

function answerSchema(path: string, method: string): Schema {
  const { responses } = document.paths[path]![method]!;
  return (responses['200'] ?? responses['201'])!.content['application/json']!.schema;
}

describe('the document of the local API', () => {
  test('has every route once, with a summary and a role', () => {
    const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
    expect(operations.length).toBe(aboardRoutes().length);
    const ids = operations.map((one) => (one as unknown as { operationId: string }).operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('what a viewer may do changes nothing but the session', () => {
    const changing = aboardRoutes().filter(({ method, role }) => method !== 'GET' && role === 'viewer');
    expect(changing.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST v1/session',
      'DELETE v1/session',
    ]);
  });

  test('says what a real agent answers, field by field', async () => {
    const ship = await yacht('[ui]\nlisten = "127.0.0.1:0"\n');
    await ship.start();
    const api = connectApi(ship.socket, new AbortController().signal);
    await ship.file('a.txt', 'a');
    await ship.tender('add', 'a.txt');
    const [{ id }] = (await api.get('/v1/uploads')).items as [{ id: string }];
    const places: Record<string, string> = { '{kind}': 'upload', '{id}': id };
    const wrong: string[] = [];
    const look = (path: string, method: string, value: unknown) =>
      wrong.push(...differences(value, answerSchema(path, method), `${method} ${path}:`));

    for (const [path, { get }] of Object.entries(document.paths)) {
      if (!get || !('200' in get.responses) || !get.responses['200']!.content['application/json']) continue;
      const address = path.replace(/\{\w+\}/g, (name) => places[name]!);
      // What must be asked with something is asked with it.
      const query = (get.parameters ?? []).filter((one) => one.in === 'query' && one.required);
      if (query.length === 0) look(path, 'get', await api.get(address));
    }
    const pause = `/v1/uploads/${id}/pause`;
    look('/v1/uploads/{id}/pause', 'post', await api.post(pause, { by: 'a', for: '1h' }));
    look('/v1/uploads/all/cancel', 'post', await api.post('/v1/uploads/all/cancel', { by: 'a' }));
    look('/v1/ui/link', 'post', await api.post('/v1/ui/link', { role: 'viewer' }));
    look('/v1/ui/sessions/all/revoke', 'post', await api.post('/v1/ui/sessions/all/revoke'));
    const dryRun = { event: { type: 'stop', by: 'a' } };
    look(
      '/v1/actors/{kind}/{id}/dry-run',
      'post',
      await api.post('/v1/actors/connection/main/dry-run', dryRun),
    );
    expect(wrong).toEqual([]);
  });

  test('refuses query parameters it does not name', async () => {
    const ship = await yacht();
    await ship.start();
    const api = connectApi(ship.socket, new AbortController().signal);
    for (const [path, { get }] of Object.entries(document.paths)) {
      if (!get || path.includes('{') || path === '/healthz') continue;
      await expect(api.get(`${path}?nobody-reads-this=1`), path).rejects.toMatchObject({
        code: 'TENDER_COMMAND_INVALID',
      });
    }
  });
});

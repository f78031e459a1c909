// The OpenAPI 3.1 document, generated from the routes themselves: served at /openapi.json, and committed as
// docs/openapi.json, which the check regenerates and compares. Building it opens no port and needs no database.
import { createApi } from './server.ts';

/** The document as an object, the same bytes each time once serialised. */
export async function openApiDocument(): Promise<Record<string, unknown>> {
  const { app } = await createApi({
    registry: unreachable('registry'),
    library: unreachable('library'),
    blobs: unreachable('blobs'),
    devices: unreachable('devices'),
    key: unreachable('key'),
    clock: unreachable('clock'),
    spend: () => 0,
    health: () => Promise.reject(new Error('nobody asks')),
  });
  const document = app.swagger() as unknown as Record<string, unknown>;
  await app.close();
  return document;
}

/** A port that no route touches before a request comes. */
function unreachable<Port extends object>(name: string): Port {
  return new Proxy({} as Port, {
    get: () => {
      throw new Error(`${name} was asked while the document was made`);
    },
  });
}

// @tus/server with @tus/file-store: DIR PORT. The stock server refuses the concatenation that parallel uploads need; the lines below
// add it, so that the client can be measured at its best.
import { createWriteStream } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { basename, join } from 'node:path';
import { importPeer } from './tus-packages.ts';

interface Store {
  hasExtension(name: string): boolean;
}
const { Server } = await importPeer<{
  readonly Server: new (
    options: unknown,
  ) => { handle(request: IncomingMessage, response: ServerResponse): unknown };
}>('@tus/server');
const { FileStore } = await importPeer<{ readonly FileStore: new (options: unknown) => Store }>(
  '@tus/file-store',
);

class ConcatenatingStore extends FileStore {
  override hasExtension(name: string): boolean {
    return name.startsWith('concat') || super.hasExtension(name);
  }
}

const [directory = '.', port] = process.argv.slice(2);
const sizeMaxBytes = 1e10;
const tus = new Server({
  path: '/files',
  datastore: new ConcatenatingStore({ directory }),
  maxSize: sizeMaxBytes,
});

async function concatenate(parts: readonly string[], response: ServerResponse): Promise<void> {
  const whole = createWriteStream(join(directory, `final-${process.hrtime.bigint()}`));
  for (const part of parts) whole.write(await readFile(join(directory, part)));
  await new Promise<void>((resolve) => whole.end(resolve));
  for (const part of parts) await rm(join(directory, part));
  response.writeHead(201, { 'Tus-Resumable': '1.0.0', Location: '/files/final' }).end();
}

createServer({ requestTimeout: 0 }, (request, response) => {
  const concat = request.headers['upload-concat'];
  if (request.method === 'POST' && typeof concat === 'string' && concat.startsWith('final;'))
    void concatenate(
      concat
        .slice('final;'.length)
        .split(' ')
        .map((part) => basename(part)),
      response,
    );
  else void tus.handle(request, response);
}).listen(Number(port));

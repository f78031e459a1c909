// Stores the body of each PUT: DIR PORT.
import { createWriteStream } from 'node:fs';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

const [directory = '.', port] = process.argv.slice(2);
createServer({ requestTimeout: 0 }, async (request, response) => {
  try {
    await pipeline(request, createWriteStream(join(directory, basename(request.url ?? 'payload.bin'))));
    response.writeHead(201).end();
  } catch {
    response.destroy();
  }
}).listen(Number(port));

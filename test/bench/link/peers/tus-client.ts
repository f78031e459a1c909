// Uploads files with tus-js-client as its documentation shows: URL PARALLEL CONCURRENCY FILE…. The first four waits are its
// documented default; the rest outlive a long outage.
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { importPeer } from './tus-packages.ts';

interface Tus {
  readonly Upload: new (source: unknown, options: Readonly<Record<string, unknown>>) => { start(): void };
}

const retryDelays = [0, 1000, 3000, 5000, ...Array<number>(100).fill(5000)];
const tus = await importPeer<Tus & { readonly default?: Tus }>('tus-js-client');
const Upload = tus.Upload ?? tus.default?.Upload;
const [endpoint, parallel, concurrency, ...files] = process.argv.slice(2);

const upload = (file: string) =>
  new Promise<void>((resolve, reject) => {
    new Upload(createReadStream(file), {
      endpoint,
      chunkSize: Number.POSITIVE_INFINITY,
      parallelUploads: Number(parallel),
      metadata: { filename: basename(file) },
      retryDelays,
      onShouldRetry: () => true,
      onError: reject,
      onSuccess: () => resolve(),
    }).start();
  });

await Promise.all(
  Array.from({ length: Number(concurrency) }, async () => {
    for (let file = files.shift(); file !== undefined; file = files.shift()) await upload(file);
  }),
);
process.exit(0);

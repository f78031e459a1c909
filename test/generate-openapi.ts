// Writes docs/openapi.json from the API's routes, or compares it with them (`--check`). Called by generate-docs.ts, and so
// by `npm run docs` and the check.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiDocument } from '../cloud/api/openapi.ts';

const path = join(import.meta.dirname, '..', 'docs', 'openapi.json');

/** Answers the exit code. */
export async function generateOpenApi(flags: readonly string[]): Promise<number> {
  const wanted = `${JSON.stringify(await openApiDocument(), null, 2)}\n`;
  if (readFileSync(path, 'utf8') === wanted) return 0;
  if (flags.includes('--check')) {
    process.stderr.write('docs/openapi.json is not what the routes say: run `npm run docs` and commit it.\n');
    return 1;
  }
  writeFileSync(path, wanted);
  process.stderr.write('docs/openapi.json written.\n');
  return 0;
}

// The other half of node-scrypt.ts: reads one question from standard input, writes one hash, ends.
import { scryptSync } from 'node:crypto';
import { readFileSync } from 'node:fs';

const hashBytes = 32;
/** Of scrypt itself (128 * N * r bytes, and a little); a question that needs more is refused. */
const memoryMaxBytes = 48 * 1024 * 1024;

interface Question {
  readonly password: string;
  readonly salt: string;
  readonly cost: { readonly N: number; readonly r: number; readonly p: number };
}

const { password, salt, cost } = JSON.parse(readFileSync(0, 'utf8')) as Question;
const hash = scryptSync(password, Buffer.from(salt, 'base64'), hashBytes, {
  ...cost,
  maxmem: memoryMaxBytes,
});
process.stdout.write(hash.toString('base64'));

// The passwords of the roles, for those who come over the yacht's network. Kept as scrypt hashes with their parameters beside
// them, as side rows of the log. One is computed at a time, because each costs memory (docs/decisions/0086).
import { timingSafeEqual } from 'node:crypto';
import { TenderError } from '../../errors.ts';
import type { Host } from '../../host/contract.ts';
import type { Random } from '../../ports.ts';
import { type Role, roles } from './roles.ts';

/** Cost N, block size r, repetitions p. Memory is 128 * N * r bytes. */
export interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** scrypt of 32 bytes; see adapters/node-scrypt.ts. */
export type Scrypt = (password: string, salt: Uint8Array, cost: ScryptCost) => Promise<Uint8Array>;

/** 32 MB for a quarter of a second, in a process of its own. */
export const cost: ScryptCost = { N: 32_768, r: 8, p: 3 };
const charactersMin = 8;
const bytesMax = 256;
const saltBytes = 16;
/** Those who wait for their turn; beyond it a try is refused. */
const waitingMax = 8;
const rowPrefix = 'ui/password/';

interface Row {
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
  readonly cost: ScryptCost;
}

export interface Passwords {
  open(): Promise<void>;
  /** Roles that have one. */
  set(): readonly Role[];
  /** Durable when it resolves. Null takes it away. Refuses what is too short, and what another role has already. */
  change(role: Role, password: string | null): Promise<void>;
  /** The highest role this password belongs to. Takes the same time whatever the answer is. */
  roleOf(password: string): Promise<Role | undefined>;
}

export function createPasswords(ports: {
  readonly rows: Pick<Host, 'rows' | 'putRows'>;
  readonly random: Random;
  readonly scrypt: Scrypt;
}): Passwords {
  const { rows, random, scrypt } = ports;
  const kept = new Map<Role, Row>();
  let turn: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (waiting >= waitingMax)
      throw new TenderError(
        'TENDER_TOO_MANY_TRIES',
        'Too many are logging in at once: try again in a moment.',
      );
    waiting++;
    const mine = turn.then(work).finally(() => waiting--);
    turn = mine.catch(() => {});
    return mine;
  }

  async function owner(password: string): Promise<Role | undefined> {
    let found: Role | undefined;
    for (const [role, row] of kept) {
      const same = timingSafeEqual(await scrypt(normal(password), row.salt, row.cost), row.hash);
      if (same && (found === undefined || roles.indexOf(role) > roles.indexOf(found))) found = role;
    }
    return found;
  }

  return {
    async open() {
      for await (const [key, value] of rows.rows({ gte: rowPrefix, lt: 'ui/password0' })) {
        const role = roles.find((one) => rowPrefix + one === key);
        const row = readRow(value);
        if (role && row) kept.set(role, row);
      }
    },
    set: () => roles.filter((role) => kept.has(role)),
    async change(role, password) {
      if (password === null) {
        await rows.putRows([{ type: 'del', key: rowPrefix + role }]);
        kept.delete(role);
        return;
      }
      if ([...password].length < charactersMin || Buffer.byteLength(password) > bytesMax)
        throw new TenderError(
          'TENDER_COMMAND_INVALID',
          `A password has at least ${charactersMin} characters and at most ${bytesMax} bytes.`,
        );
      await inTurn(async () => {
        const other = await owner(password);
        if (other !== undefined && other !== role)
          throw new TenderError(
            'TENDER_COMMAND_INVALID',
            `This is the password of the role ${other}: each role needs its own.`,
          );
        const salt = random.bytes(saltBytes);
        const row = { salt, cost, hash: await scrypt(normal(password), salt, cost) };
        await rows.putRows([{ type: 'put', key: rowPrefix + role, value: rowOf(row) }]);
        kept.set(role, row);
      });
    },
    async roleOf(password) {
      if (kept.size === 0 || password === '' || Buffer.byteLength(password) > bytesMax) return undefined;
      return inTurn(() => owner(password));
    },
  };
}

/** The same word typed on two keyboards is the same password. */
function normal(password: string): string {
  return password.normalize('NFC');
}

function rowOf({ salt, hash, cost: { N, r, p } }: Row): string {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
  return JSON.stringify({ v: 1, scrypt: { N, r, p }, salt: text(salt), hash: text(hash) });
}

function readRow(text: string): Row | undefined {
  try {
    const { v, scrypt, salt, hash } = JSON.parse(text) as Record<string, unknown>;
    const { N, r, p } = scrypt as Record<string, unknown>;
    if (v !== 1 || typeof salt !== 'string' || typeof hash !== 'string') return undefined;
    if (typeof N !== 'number' || typeof r !== 'number' || typeof p !== 'number') return undefined;
    const bytes = Buffer.from(hash, 'base64url');
    if (bytes.length !== 32) return undefined;
    return { salt: Buffer.from(salt, 'base64url'), hash: bytes, cost: { N, r, p } };
  } catch {
    return undefined;
  }
}

// scrypt of a real machine, on a thread of libuv's pool.
import { scrypt } from 'node:crypto';
import type { Scrypt } from '../api/access/passwords.ts';

const hashBytes = 32;
/** 128 * N * r bytes and what OpenSSL adds; a row that asks for more was not written by us. */
const memoryMaxBytes = 16 * 1024 * 1024;

export const nodeScrypt: Scrypt = (password, salt, { N, r, p }) =>
  new Promise((resolve, reject) =>
    scrypt(password, salt, hashBytes, { N, r, p, maxmem: memoryMaxBytes }, (error, key) =>
      error ? reject(error) : resolve(key),
    ),
  );

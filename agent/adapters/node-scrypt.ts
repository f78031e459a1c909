// scrypt in a process of its own. In ours its memory would stay: each of libuv's four threads keeps what it once had, 33 MB in
// all (docs/decisions/0086). A child costs 50 ms and gives everything back.
import type { Scrypt } from '../api/access/passwords.ts';

const program = new URL(
  import.meta.url.endsWith('.ts') ? './scrypt-child.ts' : './scrypt-child.js',
  import.meta.url,
).pathname;
const answerMaxMs = 20_000;

export const nodeScrypt: Scrypt = async (password, salt, cost) => {
  const { spawn } = await import('node:child_process');
  const child = spawn(process.execPath, ['--max-old-space-size=64', program], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {},
    timeout: answerMaxMs,
    killSignal: 'SIGKILL',
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`the child that computes scrypt ended with ${code}`)),
    );
  });
  const parts: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  // A child that could not start says so through `close`.
  child.stdin.on('error', () => {});
  // The password goes through a pipe: arguments can be read by every user of the machine.
  child.stdin.end(JSON.stringify({ password, salt: Buffer.from(salt).toString('base64'), cost }));
  await ended;
  return new Uint8Array(Buffer.from(Buffer.concat(parts).toString(), 'base64'));
};

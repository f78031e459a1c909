// Somebody else's upload: one plain TCP connection that sends as fast as its congestion control lets it, and a sink ashore that
// counts. The same file is the program in both namespaces.
import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { cloudAddress, type Lab } from './lab.ts';

const port = 7099;
const tellEveryMs = 100;
const blockBytes = 65_536;
const readyMaxMs = 10_000;

export interface Flow {
  /** What has arrived ashore. */
  receivedBytes(): number;
  stop(): void;
}

export async function startFlow(lab: Lab): Promise<Flow> {
  const start = (through: readonly string[], role: string) => {
    const [command, ...rest] = [...through, process.execPath, import.meta.filename, role];
    return spawn(command!, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  };
  const sink = start(lab.inCloud, 'sink');
  let received = 0;
  const ready = new Promise<void>((resolve, reject) => {
    const late = setTimeout(
      () => reject(new Error('the sink of the other upload did not start')),
      readyMaxMs,
    );
    sink.stdout.setEncoding('utf8').on('data', (text: string) => {
      clearTimeout(late);
      resolve();
      received = Number(text.trim().split('\n').at(-1));
    });
  });
  await ready;
  const source = start(lab.inYacht, 'source');
  return {
    receivedBytes: () => received,
    stop() {
      source.kill('SIGKILL');
      sink.kill('SIGKILL');
    },
  };
}

if (process.argv[1] === import.meta.filename) {
  if (process.argv[2] === 'sink') {
    let received = 0;
    createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (bytes) => {
        received += bytes.length;
      });
    }).listen(port, () => setInterval(() => console.log(received), tellEveryMs));
  } else {
    const socket = connect(port, cloudAddress);
    const block = Buffer.alloc(blockBytes, 0x5a);
    const fill = () => {
      while (socket.write(block));
    };
    socket.on('connect', fill);
    socket.on('drain', fill);
  }
}

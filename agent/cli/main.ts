// The process behind `tender`: real streams, environment and signals, then the program. Started by the launcher beside it.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCli } from './program.ts';

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => interrupted.abort(new Error(`ended by ${signal}`)));
// A reader that closed its end (`tender ls | head`) has had enough: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 74));

/** The version of the package we came in: the nearest package.json above that bears our name. */
function version(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    try {
      const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      if (name === 'tender') return String(version);
    } catch {
      // not here: one folder up
    }
    if (folder === dirname(folder)) return 'unknown';
  }
}

/** Echoes nothing. Whoever ends the input early has typed nothing; Ctrl-C ends the command like any other. */
async function askSecrets(questions: readonly string[]): Promise<string[]> {
  const { createInterface } = await import('node:readline');
  const { Writable } = await import('node:stream');
  const output = new Writable({ write: (_part, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output, terminal: true });
  reader.on('SIGINT', () => {
    interrupted.abort(new Error('ended by Ctrl-C'));
    reader.close();
  });
  const answers: string[] = [];
  process.stderr.write(questions[0] ?? '');
  // One reader for all: what is pasted in one go must not be lost between two.
  for await (const line of reader) {
    answers.push(line);
    process.stderr.write(`\n${questions[answers.length] ?? ''}`);
    if (answers.length === questions.length) break;
  }
  reader.close();
  return answers;
}

process.exitCode = await runCli(process.argv.slice(2), {
  streams: {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    terminal: process.stderr.isTTY === true,
    columns: process.stdout.columns ?? 120,
    ...(process.stdin.isTTY ? { secrets: askSecrets } : {}),
  },
  environment: process.env,
  workingDirectory: process.cwd(),
  version: version(),
  signal: interrupted.signal,
});

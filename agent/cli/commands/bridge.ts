// `tender bridge`: lets viewers of the @xstate/inspect protocol watch the machines. Starts the program in inspector/bridge as
// a process of its own, which alone knows XState 4; nothing of it runs unless this is asked for.
import { spawn } from 'node:child_process';
import { extname, join } from 'node:path';
import { TenderError } from '../../errors.ts';
import { type CliCommand, exitCodes } from '../command.ts';

/** From the sources and from dist/ alike: both keep the folders' order. */
const program = join(
  import.meta.dirname,
  '..',
  '..',
  '..',
  'inspector',
  'bridge',
  `main${extname(import.meta.filename)}`,
);

export const bridge: CliCommand = {
  usage: 'bridge',
  summary: 'let viewers of the @xstate/inspect protocol watch the machines, read-only, until Ctrl-C',
  options(command) {
    command
      .option('--port <n>', 'on this port of 127.0.0.1 instead of any free one')
      .option('--watch <actor...>', 'only these: connection/main, or all of a kind such as breaker')
      .option('--origin <origin...>', 'pages that may attach, such as https://stately.ai; else only programs')
      .option('--stately', 'serve the frames of @statelyai/inspect too')
      .option('--reveal', 'names, paths and keys as they are instead of made-up ones')
      .addHelpText(
        'after',
        '\nThe printed address is worth as much as a password: whoever has it can watch.' +
          '\nExit codes: 0 ended · 75 the port is taken · 70 the packages of inspector/bridge are missing.',
      );
  },
  async run(context, _args, options) {
    const { api } = await context.config();
    const port = String(options.port ?? '0');
    if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
      throw new TenderError('TENDER_USAGE', '--port needs a number from 0 to 65535; 0 is any free one.');
    const listed = (name: string, values: unknown) =>
      ((values ?? []) as readonly string[]).flatMap((value) => [`--${name}`, value]);
    const args = [
      ...['--socket', api.socket, '--port', port],
      ...listed('watch', options.watch),
      ...listed('origin', options.origin),
      ...['stately', 'reveal', 'json'].filter((name) => options[name] === true).map((name) => `--${name}`),
    ];
    // The channel tells it when we are gone, however we went.
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    child.stdout?.setEncoding('utf8').on('data', context.streams.out);
    child.stderr?.setEncoding('utf8').on('data', context.streams.err);
    const end = () => child.kill('SIGTERM');
    context.signal.addEventListener('abort', end, { once: true });
    if (context.signal.aborted) end();
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve(code ?? exitCodes.interrupted));
    });
  },
};

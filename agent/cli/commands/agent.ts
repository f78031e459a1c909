// `tender agent`: the daemon itself, in the foreground; systemd or a person decides where it runs.
import type { CliCommand } from '../command.ts';

export const agent: CliCommand = {
  usage: 'agent',
  summary: 'run the daemon in the foreground, until SIGTERM or Ctrl-C',
  async run(context) {
    const config = await context.config();
    // Loaded here: no other command pays for the daemon's memory and start.
    const { runAgent } = await import('../../main.ts');
    return runAgent(config, context.signal, context.version, (socket, page) =>
      context.tell({ type: 'ready', socket, page: page ?? null, pid: process.pid }),
    );
  },
};

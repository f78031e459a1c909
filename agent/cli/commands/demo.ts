// `tender demo`: the whole chain on this machine, loaded only when asked for.
import type { CliCommand } from '../command.ts';

export const demo: CliCommand = {
  usage: 'demo [args...]',
  summary: 'cloud, agent and a bad link on this machine, from folder to search hit',
  options(command) {
    command.allowUnknownOption().helpOption(false);
  },
  async run(context, [args], options) {
    const { run } = await import('../demo/demo.ts');
    return run([...(args as readonly string[]), ...(options.json ? ['--json'] : [])], {
      write: context.streams.out,
      userFolder: context.path('.'),
      signal: context.signal,
    });
  },
};

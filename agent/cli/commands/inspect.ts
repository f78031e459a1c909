// `tender inspect`: the inspector. Without a file it prints a link to the live one; with a bundle it says first what that
// is worth, then opens it. With --actor it stays in the terminal and tells one machine at one moment.
import type { CliCommand } from '../command.ts';

export const inspect: CliCommand = {
  usage: 'inspect [bundle]',
  summary: 'look into the machines: a link to the live page, a bundle, or one actor at one moment',
  options(command) {
    command
      .option('--verify', 'only say what the bundle is worth')
      .option('--print', 'print the address of a bundle instead of opening a browser')
      .option(
        '--actor <id>',
        'tell one machine here: connection, breaker, an upload’s id or four letters of it',
      )
      .option('--at <seq>', 'with --actor: as it was after this record of the log')
      .addHelpText(
        'after',
        '\nExit codes: 0 · 65 the bundle is damaged or does not replay with this build · 66 no such file or actor · 69 no agent.',
      );
  },
  async run(context, [file], options) {
    const { runInspect } = await import('../saved/run-inspect.ts');
    return runInspect(context, file as string | undefined, options);
  },
};

// `tender bundle`: one HTML file that shows what happened aboard and opens with a double-click anywhere: log, cells,
// configuration, status, findings and the inspector. Names are replaced before anything is written.
import type { CliCommand } from '../command.ts';

export const bundle: CliCommand = {
  usage: 'bundle',
  summary: 'save log, state and the inspector into one file that opens anywhere',
  options(command) {
    command
      .option('-o, --output <file>', 'file to write; default: tender-<time>.html here')
      .option('--since <time>', 'only the last so long of the log, such as 2h, or from a sequence number on')
      .option('--reveal <what>', '`names`: show file names and people; addresses and keys stay hidden')
      .option('--no-doctor', 'leave out what `tender doctor` finds')
      .addHelpText(
        'after',
        '\nNames, paths, addresses, keys and people are replaced by stable pseudonyms before anything is written.' +
          '\nExit codes: 0 written · 64 usage · 65 too large (use --since), or it would not replay · 66 no log here.',
      );
  },
  async run(context, _args, options) {
    // Loaded here: no other command, and above all not the agent, pays for it.
    const { saveBundle } = await import('../saved/save-bundle.ts');
    return saveBundle(context, options);
  },
};

// `tender config show [--origin]`: every setting, its value, and with --origin where that value came from and why the
// setting exists. Reads the same sources as the daemon would; needs no daemon.
import { TenderError } from '../../errors.ts';
import type { CliCommand } from '../command.ts';
import { table } from '../text.ts';

export const config: CliCommand = {
  usage: 'config <action>',
  summary: '`tender config show`: every setting, its value and where it came from',
  words: ['show'],
  options(command) {
    command.option(
      '--origin',
      'with where each value came from, what may be written, and why the setting exists',
    );
  },
  async run(context, [action], options) {
    if (action !== 'show') throw new TenderError('TENDER_USAGE', 'tender config knows one action: show.');
    const { lines } = await context.config();
    context.tell({ type: 'result', ok: true, settings: lines });
    if (options.origin === true)
      context.say(
        table([
          ['SETTING', 'VALUE', 'FROM', 'ACCEPTS', 'WHY'],
          ...lines.map((line) => [line.key, line.value, line.origin, line.accepts, line.why]),
        ]),
      );
    else context.say(table(lines.map((line) => [line.key, line.value])));
    return 0;
  },
};

// `tender whatif`: what an event would do, now or at a moment of the past. The machine is asked, nobody is told: the next
// state, the effects that would start, what would change. Nothing is sent, nothing is written.
import type { CliCommand } from '../command.ts';

export const whatif: CliCommand = {
  usage: 'whatif [bundle]',
  summary: 'what an event would do, now or in the past; nothing is sent',
  options(command) {
    command
      .option('--actor <id>', 'which machine: connection, breaker, an upload’s id or four letters of it')
      .option(
        '--event <type>',
        'which event, such as pause or send.failed; without it: a list of those possible',
      )
      .option('--at <seq>', 'as it was after this record of the log, instead of now')
      .addHelpText(
        'after',
        '\n--set field=value sets a field of the event (values as JSON or plain text); fields you leave out are filled in with' +
          '\na typical value and named. --set section.key=value is a setting, as everywhere.' +
          '\nExit codes: 0 it would be taken · 65 it would be refused, with the reason · 66 no such actor · 64 usage.',
      );
  },
  async run(context, [file], options) {
    const { whatIf } = await import('../saved/run-whatif.ts');
    return whatIf(context, file as string | undefined, options);
  },
};

// The command line as data, read from the same tree that parses it: what completion scripts are written from, so that they
// cannot know an option that does not exist.
import type { Command } from 'commander';

export interface FlagNode {
  /** `--json`; each with its dashes. */
  readonly long: string;
  readonly short: string | undefined;
  readonly takesValue: boolean;
  /** Its value is a file or a socket. */
  readonly takesFile: boolean;
  readonly summary: string;
}

export interface CommandNode {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly FlagNode[];
  /** What its first argument may be, where that is a fixed set. */
  readonly words: readonly string[];
  /** Its arguments are files. */
  readonly takesFiles: boolean;
}

const fileWords = /^(file|path|bundle)$/;

export function treeOf(
  program: Command,
  wordsOf: ReadonlyMap<string, readonly string[]>,
): readonly CommandNode[] {
  // Commander knows which are hidden only through its help.
  return program
    .createHelp()
    .visibleCommands(program)
    .filter((command) => command.name() !== 'help')
    .map((command) => ({
      name: command.name(),
      summary: command.description(),
      flags: [
        ...command.options.map((option) => ({
          long: option.long ?? '',
          short: option.short,
          takesValue: option.required || option.optional,
          takesFile: fileWords.test(/<(\w+)/.exec(option.flags)?.[1] ?? ''),
          summary: option.description,
        })),
        { long: '--help', short: '-h', takesValue: false, takesFile: false, summary: 'what it does' },
      ].filter(({ long }) => long !== ''),
      words: wordsOf.get(command.name()) ?? [],
      takesFiles: command.registeredArguments.some((argument) => fileWords.test(argument.name())),
    }));
}

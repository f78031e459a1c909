// `tender completion bash|zsh|fish`: a script that teaches the shell our commands and options, written from the tree that
// parses them.
import type { Command } from 'commander';
import { TenderError } from '../../errors.ts';
import type { CliCommand } from '../command.ts';

const shells = ['bash', 'zsh', 'fish'] as const;

/** `program` and `commands` are complete only when it runs. */
export function completionOf(program: Command, commands: readonly CliCommand[]): CliCommand {
  return {
    usage: 'completion <shell>',
    summary: 'a script that completes commands and options: bash, zsh or fish',
    words: shells,
    async run(context, [shell]) {
      const known = shells.find((one) => one === shell);
      if (!known) throw new TenderError('TENDER_USAGE', 'tender completion knows bash, zsh and fish.');
      const { treeOf } = await import('../completion/tree.ts');
      const words = new Map(
        [...commands, this].flatMap(({ usage, words }) => (words ? [[usage.split(' ')[0]!, words]] : [])),
      );
      const script = await writers[known](treeOf(program, words));
      context.tell({ type: 'result', ok: true, shell: known, script });
      if (!context.json) context.streams.out(script);
      return 0;
    },
  };
}

const writers = {
  bash: async (tree: Tree) => (await import('../completion/bash.ts')).bashScript(tree),
  zsh: async (tree: Tree) => (await import('../completion/zsh.ts')).zshScript(tree),
  fish: async (tree: Tree) => (await import('../completion/fish.ts')).fishScript(tree),
};

type Tree = ReturnType<typeof import('../completion/tree.ts').treeOf>;

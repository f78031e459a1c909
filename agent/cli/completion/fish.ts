// A completion script for fish: to be saved as ~/.config/fish/completions/tender.fish.
import type { CommandNode, FlagNode } from './tree.ts';

export function fishScript(commands: readonly CommandNode[]): string {
  const lines = [
    '# Completion of tender for fish: tender completion fish > ~/.config/fish/completions/tender.fish',
  ];
  lines.push('complete -c tender -f');
  for (const { name, summary, flags, words, takesFiles } of commands) {
    const here = `-n '__fish_seen_subcommand_from ${name}'`;
    lines.push(`complete -c tender -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`);
    for (const flag of flags) lines.push(`complete -c tender ${here} ${option(flag)}`);
    if (words.length > 0) lines.push(`complete -c tender ${here} -a ${quote(words.join(' '))}`);
    if (takesFiles) lines.push(`complete -c tender ${here} -F`);
  }
  return `${lines.join('\n')}\n`;
}

function option({ long, short, takesValue, takesFile, summary }: FlagNode): string {
  const parts = [`-l ${long.replace(/^--/, '')}`, ...(short ? [`-s ${short.replace('-', '')}`] : [])];
  if (takesFile) parts.push('-r -F');
  else if (takesValue) parts.push('-x');
  return `${parts.join(' ')} -d ${quote(summary)}`;
}

const quote = (text: string) => `'${text.replace(/[\\']/g, (sign) => `\\${sign}`)}'`;

// A completion script for zsh: to be saved as `_tender` in a folder of $fpath.
import type { CommandNode, FlagNode } from './tree.ts';

export function zshScript(commands: readonly CommandNode[]): string {
  const list = commands.map(
    ({ name, summary }) => `    ${quote(`${name}:${summary.replaceAll(':', '\\:')}`)}`,
  );
  const cases = commands.map(({ name, flags, words, takesFiles }) => {
    const rest =
      words.length > 0 ? `'1:what:(${words.join(' ')})'` : takesFiles ? "'*:file:_files'" : "'*: : '";
    return `    ${name}) _arguments ${[...flags.map(argument), rest].join(' \\\n      ')} ;;`;
  });
  return `#compdef tender
# Completion of tender for zsh: tender completion zsh > "\${fpath[1]}/_tender"
_tender() {
  local -a commands
  commands=(
${list.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
compdef _tender tender
`;
}

function argument({ long, takesValue, takesFile, summary }: FlagNode): string {
  const value = takesFile ? ':file:_files' : takesValue ? ':value: ' : '';
  return quote(`${long}[${summary.replace(/[[\]:\\]/g, (sign) => `\\${sign}`)}]${value}`);
}

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

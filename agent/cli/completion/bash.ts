// A completion script for bash, as `complete -F` wants it. Needs nothing but bash itself.
import type { CommandNode, FlagNode } from './tree.ts';

export function bashScript(commands: readonly CommandNode[]): string {
  const cases = commands.map(
    ({ name, flags, words, takesFiles }) =>
      `    ${name})\n      flags='${flags.map(({ long }) => long).join(' ')}'\n` +
      `      words='${words.join(' ')}'\n      files=${takesFiles ? 1 : 0} ;;`,
  );
  return `# Completion of tender for bash: eval "$(tender completion bash)", for ever in ~/.bashrc.
_tender() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} flags='' words='' files=0
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')} --help --version' -- "$cur"))
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
    *) return ;;
  esac
  case $prev in
    ${pattern(commands, ({ takesFile }) => takesFile)})
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      return ;;
    ${pattern(commands, ({ takesValue, takesFile }) => takesValue && !takesFile)}) return ;;
  esac
  case $cur in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$cur")) ;;
    *)
      if [ "$COMP_CWORD" -eq 2 ] && [ -n "$words" ]; then
        COMPREPLY=($(compgen -W "$words" -- "$cur"))
      elif [ "$files" -eq 1 ]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      fi ;;
  esac
}
complete -F _tender tender
`;
}

function pattern(commands: readonly CommandNode[], wanted: (flag: FlagNode) => boolean): string {
  const names = commands
    .flatMap(({ flags }) => flags.filter(wanted))
    .flatMap(({ long, short }) => (short ? [long, short] : [long]));
  return [...new Set(names)].sort().join('|') || '--none';
}

/** Completion for bash (3.2 and newer). Files are left to readline, which knows how to quote them. */
import type { CompletedCommand, CompletedOption, CompletedValue } from './completed-commands.ts';

function valueLine({ flags, value }: CompletedOption): string[] {
  return value ? [`        ${flags.join(' | ')}) ${valueAction(value)}; return ;;`] : [];
}

function valueAction({ words, path }: CompletedValue): string {
  if (words.length > 0) return `_glz_words '${words.join(' ')}'${path ? ' files' : ''}`;
  return path === 'folder' ? '_glz_folders' : path === 'file' ? '_glz_files' : '_glz_nothing';
}

function commandCase({ name, options, argument }: CompletedCommand): string {
  const flags = options.flatMap((option) => option.flags.filter((flag) => flag.startsWith('--')));
  return [
    `    ${name})`,
    '      case $prev in',
    ...options.flatMap(valueLine),
    '      esac',
    `      flags='${flags.join(' ')}'`,
    ...(argument ? [`      if [[ $cur != -* ]]; then ${valueAction(argument)}; return; fi`] : []),
    '      ;;',
  ].join('\n');
}

/** The script. @param general flags that stand in front of a command */
export function bashCompletion(commands: readonly CompletedCommand[], general: readonly string[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  return `# Completion of glz for bash, written by: glz completion bash
_glz_words() {
  COMPREPLY=($(compgen -W "$1" -- "$cur"))
  [[ $2 == files ]] || _glz_options +o default
}
_glz_options() { compopt "$@" 2>/dev/null || true; }
_glz_files() { :; }
_glz_folders() { _glz_options +o default -o dirnames; }
_glz_nothing() { _glz_options +o default; }
_glz() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} name='' flags='' i
  COMPREPLY=()
  # bash takes --flag=value apart
  if [[ $cur == = ]]; then
    cur=''
  elif [[ $prev == = ]]; then
    prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    if [[ \${COMP_WORDS[i]} != -* ]]; then
      name=\${COMP_WORDS[i]}
      break
    fi
  done
  case $name in
    '') flags='${names} help ${general.join(' ')}' ;;
    help) flags='${names}' ;;
${commands.map(commandCase).join('\n')}
    *) return ;;
  esac
  if [[ -z $cur || $cur == -* || -z $name || $name == help ]]; then _glz_words "$flags"; fi
}
complete -o default -F _glz glz
`;
}

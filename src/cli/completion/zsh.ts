/** Completion for zsh: a function for $fpath, which may also be sourced. */
import type { CompletedCommand, CompletedOption, CompletedValue } from './completed-commands.ts';

/** Text between single quotes. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const escaped = (text: string): string => text.replace(/[\\:[\]]/g, '\\$&');

function actionOf({ name, words, path }: CompletedValue): string {
  const title = escaped(name);
  if (words.length > 0) return path ? `:${title}: _glz_or_file ${words.join(' ')}` : `:${title}:(${words.join(' ')})`;
  return path === 'folder' ? `:${title}:_files -/` : path === 'file' ? `:${title}:_files` : `:${title}: `;
}

function optionSpec({ flags, description, value, isRepeatable }: CompletedOption): string {
  const rest = quoted(`[${escaped(description)}]${value ? actionOf(value) : ''}`);
  const named = flags.map((flag) => `${flag}${value ? (flag.startsWith('--') ? '=' : '+') : ''}`);
  if (isRepeatable) return named.map((flag) => `'*'${flag}${rest}`).join(' ');
  return flags.length > 1 ? `'(${flags.join(' ')})'{${named.join(',')}}${rest}` : `${named[0]}${rest}`;
}

function commandCase({ name, options, argument, hasSeveral }: CompletedCommand): string {
  const specs = options.map(optionSpec);
  if (argument) specs.push(quoted(`${hasSeveral ? '*' : '1'}${actionOf(argument)}`));
  return `        ${name})\n          _arguments -s \\\n            ${specs.join(' \\\n            ')}\n          ;;`;
}

/** The script. @param general flags that stand in front of a command */
export function zshCompletion(commands: readonly CompletedCommand[], general: readonly string[]): string {
  const described = commands.map(({ name, description }) => `        ${quoted(`${name}:${escaped(description)}`)}`).join('\n');
  return `#compdef glz
# Completion of glz for zsh, written by: glz completion zsh
_glz_or_file() {
  compadd -- "$@"
  _files
}
_glz() {
  local state line curcontext=$curcontext
  _arguments -C ${general.join(' ')} '1: :->command' '*:: :->rest'
  case $state in
    command)
      local -a commands=(
${described}
      )
      _describe command commands
      ;;
    rest)
      case $line[1] in
        help) compadd -- ${commands.map(({ name }) => name).join(' ')} ;;
${commands.map(commandCase).join('\n')}
      esac
      ;;
  esac
}
if [[ $funcstack[1] == _glz ]]; then _glz "$@"; else compdef _glz glz; fi
`;
}

/** Completion for fish. */
import type { CompletedCommand, CompletedOption, CompletedValue } from './completed-commands.ts';

const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

/** What fish offers in the place of a value: `-x` takes one and no files, `-r -F` takes one and files. */
function valueFlags({ words, path }: CompletedValue): string {
  if (words.length > 0) return `${path ? '-r -F' : '-x'} -a ${quoted(words.join(' '))}`;
  if (path === 'folder') return "-x -a '(__fish_complete_directories (commandline -ct))'";
  return path === 'file' ? '-r -F' : '-x';
}

const behind = (name: string): string => `complete -c glz -n '__fish_seen_subcommand_from ${name}'`;

function optionLine(name: string, { flags, description, value }: CompletedOption): string {
  const named = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)).join(' ');
  return `${behind(name)} ${named} ${value ? `${valueFlags(value)} ` : ''}-d ${quoted(description)}`;
}

function commandLines({ name, description, options, argument }: CompletedCommand): string[] {
  return [
    `complete -c glz -n __fish_use_subcommand -a ${name} -d ${quoted(description)}`,
    ...options.map((option) => optionLine(name, option)),
    ...(argument ? [`${behind(name)} ${argument.words.length > 0 ? `-a ${quoted(argument.words.join(' '))}` : '-F'}`] : []),
  ];
}

/** The script. @param general flags that stand in front of a command */
export const fishCompletion = (commands: readonly CompletedCommand[], general: readonly string[]): string =>
  [
    '# Completion of glz for fish, written by: glz completion fish',
    'complete -c glz -f',
    ...general.map((flag) => `complete -c glz -n __fish_use_subcommand -l ${flag.replace(/^--/, '')}`),
    'complete -c glz -n __fish_use_subcommand -a help',
    `${behind('help')} -a ${quoted(commands.map(({ name }) => name).join(' '))}`,
    ...commands.flatMap(commandLines),
    '',
  ].join('\n');

/** What can be completed on a command line of glz: its commands with their options, out of the declarations that the commands are made of. */
import type { Command, Option } from 'commander';

/** What stands for a value. */
export interface CompletedValue {
  /** Its placeholder: `file`. */
  name: string;
  /** All that it can be, or the best known of it. */
  words: readonly string[];
  /** Whether it is a file (or a folder with files), a folder, or neither. */
  path?: 'file' | 'folder';
}

/** A flag. */
export interface CompletedOption {
  /** `-o`, `--output`. */
  flags: string[];
  description: string;
  /** Undefined of a flag that takes none. */
  value?: CompletedValue;
  /** Whether it may be given more than once. */
  isRepeatable: boolean;
}

/** A command. */
export interface CompletedCommand {
  name: string;
  description: string;
  options: CompletedOption[];
  /** What stands behind it without a flag. */
  argument?: CompletedValue;
  /** Whether there may be several of it. */
  hasSeveral?: boolean;
}

/** Whether a placeholder stands for a path: `file`, `id or folder`, `folder or file`. */
function pathOf(name: string): CompletedValue['path'] {
  if (/\b(files?|path|inputs?|program|preset)\b/.test(name)) return 'file';
  return /\bfolder\b/.test(name) ? 'folder' : undefined;
}

const completedValue = (name: string, words: readonly string[] = []): CompletedValue => {
  // Of choices there are no others.
  const path = words.length > 0 && name !== 'preset' ? undefined : pathOf(name);
  return { name, words, ...(path ? { path } : {}) };
};

function completedOption(option: Option, presets: readonly string[]): CompletedOption {
  const placeholder = /[<[]([^>\].]+)/.exec(option.flags)?.[1];
  const words = option.argChoices ?? (placeholder === 'preset' ? presets : []);
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined && flag !== null) as string[],
    description: option.description,
    ...(placeholder === undefined ? {} : { value: completedValue(placeholder, words) }),
    isRepeatable: option.variadic || Array.isArray(option.defaultValue),
  };
}

const HELP: CompletedOption = { flags: ['-h', '--help'], description: 'display help for command', isRepeatable: false };

/**
 * A command as it is completed.
 * @param presets names of its presets
 */
export function completedCommand(command: Command, description: string, presets: readonly string[]): CompletedCommand {
  const [argument] = command.registeredArguments;
  return {
    name: command.name(),
    description,
    options: [...command.options.map((option) => completedOption(option, presets)), HELP],
    ...(argument ? { argument: completedValue(argument.name(), argument.argChoices), hasSeveral: argument.variadic } : {}),
  };
}

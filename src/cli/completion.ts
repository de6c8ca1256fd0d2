/** `glz completion`: a script that makes a shell complete commands, options, choices, files and folders. */
import { Argument, Command } from 'commander';
import { presetNames } from '../verbs/presets.ts';
import { bashCompletion } from './completion/bash.ts';
import { type CompletedCommand, completedCommand } from './completion/completed-commands.ts';
import { fishCompletion } from './completion/fish.ts';
import { zshCompletion } from './completion/zsh.ts';
import { COMMANDS } from './main.ts';

const EXAMPLES = `
Examples:
  bash, in ~/.bashrc:
    source <(glz completion bash)
  zsh, into a folder of $fpath (then a new shell):
    $ glz completion zsh > ~/.zsh/completions/_glz
  fish:
    $ glz completion fish > ~/.config/fish/completions/glz.fish`;

/** Flags that stand in front of a command. */
const GENERAL = ['--help', '--version', '--debug'];

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

async function completedCommands(): Promise<CompletedCommand[]> {
  const all = await Promise.all(
    Object.values(COMMANDS).map(async ([description, load]) => ({ description, command: (await load()).command() })),
  );
  return all.map(({ description, command }) => completedCommand(command, description, presetNames(command.name())));
}

async function run(shell: keyof typeof SHELLS): Promise<void> {
  process.stdout.write(SHELLS[shell](await completedCommands(), GENERAL));
}

/** The command's definition. */
export function command(): Command {
  return new Command('completion')
    .description('Print a script that makes your shell complete commands, options, choices, files and folders.')
    .addArgument(new Argument('<shell>', 'whose script').choices(Object.keys(SHELLS)))
    .addHelpText('after', EXAMPLES)
    .action(run);
}

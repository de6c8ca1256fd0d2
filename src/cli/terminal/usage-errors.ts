/** What commander says of a wrong command line, in the form of all other errors: one prefix, a line, the nearest name. */
import type { Command } from 'commander';
import { printable } from '../../base/printable.ts';
import { lookOf } from '../../base/terminal/look.ts';
import { nearestName } from '../../options/check.ts';

/** Names that options have in other programs, without their dashes, and ours. The first of ours that the command has is named. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  'text-column': ['text-field'],
  'text-col': ['text-field'],
  'text-key': ['text-field'],
  column: ['text-field'],
  field: ['text-field'],
  'label-column': ['label-field'],
  'label-col': ['label-field'],
  'label-key': ['label-field'],
  target: ['label-field'],
  label: ['labels'],
  classes: ['labels'],
  candidates: ['labels'],
  'candidate-labels': ['labels'],
  model: ['checkpoint'],
  'model-path': ['checkpoint'],
  'base-model': ['checkpoint'],
  input: ['data'],
  file: ['data'],
  'train-file': ['data'],
  out: ['output'],
  outfile: ['output'],
  'output-dir': ['output'],
  'output-file': ['output'],
  lr: ['learning-rate'],
  batch: ['batch-size'],
  steps: ['max-steps'],
  multi: ['multi-label'],
  multilabel: ['multi-label'],
  sep: ['delimiter', 'label-separator'],
  separator: ['delimiter', 'label-separator'],
};

/** Commands that people look for by another name. */
const OTHER_COMMANDS: Readonly<Record<string, string>> = { classify: 'predict', label: 'predict', run: 'predict', 'fine-tune': 'train' };

/** What was meant by an option or a command that there is not, or what an argument may be; undefined where nothing is near. */
function meant(message: string, command: Command): string | undefined {
  const [, kind, name] = /^error: unknown (option|command) '(?:--)?([^'=]+)/.exec(message) ?? [];
  if (kind === 'option') {
    const options = command.options.flatMap(({ long }) => long?.slice(2) ?? []);
    const others = Object.hasOwn(OTHER_NAMES, name) ? OTHER_NAMES[name] : [];
    const near = others.find((other) => options.includes(other)) ?? nearestName(name, options);
    return near && `did you mean --${near}?`;
  }
  if (kind === 'command') {
    const commands = command.commands.map((each) => each.name());
    const near = Object.hasOwn(OTHER_COMMANDS, name) ? OTHER_COMMANDS[name] : nearestName(name, commands);
    return near && `did you mean ${near}?`;
  }
  const [, missing] = /^error: missing required argument '([^']+)'/.exec(message) ?? [];
  const choices = command.registeredArguments.find((argument) => argument.name() === missing)?.argChoices;
  return choices && `there are ${choices.join(', ')}`;
}

/** A message of commander as glz says it: what commander would suggest may be far off, so what is near is found here. */
export function usageError(message: string, command: Command): string {
  const own = message
    .trimEnd()
    .replace(/^error: /, '')
    .replace(/\n\(Did you mean .*\?\)$/s, '');
  const hint = meant(message, command);
  return `${lookOf(process.stderr).paint('glz:', 'poor')} ${printable(hint ? `${own}; ${hint}` : own)}\n`;
}

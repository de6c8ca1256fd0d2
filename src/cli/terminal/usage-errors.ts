/** What commander says of a wrong command line, in the form of all other errors: one prefix, a line, the nearest name. */
import type { Command } from 'commander';
import { printable } from '../../base/printable.ts';
import { lookOf } from '../../base/terminal/look.ts';

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

/** A message of commander as glz says it. */
export function usageError(message: string, command: Command): string {
  const [, name] = /^error: unknown option '--([^'=]+)/.exec(message) ?? [];
  const others = Object.hasOwn(OTHER_NAMES, name ?? '') ? OTHER_NAMES[name] : [];
  const known = others.find((other) => command.options.some(({ long }) => long === `--${other}`));
  const own = message
    .trimEnd()
    .replace(/^error: /, '')
    .replace(/\n\(Did you mean (.*)\?\)$/s, known ? '' : '; did you mean $1?');
  return `${lookOf(process.stderr).paint('glz:', 'poor')} ${printable(known ? `${own}; did you mean --${known}?` : own)}\n`;
}

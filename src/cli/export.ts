/** `glz export`: flags and messages; the work is in src/verbs/export.ts. */
import { Command } from 'commander';
import type { Filled } from '../options/declaration.ts';
import { EXPORT_FLAGS } from '../options/export.ts';
import { exportCheckpoint } from '../verbs/export.ts';
import { addFlags } from './flags.ts';
import { noteLine } from './terminal.ts';

const EXAMPLES = `
Examples:
  The shipped checkpoint:
    $ glz export --output glz-onnx
  A checkpoint of your own, 8-bit only:
    $ glz export --checkpoint runs/mine --output mine-onnx --precision int8

The folder gets model.onnx and model_int8.onnx, the tokenizer, an example with its logits, and a README on inputs and outputs.`;

type ExportFlags = Filled<typeof EXPORT_FLAGS>;

/** The command's definition. */
export function command(): Command {
  return addFlags(new Command('export').description('Write a checkpoint as ONNX files for other runtimes.'), EXPORT_FLAGS)
    .addHelpText('after', EXAMPLES)
    .action(({ quiet, ...flags }: ExportFlags) => exportCheckpoint({ ...flags, ...(quiet ? {} : { note: noteLine }) }));
}

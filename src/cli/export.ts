/** `glz export`: flags, progress and messages; the work is in src/verbs/export.ts. */
import { Command } from 'commander';
import type { Filled } from '../options/declaration.ts';
import { EXPORT_FLAGS } from '../options/export.ts';
import { exportCheckpoint } from '../verbs/export.ts';
import { addFlags } from './flags.ts';
import { type Progress, startProgress } from './terminal/progress.ts';
import { noteLine } from './terminal/terminal.ts';

const EXAMPLES = `
Examples:
  The shipped checkpoint:
    $ glz export --output glz-onnx
  A checkpoint of your own, 8-bit only:
    $ glz export --checkpoint runs/mine --output mine-onnx --precision int8

The folder gets model.onnx and model_int8.onnx, the tokenizer, an example with its logits, and a README on inputs and outputs.`;

type ExportFlags = Filled<typeof EXPORT_FLAGS>;

async function run({ quiet, ...flags }: ExportFlags): Promise<void> {
  let progress: Progress | undefined;
  const stop = () => {
    progress?.stop();
    progress = undefined;
  };
  const note = (line: string) => {
    stop();
    if (!quiet) noteLine(line);
  };
  try {
    await exportCheckpoint({
      ...flags,
      note,
      onProduct(done, products) {
        progress ??= startProgress({ label: 'tried in 8 bits', unit: 'products', total: products, quiet });
        progress.update(done);
      },
    });
  } finally {
    stop();
  }
}

/** The command's definition. */
export function command(): Command {
  return addFlags(new Command('export').description('Write a checkpoint as ONNX files for other runtimes.'), EXPORT_FLAGS)
    .addHelpText('after', EXAMPLES)
    .action((flags: ExportFlags) => run(flags));
}

/** `glz export`: flags, progress and messages; the work is in src/verbs/export.ts. */
import { Command } from 'commander';
import type { Filled } from '../options/declaration.ts';
import { EXPORT_FLAGS } from '../options/export.ts';
import { exportCheckpoint } from '../verbs/export.ts';
import { addFlags } from './flags.ts';
import { formatDuration, type Progress, startProgress } from './terminal/progress.ts';
import { noteLine } from './terminal/terminal.ts';

const EXAMPLES = `
Examples:
  The shipped checkpoint:
    $ glz export --output glz-onnx
  A checkpoint of your own, 8-bit only:
    $ glz export --checkpoint runs/mine --output mine-onnx --precision int8

The folder gets model.onnx and model_int8.onnx, the tokenizer, an example with its logits, and a README on inputs and outputs.`;

type ExportFlags = Filled<typeof EXPORT_FLAGS>;

const size = (bytes: number): string => (bytes < 100_000 ? `${bytes} bytes` : `${(bytes / 1e6).toFixed(1)} MB`);

async function run({ quiet, ...flags }: ExportFlags): Promise<void> {
  const note = (line: string): void => {
    if (!quiet) noteLine(line);
  };
  const began = performance.now();
  let counter: Progress | undefined;
  let where = '';
  try {
    await exportCheckpoint({
      ...flags,
      note,
      onGraph(file, place, graphs) {
        where = `${place} of ${graphs}: ${file}`;
      },
      onProduct(done, products) {
        counter ??= startProgress({ label: 'tried in 8 bits', unit: 'products', total: products, quiet });
        counter.update(done);
      },
      onMade(_, bytes, seconds) {
        counter?.stop();
        counter = undefined;
        note(`${where}, ${size(bytes)}, made in ${formatDuration(seconds)}`);
      },
    });
  } finally {
    counter?.stop();
  }
  note(`exported to ${flags.output} in ${formatDuration((performance.now() - began) / 1000)}; its README.md says how to run it`);
}

/** The command's definition. */
export function command(): Command {
  return addFlags(new Command('export').description('Write a checkpoint as ONNX files for other runtimes.'), EXPORT_FLAGS)
    .addHelpText('after', EXAMPLES)
    .action(run);
}

/** `glz merge`: joins what the shards of `glz predict` have written; the work is in src/classify/shards. */
import { Command } from 'commander';
import { mergeParts } from '../classify/shards/merge-parts.ts';
import type { Filled } from '../options/declaration.ts';
import { MERGE_FLAGS } from '../options/merge.ts';
import { addFlags } from './flags.ts';
import { noteLine } from './terminal/terminal.ts';

const EXAMPLES = `
Examples:
  Two shares, on two machines that see the same files, then one file:
    $ glz predict tickets.jsonl --labels-file topics.txt --output labelled.jsonl --shard 1/2
    $ glz predict tickets.jsonl --labels-file topics.txt --output labelled.jsonl --shard 2/2
    $ glz merge labelled.jsonl
`;

/** The command's definition. */
export function command(): Command {
  const merge = new Command('merge')
    .description('Join the parts that glz predict --shard wrote; what comes out is what a run of all would have written.')
    .argument('<output>', 'the --output of the parts: labelled.jsonl for labelled.jsonl.1-of-8');
  return addFlags(merge, MERGE_FLAGS)
    .addHelpText('after', EXAMPLES)
    .action((output: string, { quiet }: Filled<typeof MERGE_FLAGS>) => {
      const { parts, records, skipped } = mergeParts(output);
      if (quiet) return;
      noteLine(`${output}: ${records} records of ${parts} parts${skipped > 0 ? `; ${skipped} were malformed and left out` : ''}`);
    });
}

/** Where results of `glz predict` are written, in which format, and what is kept of them where a run ends early. */
import { UsageError } from '../../base/errors.ts';
import { statsOf } from '../../base/files.ts';
import { gzipOutput, zstdOutput } from '../../classify/records/compressed-output.ts';
import { type Output, openOutput, type Pieces } from '../../classify/records/output-file.ts';
import { compressionOfName, formatOfOutput } from '../../data/output-formats/index.ts';
import { JSONL } from '../../data/output-formats/jsonl.ts';
import type { OutputFormat, RecordWriter } from '../../data/output-formats/output-format.ts';
import type { PredictFlags } from './predict-flags.ts';

/** Results that are being written. */
export interface Results {
  readonly output: Output;
  readonly format: OutputFormat;
  /** Whether a file of them means nothing without its end. */
  readonly isWhole: boolean;
  /** The file that they take the place of, where there is something in it. */
  readonly replaced?: string;
  /** What puts records into the format, once that has begun. */
  writer?: RecordWriter;
  /** Records that were written. */
  done: number;
}

/** The format of results. @throws UsageError where it does not fit what else is asked for */
export function formatOfResults(output: string | undefined, flags: PredictFlags): OutputFormat {
  const format = formatOfOutput(output, flags.outputFormat);
  if (flags.wide && !format.isTable) throw new UsageError('--wide is for tables: name --output FILE.csv, or say --output-format csv');
  if (flags.wide && flags.questions !== undefined) throw new UsageError('--wide is for labels: answers to --questions have one column');
  if (flags.explain && format.isTable)
    throw new UsageError('--explain gives each text a list of words, for which a table has no columns: write JSONL');
  format.check?.();
  if (format.isWhole && output === undefined && process.stdout.isTTY)
    throw new UsageError(`--output-format ${format.extension.slice(1)} is not for a terminal: name --output FILE, or pipe it on`);
  return format;
}

/** What of the flags a format of rows cannot hold, as a note. */
export function lostLabels(format: OutputFormat, { topK = 1, wide, multiLabel, quiet }: PredictFlags): string | undefined {
  if (quiet || topK < 2 || wide || multiLabel || !format.isTable || format.isWhole) return undefined;
  return `note: a table has the best label alone, whatever --top-k says; --wide adds a column with the score of each`;
}

/** A note on a file of lines whose name promises one JSON value. */
export function linesInJson(format: OutputFormat, { output = '', quiet, shard }: PredictFlags): string | undefined {
  if (quiet || shard !== undefined || format !== JSONL || !/\.json(\.gz|\.zst)?$/i.test(output)) return undefined;
  return `note: ${output} gets a JSON object a line, not one list, which files that end in .jsonl have`;
}

/** An output as its file's name asks for it to be compressed. @throws DataError where that cannot be done; the output is then given up */
function compressed(output: Output, path: string | undefined): Output {
  const compression = compressionOfName(path);
  if (compression === undefined) return output;
  try {
    return compression === 'gzip' ? gzipOutput(output) : zstdOutput(output, `--output ${path}`);
  } catch (error) {
    output.discard?.();
    throw error;
  }
}

/** A file that is there and holds something, and is no part that is gone on with. */
const filledFile = (path: string | undefined, part: Output | undefined): string | undefined => {
  const stats = path === undefined || part ? undefined : statsOf(path);
  return stats?.isFile() && stats.size > 0 ? path : undefined;
};

/**
 * Opens results; of a file they take the lock, and change nothing yet.
 * @param part an output that is open, of a shard
 * @throws as openOutput
 */
export function openResults(path: string | undefined, format: OutputFormat, part?: Output): Results {
  const compression = compressionOfName(path);
  const isWhole = format.isWhole === true || compression === 'zstd';
  const pieces: Pieces = isWhole ? 'parts' : format === JSONL && !compression ? 'lines' : 'records';
  // Of what means nothing without its end no blocks are kept.
  const opened = part && isWhole ? { ...part, endBlock: undefined } : (part ?? openOutput(path, pieces));
  return { output: compressed(opened, path), format, isWhole, replaced: filledFile(path, part), done: 0 };
}

/** Ends early: the path of what is kept. */
export async function keepResults({ output, isWhole, writer, done }: Results): Promise<string | undefined> {
  if (!isWhole) return output.keep();
  if (done > 0) {
    await writer?.end();
    return output.keep();
  }
  output.discard?.();
  return undefined;
}

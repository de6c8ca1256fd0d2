/** The formats of results. */
import { UsageError } from '../../base/errors.ts';
import { CSV } from './csv.ts';
import { JSONL } from './jsonl.ts';
import type { OutputFormat } from './output-format.ts';
import { PARQUET } from './parquet.ts';
import { TSV } from './tsv.ts';

const FILE_FORMATS: readonly OutputFormat[] = [JSONL, CSV, TSV, PARQUET];

/** Names of files that people expect something else in than JSONL. */
const UNWRITTEN = /\.(arrow|feather|xlsx?|zip|bz2|xz)$/i;

/** How a file's name asks for its bytes to be compressed. */
export function compressionOfName(path: string | undefined): 'gzip' | 'zstd' | undefined {
  if (/\.gz$/i.test(path ?? '')) return 'gzip';
  return /\.zst$/i.test(path ?? '') ? 'zstd' : undefined;
}

/** @throws UsageError for a format that is compressed inside in a file that is to be compressed as a whole */
function plainly(path: string | undefined, format: OutputFormat): OutputFormat {
  if (format === PARQUET && compressionOfName(path))
    throw new UsageError(
      `--output ${path}: Parquet is compressed inside, and no reader takes it compressed as a whole; leave the ending off`,
    );
  return format;
}

/** Whether files of a format can be joined of pieces: a header, and results one behind the other. */
export const canBeJoined = (format: OutputFormat): boolean => [JSONL, CSV, TSV].includes(format);

/**
 * The format that is said, or that a file's name asks for; JSONL of other names and of stdout.
 * @throws UsageError for the name of a format that is not written
 */
export function formatOfOutput(path: string | undefined, said?: string): OutputFormat {
  if (said !== undefined) return plainly(path, FILE_FORMATS.find(({ extension }) => extension === `.${said}`) ?? JSONL);
  const name = path?.replace(/\.(gz|zst)$/i, '').toLowerCase();
  const other = UNWRITTEN.exec(name ?? '')?.[0];
  if (other !== undefined)
    throw new UsageError(
      `--output ${path}: ${other} is not written; there are .jsonl, .csv and .tsv, each also .gz or .zst, and .parquet (or say --output-format)`,
    );
  return plainly(path, FILE_FORMATS.find(({ extension }) => name?.endsWith(extension)) ?? JSONL);
}

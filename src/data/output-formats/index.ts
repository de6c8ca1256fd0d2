/** The formats of results. */
import { JSONL } from './jsonl.ts';
import type { OutputFormat } from './output-format.ts';

const FILE_FORMATS: readonly OutputFormat[] = [JSONL];

/** The format that a file's name asks for; JSONL of other names and of stdout. */
export const formatOfOutput = (path: string | undefined): OutputFormat =>
  FILE_FORMATS.find(({ extension }) => path?.toLowerCase().endsWith(extension)) ?? JSONL;

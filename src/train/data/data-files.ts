/** The records of training files as they are written, with what is odd about them: what is malformed, duplicates, contradictions. */
import { createHash } from 'node:crypto';
import { DataError } from '../../base/errors.ts';
import type { LabelledExample } from '../../data/examples.ts';
import { datasetFiles } from '../../data/labelled/dataset-files.ts';
import { type ExampleOptions, readExamples } from '../../data/labelled/read-examples.ts';
import { type DataReport, emptyReport, skipMalformed } from './data-report.ts';

/** A file to read and how. */
export interface DataFile {
  path: string;
  weight: number;
  distill: boolean;
  label_noise?: number;
  languages?: readonly string[];
}

/** How files are read. */
export interface DataFileSettings extends Omit<ExampleOptions, 'counts' | 'onBad'> {
  /** Leave malformed and unusable rows out and count them, instead of stopping at the first. */
  skipBadRows?: boolean;
}

/** A file that was read. */
export interface ReadFile {
  file: DataFile;
  /** What it is called in tables. */
  name: string;
  examples: LabelledExample[];
  /** What is wrong with its first malformed row. */
  firstMalformed: string | undefined;
}

const union = (a: readonly string[], b: readonly string[]): string[] => [...new Set([...a, ...b])];

/** Remembers what all rows so far say of a text, and notes what contradicts it. */
function createTextMemory({ contradictions }: DataReport) {
  const known = new Map<string, Pick<LabelledExample, 'labels' | 'notLabels'>>();
  return {
    has: (text: string): boolean => known.has(text),
    add(example: LabelledExample, where: string): void {
      const before = known.get(example.text);
      if (!before) {
        known.set(example.text, example);
        return;
      }
      for (const [yes, no] of [
        [example.labels, before.notLabels],
        [before.labels, example.notLabels],
      ])
        for (const label of yes) if (no.includes(label)) contradictions.push({ text: example.text, label, where });
      known.set(example.text, { labels: union(before.labels, example.labels), notLabels: union(before.notLabels, example.notLabels) });
    },
  };
}

/** Files that were read. */
export interface ReadFiles {
  read: ReadFile[];
  /** sha256 of all records in order. */
  hash: string;
  /** What is odd about them. */
  report: DataReport;
}

/** Reads files. @throws DataError naming file and line of the first malformed row; for a file without records */
export async function readDataFiles(files: readonly DataFile[], settings: DataFileSettings): Promise<ReadFiles> {
  const report = emptyReport();
  const hash = createHash('sha256');
  const texts = createTextMemory(report);
  const onBad = settings.skipBadRows ? (error: DataError) => skipMalformed(report, error) : undefined;
  const read: ReadFile[] = [];
  for (const file of files) {
    const examples: LabelledExample[] = [];
    const seen = new Set<string>();
    const malformedBefore = report.malformed.length;
    const source = datasetFiles(file.path, 'train');
    const counts = ({ lang }: Readonly<Record<string, unknown>>) =>
      !(file.languages && typeof lang === 'string' && !file.languages.includes(lang));
    for await (const { example, where } of readExamples(source, 'train', { ...settings, counts, onBad })) {
      if (seen.has(example.text)) report.duplicates++;
      else if (texts.has(example.text)) report.duplicatesAcross++;
      texts.add(example, where);
      seen.add(example.text);
      hash.update(JSON.stringify([example.text, example.labels, example.notLabels]));
      examples.push(example);
    }
    // A file of which every line is malformed says what is wrong with the first.
    const firstMalformed = report.malformed[malformedBefore];
    if (examples.length === 0)
      throw new DataError(firstMalformed ?? `${file.path}: no records${file.languages ? ` in ${file.languages.join(', ')}` : ''}`);
    read.push({ file, name: source.name, examples, firstMalformed });
  }
  return { read, hash: hash.digest('hex'), report };
}

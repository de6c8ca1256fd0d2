/** Small evaluation sets in temporary folders. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A temporary folder. */
export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'glz-eval-'));

/** Writes `<parent>/<name>/{test.jsonl,labels.json}` and returns its path. */
export function writeSet(parent: string, name: string, records: readonly object[], labels?: readonly string[]): string {
  const folder = join(parent, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'test.jsonl'), records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  if (labels) writeFileSync(join(folder, 'labels.json'), JSON.stringify(labels));
  return folder;
}

/** Records whose texts name their label, `count` of them. */
export const plainRecords = (labels: readonly string[], count: number): { text: string; labels: string[] }[] =>
  Array.from({ length: count }, (_, i) => ({ text: `text ${i} about ${labels[i % labels.length]}`, labels: [labels[i % labels.length]] }));

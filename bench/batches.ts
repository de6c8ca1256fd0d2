/**
 * How labels are best split into sequences and sequences into batches: milliseconds a text, by the clock, each the faster of two.
 * The texts are words of the README, the labels two such words and a number.
 * Run: npm run bench -- batches [threads, default 1] [checkpoint]
 */
import { readFileSync } from 'node:fs';
import type { ClassifierOptions } from '../src/classify/classifier.ts';
import { loadClassifier } from '../src/classify/load-classifier.ts';

const [threads = '1', folder = 'checkpoints/glz-mini'] = process.argv.slice(2);
const WORDS = [15, 60, 200];
const LABELS = [10, 50, 100];
const LABELS_A_SEQUENCE = [15, 25, 50, 100];
const TOKENS_A_BATCH = [512, 1024, 2048, 4096, 8192];
/** Texts of a measurement: so many that they fill the largest batch, with about 1.4 tokens a word and 5 a label. */
const textsFor = (words: number, labels: number): number => Math.ceil(Math.max(...TOKENS_A_BATCH) / (1.4 * words + 5 * labels));

const words = readFileSync('README.md', 'utf8').match(/[a-z]+/gi)!;
const textOf = (at: number, length: number): string => Array.from({ length }, (_, i) => words[(7 * at + i) % words.length]).join(' ');
// The number is there because no two labels may be equal.
const labelsOf = (count: number): string[] => Array.from({ length: count }, (_, i) => `${words[i]} ${words[200 + 2 * i]} ${i}`);

const classifier = await loadClassifier(folder, { threads: Number(threads) });

/** Milliseconds a text. */
async function time(length: number, labels: readonly string[], options: ClassifierOptions): Promise<number> {
  const requests = Array.from({ length: textsFor(length, labels.length) }, (_, at) => ({ text: textOf(at, length), labels }));
  let fastest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 2; round++) {
    const start = performance.now();
    await classifier.logits(requests, { shortlist: 0, ...options });
    fastest = Math.min(fastest, performance.now() - start);
  }
  return fastest / requests.length;
}

async function table(title: string, columns: readonly number[], optionsOf: (column: number) => ClassifierOptions): Promise<void> {
  console.log(`\n| words | labels | ${columns.map((column) => `${column} ${title}`).join(' | ')} |`);
  console.log(`| --- | --- |${' --- |'.repeat(columns.length)}`);
  for (const length of WORDS)
    for (const count of LABELS) {
      const cells: string[] = [];
      for (const column of columns) cells.push((await time(length, labelsOf(count), optionsOf(column))).toFixed(1));
      console.log(`| ${length} | ${count} | ${cells.join(' | ')} |`);
    }
}

console.log(`${folder}, ${threads} threads, ms a text`);
await table('labels a sequence', LABELS_A_SEQUENCE, (maxLabelsPerGroup) => ({ maxLabelsPerGroup }));
await table('tokens a batch', TOKENS_A_BATCH, (batchTokens) => ({
  batchTokens,
  batchSize: 1024,
  maxLabelsPerGroup: 25,
}));
await classifier.dispose();

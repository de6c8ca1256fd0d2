/**
 * Speed and memory of the tokenizer and of building joint batches, on the text of the fixtures' corpus or of a file of your own.
 * Run:
 *   npx tsc -p tsconfig.json --noEmit false --outDir .cache/bench && node .cache/bench/bench/tokenize.js [model folder] [text file]
 */
import { readFileSync } from 'node:fs';
import { buildJointSequence, padBatch, prepareLayout } from '../src/text/joint-sequence.ts';
import { createLabelEncoder } from '../src/text/labels.ts';
import { loadTokenizer } from '../src/text/tokenizer/tokenizer.ts';

const folder = process.argv[2] ?? 'tests/fixtures/encoders/bert';
const lines = readFileSync(process.argv[3] ?? 'tests/fixtures/encoders/corpus.txt', 'utf8')
  .split('\n')
  .filter((line) => line.trim() !== '');
const SECONDS = 5;
const BATCH = 32;
const LABELS = ['sports', 'politics', 'science and technology', 'business', 'health', 'travel', 'music', 'law', 'weather', 'food'];

const started = performance.now();
const tokenizer = await loadTokenizer(folder);
await tokenizer.encode('warm');
console.log(`load ${folder}: ${(performance.now() - started).toFixed(0)} ms`);
const megabytes = () => (process.memoryUsage().rss / 1e6).toFixed(0);
const firstMemory = megabytes();

/** Repeats `step` on batch after batch for some seconds; it returns the tokens it handled. */
async function rate(name: string, step: (texts: string[]) => Promise<number>): Promise<void> {
  let tokens = 0;
  let texts = 0;
  const start = performance.now();
  for (let at = 0; performance.now() - start < SECONDS * 1000; at += BATCH) {
    const batch = Array.from({ length: BATCH }, (_, k) => lines[(at + k) % lines.length]!);
    tokens += await step(batch);
    texts += BATCH;
  }
  const seconds = (performance.now() - start) / 1000;
  console.log(
    `${name}: ${(tokens / seconds / 1e6).toFixed(2)} M tokens/s, ${(texts / seconds).toFixed(0)} texts/s, memory ${megabytes()} MB`,
  );
}

const sum = (rows: { length: number }[]) => rows.reduce((total, row) => total + row.length, 0);
await rate(`encode, ${BATCH} lines a call`, async (texts) => sum(await tokenizer.encodeBatch(texts)));
await rate('the same, 8 lines joined to a text', async (texts) => {
  const joined = Array.from({ length: BATCH / 8 }, (_, k) => texts.slice(8 * k, 8 * k + 8).join(' '));
  return sum(await tokenizer.encodeBatch(joined));
});

const layout = await prepareLayout(tokenizer, {
  labelStyle: 'separator',
  token: ';',
  labelMaskOn: 'label',
  maxLength: Math.min(512, tokenizer.modelMaxLength),
});
const labels = createLabelEncoder(tokenizer, layout.labelLimit);
const few = LABELS.slice(0, tokenizer.modelMaxLength < 128 ? 3 : 10);
await rate(`joint batch, ${BATCH} lines x ${few.length} labels`, async (texts) => {
  const [textIds, labelIds] = await Promise.all([tokenizer.encodeBatch(texts, { atLeast: layout.capacity }), labels.encode(few)]);
  const batch = padBatch(
    textIds.map((ids) => buildJointSequence(layout, ids, labelIds)),
    tokenizer.special.pad,
  );
  return batch.attentionMask.reduce((total, value) => total + value, 0);
});

const huge = `${lines.join(' ')} `.repeat(Math.ceil(10e6 / lines.join(' ').length)).slice(0, 10e6);
const whole = performance.now();
await tokenizer.encode(huge, { atLeast: layout.capacity });
console.log(`text of 10 MB for a sequence of ${layout.capacity}: ${(performance.now() - whole).toFixed(1)} ms`);
const blank = performance.now();
await tokenizer.encode(' '.repeat(10e6), { atLeast: layout.capacity });
console.log(`10 MB of spaces: ${(performance.now() - blank).toFixed(1)} ms; memory ${firstMemory} MB at the start, ${megabytes()} MB now`);

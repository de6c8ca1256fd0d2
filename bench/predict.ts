/**
 * What glz predict costs beside the model: reading, tokenizing, batching and writing, against a bare ONNX Runtime loop over the same
 * padded batches with pre-made ids. Both in turn, several times, in one process.
 * Run: npm run bench -- predict [texts] [labels] [checkpoint]
 */
import { mkdtempSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClassifier } from '../src/classify/classifier.ts';
import { deriveInferenceGraph } from '../src/classify/inference-graph.ts';
import { createOnnxScorer } from '../src/classify/onnx-scorer.ts';
import { predictRecords } from '../src/classify/records/predict-records.ts';
import { sequenceFeeds } from '../src/classify/sequence-feeds.ts';
import { readRecords } from '../src/data/read-records.ts';
import { membersJson } from '../src/data/record-members.ts';
import { cacheFolder, derivedFile } from '../src/runtime/graph-cache.ts';
import { createGraphSession } from '../src/runtime/onnx-session.ts';
import type { JointBatch } from '../src/text/joint-sequence.ts';
import { loadTokenizer } from '../src/text/tokenizer/tokenizer.ts';
import { checkpointHash, readCheckpointConfig } from '../src/weights/checkpoint.ts';

const count = Number(process.argv[2] ?? 1500);
const labelCount = Number(process.argv[3] ?? 10);
const folder = process.argv[4] ?? 'checkpoints/glz-mini';
const ROUNDS = 3;

const texts = readdirSync('datasets/benchmark', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) =>
    readFileSync(join('datasets/benchmark', name, 'test.jsonl'), 'utf8')
      .split('\n')
      .filter(Boolean),
  )
  .map((line) => (JSON.parse(line) as { text: string }).text);
const LABELS = 'sports politics science business health travel music law weather food art history finance nature games'.split(' ');
const labels = Array.from({ length: labelCount }, (_, i) => (i < LABELS.length ? LABELS[i] : `${LABELS[i % LABELS.length]} ${i}`));
const work = mkdtempSync(join(tmpdir(), 'glz-bench-'));
const input = join(work, 'input.jsonl');
writeFileSync(input, Array.from({ length: count }, (_, i) => JSON.stringify({ id: i, text: texts[i % texts.length] })).join('\n'));

const config = readCheckpointConfig(folder);
const graph = await derivedFile(checkpointHash(folder, config, cacheFolder()), 'fp32', () => deriveInferenceGraph(folder, config, 'fp32'));
const session = await createGraphSession(graph);
const scorer = createOnnxScorer(session);
const batches: JointBatch[] = [];
const recording = await createClassifier(await loadTokenizer(folder), config.options, {
  ...scorer,
  score: (batch) => {
    batches.push(batch);
    return scorer.score(batch);
  },
});
const plain = await createClassifier(await loadTokenizer(folder), config.options, scorer);

async function predict(classifier: typeof plain): Promise<number> {
  const output = openSync(join(work, 'output.jsonl'), 'w');
  const start = performance.now();
  for await (const record of predictRecords(classifier, readRecords(input), { labels: { labels }, source: 'input' }))
    writeSync(output, `${membersJson(record)}\n`);
  return performance.now() - start;
}
async function bare(): Promise<number> {
  const start = performance.now();
  for (const batch of batches) await session.run(sequenceFeeds(batch), ['logits']);
  return performance.now() - start;
}

await predict(recording); // warm, and notes the batches
const times: { glz: number; bare: number }[] = [];
for (let round = 0; round < ROUNDS; round++) times.push({ bare: await bare(), glz: await predict(plain) });
console.log(`${count} texts, ${labelCount} labels, ${batches.length} batches, ${folder}`);
console.log('round | bare loop texts/s | glz predict texts/s | ratio');
for (const [round, { glz, bare: loop }] of times.entries())
  console.log(`${round + 1} | ${((1000 * count) / loop).toFixed(0)} | ${((1000 * count) / glz).toFixed(0)} | ${(loop / glz).toFixed(3)}`);
await plain.dispose();

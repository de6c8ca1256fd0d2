/**
 * Texts against very many labels that are read once: 10,000 to a million, the exact search of `glz predict` itself. The vectors of labels are made up, as
 * reading a million labels would take the better part of an hour; all else is what a user's call does. Warm, one text a call and 32.
 * Run: npm run bench -- label-search [--checkpoint FOLDER of a model that reads labels once] [--labels 10000,100000,1000000] [--threads 2]
 *      [--tokens 60] [--rounds 5] [--label-memory MB]
 * --label-memory: vectors are kept in a file of the cache folder, and so many MB of them held: 0 reads all from the file for each batch of texts.
 */
import { parseArgs } from 'node:util';
import { randomStream } from '../src/base/random.ts';
import type { Classifier } from '../src/classify/classifier.ts';
import { deriveInferenceGraph } from '../src/classify/inference-graph.ts';
import { createLateClassifier } from '../src/classify/late/late-classifier.ts';
import { SHIPPED_CHECKPOINT } from '../src/options/shipped-checkpoint.ts';
import { cacheFolder, derivedFile } from '../src/runtime/graph-cache.ts';
import { createGraphSession, type GraphSession, type OnnxSession } from '../src/runtime/onnx-session.ts';
import { loadTokenizer } from '../src/text/tokenizer/tokenizer.ts';
import { checkpointFolder, checkpointHash, readCheckpointConfig } from '../src/weights/checkpoint.ts';
import { textsOfLength } from './peers/workload.ts';

const { values } = parseArgs({
  options: {
    checkpoint: { type: 'string', default: SHIPPED_CHECKPOINT },
    labels: { type: 'string', default: '10000,100000,1000000' },
    threads: { type: 'string', default: '2' },
    tokens: { type: 'string', default: '60' },
    rounds: { type: 'string', default: '5' },
    'label-memory': { type: 'string' },
  },
});
const TEXTS = 32;
const given = values['label-memory'];
/** Bytes of label vectors that are held: a million of 384 numbers and a little more unless given. */
const memory = given === undefined ? 2e9 : Number(given) * 1e6;

const folder = checkpointFolder(values.checkpoint);
const config = readCheckpointConfig(folder);
if (config.options.crossAttention !== 'late') throw new Error(`${folder} reads labels with the text: nothing to measure`);
const tokenizer = await loadTokenizer(folder);
const hash = checkpointHash(folder, config, cacheFolder());
const threads = Number(values.threads);
const open = async (kind: 'fp32' | 'scores'): Promise<OnnxSession> =>
  createGraphSession(await derivedFile(hash, kind, () => deriveInferenceGraph(folder, config, kind)), { threads });

/** Gives vectors of unit length in place of what labels are read as. */
function madeUpLabels(width: number): GraphSession {
  let run = 0;
  return {
    batchTokens: 1 << 20,
    async run({ label_ids }) {
      const rows = label_ids.shape[0];
      const random = randomStream(5, run++);
      const labels = new Float32Array(rows * width);
      for (let i = 0; i < labels.length; i++) labels[i] = random() - 0.5;
      for (let row = 0; row < rows; row++) {
        const vector = labels.subarray(row * width, (row + 1) * width);
        const length = Math.hypot(...vector);
        for (let i = 0; i < width; i++) vector[i] /= length;
      }
      return { labels };
    },
    dispose: async () => {},
  };
}

const [textSession, scoreSession] = [await open('fp32'), await open('scores')];
const width = config.options.projection ?? Number(config.encoder.hidden_size);
/** Sessions are shared by all classifiers: each is made for one label set, whose vectors go with it. */
const classifierOf = (): Promise<Classifier> =>
  createLateClassifier(
    tokenizer,
    config.options,
    { texts: textSession, labels: madeUpLabels(width), scores: scoreSession },
    { memory, ...(given === undefined ? {} : { identity: `made-up vectors of ${folder}` }) },
  );

const texts = await textsOfLength(tokenizer, Number(values.tokens), TEXTS);
const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1];

/** ms of the clock and the processor's ms of a call, medians of the rounds; the first call makes labels ready and is not counted. */
async function time(classifier: Classifier, labels: readonly string[], size: number): Promise<[clock: number, cpu: number]> {
  const [clock, cpu]: number[][] = [[], []];
  for (let round = -1; round < Number(values.rounds); round++) {
    const used = process.cpuUsage();
    const start = performance.now();
    const scored = await classifier.logits(texts.slice(0, size).map((text) => ({ text, labels })));
    // What the user gets, of each text: the best label.
    for (const { logits } of scored) logits.reduce((best, logit, at) => (logit > logits[best] ? at : best), 0);
    if (round < 0) continue;
    clock.push(performance.now() - start);
    const { user, system } = process.cpuUsage(used);
    cpu.push((user + system) / 1000);
  }
  return [median(clock), median(cpu)];
}

console.log(`${folder}, ${threads} threads, texts of ${values.tokens} tokens; ms a text by the clock (the processor's ms)`);
console.log(`\n| labels | one text a call | ${TEXTS} texts a call |\n| --- | --- | --- |`);
for (const count of [1, ...values.labels.split(',').map(Number)]) {
  const labels = Array.from({ length: count }, (_, at) => `label ${at}`);
  const classifier = await classifierOf();
  const cells: string[] = [];
  for (const size of [1, TEXTS]) {
    const [clock, cpu] = await time(classifier, labels, size);
    cells.push(`${(clock / size).toFixed(1)} (${(cpu / size).toFixed(1)})`);
  }
  console.log(`| ${count} | ${cells.join(' | ')} |`);
}
console.log(`\npeak of the process: ${(process.resourceUsage().maxRSS / 1000).toFixed(0)} MB`);
await textSession.dispose();
await scoreSession.dispose();

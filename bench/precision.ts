/**
 * What int8 costs and gains: agreement of the top label with fp32, differences of the scores, macro-F1 and ECE of both, and the ratio of speed.
 * Run: npm run bench -- precision CHECKPOINT FOLDER_OF_SETS [texts a set, default 60] [allowed errors of the logits, as 0.02,0.016]
 */

import { type Classifier, createClassifier } from '../src/classify/classifier.ts';
import { deriveInferenceGraph } from '../src/classify/inference-graph.ts';
import { createLateClassifier } from '../src/classify/late/late-classifier.ts';
import { checkpointEmbedder } from '../src/classify/load-classifier.ts';
import { madeUpBatch } from '../src/classify/made-up-feeds.ts';
import { createOnnxScorer } from '../src/classify/onnx-scorer.ts';
import { choiceProbabilities, labelProbability } from '../src/classify/probabilities.ts';
import { sequenceFeeds } from '../src/classify/sequence-feeds.ts';
import { expectedCalibrationError, reliabilityBins } from '../src/eval/metrics/calibration.ts';
import { topLabelF1 } from '../src/eval/metrics/classification.ts';
import { findEvalSets, readEvalSet } from '../src/eval/sets/eval-set.ts';
import { hasBlocks, readsAlike } from '../src/model/options.ts';
import { cacheFolder } from '../src/runtime/graph-cache.ts';
import { ALLOWED_ERROR } from '../src/runtime/int8/float-products.ts';
import { createGraphSession, type Feed } from '../src/runtime/onnx-session.ts';
import { loadTokenizer } from '../src/text/tokenizer/tokenizer.ts';
import { checkpointHash, readCheckpointConfig } from '../src/weights/checkpoint.ts';

const [folder = 'checkpoints/glz-mini', sets = 'datasets/benchmark', limit = '60', allowedErrors = `${ALLOWED_ERROR}`] =
  process.argv.slice(2);
const config = readCheckpointConfig(folder);
const TEXT_INPUTS = ['input_ids', 'attention_mask', 'text_mask', 'positions'];
const ROUNDS = 9;
const ALLOWED = 0.02;

const topOf = (logits: Float32Array): number => logits.indexOf(logits.reduce((a, b) => Math.max(a, b)));

const fp32 = Buffer.concat(await deriveInferenceGraph(folder, config, 'fp32'));
const isLate = config.options.crossAttention === 'late';

const hash = checkpointHash(folder, config, cacheFolder());
const tokenizer = await loadTokenizer(folder);

/** A classifier of a derived graph; shortlists of long label sets are made by the same float encoder for all. */
async function classifierOf(model: Uint8Array): Promise<Classifier> {
  const texts = await createGraphSession(model);
  if (isLate) {
    const derived = async (kind: 'labels' | 'scores') =>
      createGraphSession(Buffer.concat(await deriveInferenceGraph(folder, config, kind)));
    const labels = readsAlike(config.options) ? {} : { labels: await derived('labels') };
    return createLateClassifier(tokenizer, config.options, { texts, ...labels, scores: await derived('scores') });
  }
  const embedder = () => checkpointEmbedder(hash, folder, config, tokenizer);
  return createClassifier(tokenizer, config.options, createOnnxScorer(texts), 'fp32', embedder);
}

async function exactness(int8: Uint8Array): Promise<void> {
  const classifiers = [await classifierOf(fp32), await classifierOf(int8)];
  const { calibration } = config.options;
  console.log(
    'set | texts | top label agrees | largest difference, one label | multi-label | texts over 0.02 | macro-F1 fp32 | int8 | ECE fp32 | int8',
  );
  const total = { texts: 0, agree: 0, choice: 0, multi: 0, over: 0, figures: [0, 0, 0, 0], sets: 0 };
  for (const path of findEvalSets(sets)) {
    const set = await readEvalSet(path, { limit: Number(limit) });
    const candidates = set.recordLabels ?? set.texts.map(() => set.labels);
    const requests = set.texts.map((text, row) => ({ text, labels: candidates[row] }));
    const [exact, found] = [await classifiers[0].logits(requests), await classifiers[1].logits(requests)];
    const row = { agree: 0, choice: 0, multi: 0, over: 0 };
    for (const [at, { logits: a }] of exact.entries()) {
      const b = found[at].logits;
      if (topOf(a) === topOf(b)) row.agree++;
      const [p, q] = [choiceProbabilities(a, calibration), choiceProbabilities(b, calibration)];
      let [choice, multi] = [0, 0];
      for (const [k, probability] of p.entries()) {
        // A label off both shortlists has no score; one that is on one list only is a difference of the lists, which the top label shows.
        if (!Number.isFinite(a[k]) || !Number.isFinite(b[k])) continue;
        choice = Math.max(choice, Math.abs(probability - q[k]));
        multi = Math.max(multi, Math.abs(labelProbability(a[k], calibration) - labelProbability(b[k], calibration)));
      }
      if (Math.max(choice, multi) > ALLOWED) row.over++;
      row.choice = Math.max(row.choice, choice);
      row.multi = Math.max(row.multi, multi);
    }
    const number = new Map(set.labels.map((label, at) => [label, at]));
    const truth = set.truth.map((labels) => labels.map((label) => number.get(label)!));
    const [exactly, closely] = [exact, found].map((results) => {
      const predicted = results.map(({ logits }, at) => number.get(candidates[at][topOf(logits)])!);
      const confidence = results.map(({ logits }) => choiceProbabilities(logits, calibration).reduce((a, b) => Math.max(a, b)));
      const right = predicted.map((label, at) => Number(truth[at].includes(label)));
      return {
        f1: topLabelF1(truth, predicted, set.labels.length).macro,
        ece: expectedCalibrationError(reliabilityBins(confidence, right)),
      };
    });
    const figures = [exactly.f1, closely.f1, exactly.ece, closely.ece];
    const texts = requests.length;
    total.texts += texts;
    total.sets++;
    total.agree += row.agree;
    total.over += row.over;
    total.choice = Math.max(total.choice, row.choice);
    total.multi = Math.max(total.multi, row.multi);
    for (const [at, each] of figures.entries()) total.figures[at] += each;
    console.log(line(set.name, texts, row, figures));
  }
  console.log(
    line(
      'all',
      total.texts,
      total,
      total.figures.map((sum) => sum / total.sets),
    ),
  );
  for (const classifier of classifiers) await classifier.dispose();
}

function line(name: string, texts: number, row: { agree: number; choice: number; multi: number; over: number }, figures: number[]): string {
  const percent = (count: number) => `${((100 * count) / texts).toFixed(1)} %`;
  const differences = [percent(row.agree), row.choice.toFixed(3), row.multi.toFixed(3), percent(row.over)];
  return [name, texts, ...differences, ...figures.map((each) => each.toFixed(4))].join(' | ');
}

async function speed(int8: Uint8Array): Promise<void> {
  console.log('threads | batch x tokens | fp32 ms | int8 ms | fp32 / int8');
  for (const threads of [1, 2]) {
    const sessions = [await createGraphSession(fp32, { threads }), await createGraphSession(int8, { threads })];
    for (const [length, labels] of [
      [78, 4],
      [162, 25],
    ]) {
      const { blocks, ...free } = madeUpBatch(32, length, labels, Number(config.encoder.vocab_size));
      const all: Record<string, Feed> = sequenceFeeds(hasBlocks(config.options) ? { ...free, blocks } : free);
      // Of a model that reads labels once the texts alone.
      const feeds = isLate ? Object.fromEntries(TEXT_INPUTS.map((name) => [name, all[name]])) : all;
      const times: number[][] = [[], []];
      for (let round = -1; round < ROUNDS; round++)
        for (const [at, session] of sessions.entries()) {
          const [start, used] = [performance.now(), process.cpuUsage()];
          await session.run(feeds, [isLate ? 'text' : 'logits']);
          const { user, system } = process.cpuUsage(used);
          // One thread: its own time, which other programs on the machine do not change.
          if (round >= 0) times[at].push(threads === 1 ? (user + system) / 1000 : performance.now() - start);
        }
      const [exact, found] = times.map((each) => each.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]);
      console.log(`${threads} | 32 x ${length} | ${exact.toFixed(0)} | ${found.toFixed(0)} | ${(exact / found).toFixed(2)}`);
    }
    for (const session of sessions) await session.dispose();
  }
}

for (const allowed of allowedErrors.split(',').map(Number)) {
  const start = performance.now();
  const int8 = Buffer.concat(await deriveInferenceGraph(folder, config, 'int8', allowed));
  console.log(
    `allowed error ${allowed}: derived in ${((performance.now() - start) / 1000).toFixed(1)} s; ${(int8.length / 1e6).toFixed(1)} MB, fp32 ${(fp32.length / 1e6).toFixed(1)} MB`,
  );
  await speed(int8);
  await exactness(int8);
}

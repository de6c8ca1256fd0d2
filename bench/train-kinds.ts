/**
 * A training step (forward, backward, AdamW) of models that read labels with the text and of those that read them once: the same encoder and
 * the same examples with the same labels, in batches as `glz train` makes them. The kinds take turns in rounds; ratios are medians of the rounds, and
 * of one thread of the processor's time, which other programs change little.
 * Run: npm run bench -- train-kinds --data FILE ... [--checkpoint FOLDER whose encoder and tokenizer it is] [--kinds one-way,padded0,late0,late0:2-14,late1]
 *      [--batch-size 16] [--labels 25] [--label-tokens 16] [--threads 1] [--rounds 5] [--steps 2]
 * Kinds: late with its upper layers; padded: the same with each label in a row of its own, padded to the longest; behind a colon how many labels of its
 * own a text comes with (--labels where nothing is said); in the softmax terms of the loss each is scored with those of the batch's other texts too.
 * --label-tokens: what is read of a label at most.
 * Without --data the examples are those of datasets/benchmark, as if they were to be trained on.
 */
import { parseArgs } from 'node:util';
import { layoutOf } from '../src/classify/classifier.ts';
import type { GliZNetModel } from '../src/classify/gliznet-graph.ts';
import { createEncoder } from '../src/model/encoders/index.ts';
import { ENCODER_PREFIX } from '../src/model/gliznet.ts';
import { ONE_WAY_LABELS } from '../src/model/options.ts';
import { SHIPPED_CHECKPOINT } from '../src/options/shipped-checkpoint.ts';
import { loadTokenizer } from '../src/text/tokenizer/tokenizer.ts';
import { readDataset } from '../src/train/data/dataset.ts';
import { samplerOf } from '../src/train/data/run-sampler.ts';
import { cpuDevice } from '../src/train/engine/devices.ts';
import { createTrainingEngine, type TrainingBatch } from '../src/train/engine/training-session.ts';
import { checkSettings, lossSettings } from '../src/train/settings.ts';
import type { TrainSettings } from '../src/train/settings-schema.ts';
import { freshHead } from '../src/train/start.ts';
import { checkpointFolder, readCheckpointConfig, readCheckpointWeights } from '../src/weights/checkpoint.ts';

const SETS = ['banking77', 'icd10cm', 'openalex_topics', 'sib200'].map((set) => `datasets/benchmark/${set}/test.jsonl`);

const { values } = parseArgs({
  options: {
    data: { type: 'string', multiple: true, default: SETS },
    checkpoint: { type: 'string', default: SHIPPED_CHECKPOINT },
    kinds: { type: 'string', default: 'one-way,padded0,late0,late0:2-14' },
    'batch-size': { type: 'string', default: '16' },
    labels: { type: 'string', default: '25' },
    'label-tokens': { type: 'string', default: '16' },
    threads: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '2' },
  },
});
const threads = Number(values.threads);
const stepsPerRound = Number(values.steps);

const settingsWith = (min: number, max: number): TrainSettings =>
  checkSettings(
    {
      checkpoint: values.checkpoint,
      data: values.data.map((path) => ({ path })),
      batch_size: Number(values['batch-size']),
      labels: { min, max, in_batch_negatives: true, max_tokens: Number(values['label-tokens']) },
      loss: { softmax_weight: 0.5 },
      max_text_tokens: 112,
    },
    'bench',
  );
const settings = settingsWith(Number(values.labels), Number(values.labels));
const folder = checkpointFolder(values.checkpoint);
const config = readCheckpointConfig(folder);
const tokenizer = await loadTokenizer(folder);
const encoder = createEncoder(config.encoder);
const encoderWeights = [...readCheckpointWeights(folder)].flatMap(([name, { shape, data }]) =>
  name.startsWith(ENCODER_PREFIX) && data instanceof Float32Array ? [[name, { shape, data }] as const] : [],
);

/** A kind by its name on the command line. */
function kindOf(name: string): { model: GliZNetModel; settings: TrainSettings } {
  const options = { ...config.options, upperLayers: 0, setAttention: false };
  if (name === 'one-way')
    return { model: { encoder, options: { ...options, crossAttention: 'one-way', labelsPerGroup: ONE_WAY_LABELS } }, settings };
  const found = /^(late|padded)(\d)(?::(\d+)(?:-(\d+))?)?$/.exec(name);
  if (!found) throw new Error(`--kinds: ${name} is not one of one-way, late0, late0:6, late0:2-14, padded0 and the like`);
  const [, rows, upper, min = values.labels, max = min] = found;
  return {
    model: {
      encoder: rows === 'late' ? encoder : { ...encoder, readsBlocks: false },
      options: { ...options, crossAttention: 'late', upperLayers: Number(upper), labelsPerGroup: null },
    },
    settings: settingsWith(Number(min), Number(max)),
  };
}

const layout = await layoutOf(tokenizer, kindOf('one-way').model.options);
const { dataset } = await readDataset(settings.data, tokenizer, {
  maxTextTokens: Math.min(settings.max_text_tokens, layout.capacity - layout.labelLimit),
  maxLabelTokens: layout.labelLimit,
  skipBadRows: true,
});
const device = cpuDevice({ threads });

/** What a step took, in ms, and what its batch was. */
interface Step {
  clock: number;
  cpu: number;
  /** Labels that a text is scored with, and that are read. */
  scored: number;
  read: number;
  /** Tokens of texts and of labels, padding included; of a joint batch all count as texts'. */
  tokens: number;
  labelTokens: number;
  /** Tokens that are padding. */
  padding: number;
}

const total = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, each) => sum + each, 0);

function sizeOf(batch: TrainingBatch): Omit<Step, 'clock' | 'cpu'> {
  const tokens = batch.batch * batch.length;
  const padding = tokens - total(batch.attentionMask);
  const scored = total(batch.choice ?? batch.valid) / batch.batch;
  if (!('packedLabels' in batch)) return { scored, read: total(batch.valid), tokens, labelTokens: 0, padding };
  const { places, attentionMask } = batch.packedLabels;
  const labelTokens = attentionMask.length;
  return { scored, read: new Set(places).size, tokens, labelTokens, padding: padding + labelTokens - total(attentionMask) };
}

async function open(kind: string) {
  const { model, settings: own } = kindOf(kind);
  const weights = new Map([...encoderWeights, ...freshHead(encoder, model.options, 1, settings.model)]);
  const start = { ...model, encoderConfig: config.encoder, weights, tokenizer };
  const sampler = await samplerOf({ settings: own, start, dataset, device });
  const engine = await createTrainingEngine({ ...start, loss: lossSettings(settings), session: { threads } });
  let step = 0;
  return {
    kind,
    batches: sampler.batchesPerEpoch,
    async step(index: number): Promise<Step> {
      const { batch } = sampler.batch(index);
      const used = process.cpuUsage();
      const began = performance.now();
      await engine.accumulate(batch, 1);
      await engine.apply({ learningRate: 1e-6, betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.01, gradientScale: 1, step: ++step });
      const clock = performance.now() - began;
      const { user, system } = process.cpuUsage(used);
      return { clock, cpu: (user + system) / 1000, ...sizeOf(batch) };
    },
    dispose: () => engine.dispose(),
  };
}

const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1];
const mean = (list: readonly number[]): number => list.reduce((sum, each) => sum + each, 0) / list.length;

const kinds = [];
for (const kind of values.kinds.split(',')) kinds.push(await open(kind));
const found = kinds.map(() => [] as Step[][]);
for (const kind of kinds) await kind.step(0);
for (let round = 0; round < Number(values.rounds); round++)
  for (const [at, kind] of kinds.entries()) {
    const steps: Step[] = [];
    for (let i = 0; i < stepsPerRound; i++) steps.push(await kind.step((round * stepsPerRound + i + 1) % kind.batches));
    found[at].push(steps);
  }
for (const kind of kinds) await kind.dispose();

const title = `${values['batch-size']} texts with ${values.labels} labels each, but where a kind says otherwise`;
console.log(`${title}, ${threads} threads, ${values.rounds} rounds of ${stepsPerRound} steps`);
const HEAD = [
  'kind',
  'ms a step by the clock',
  'processor ms',
  'times as fast as the first (rounds)',
  'labels a text is scored with',
  'labels read',
];
HEAD.push('tokens of texts', 'of labels', 'of all, padding');
console.log(`\n| ${HEAD.join(' | ')} |\n|${' --- |'.repeat(HEAD.length)}`);
const costOf = (step: Step): number => (threads === 1 ? step.cpu : step.clock);
for (const [at, { kind }] of kinds.entries()) {
  const all = found[at].flat();
  const ratios = found[at].map((steps, round) => mean(found[0][round].map(costOf)) / mean(steps.map(costOf)));
  const times = [median(all.map(({ clock }) => clock)), median(all.map(({ cpu }) => cpu))];
  const ratio = `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`;
  const sizes = (['scored', 'read', 'tokens', 'labelTokens', 'padding'] as const).map((field) => mean(all.map((step) => step[field])));
  console.log(`| ${[kind, ...times.map((ms) => ms.toFixed(0)), ratio, ...sizes.map((size) => size.toFixed(0))].join(' | ')} |`);
}

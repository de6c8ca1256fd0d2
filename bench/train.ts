/**
 * A training run as `glz train` makes it, from a checkpoint and data files: how much of the batches is padding, how much of the time the
 * engine waits for them, and how memory develops, against what the model needs.
 * Without --data it is trained on texts of random words, of 5 to 150 words, most of them short.
 * Run: npm run bench -- train [--steps 500] [--batch-size 8] [--threads 2] [--checkpoint checkpoints/glz-mini] [--data FILE ...]
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { randomInteger, randomStream } from '../src/base/random.ts';
import { layoutOf } from '../src/classify/classifier.ts';
import { readDataset } from '../src/train/data/dataset.ts';
import { samplerOf } from '../src/train/data/run-sampler.ts';
import { cpuDevice, type TrainingDevice } from '../src/train/engine/devices.ts';
import { checkSettings } from '../src/train/settings.ts';
import { loadStart } from '../src/train/start.ts';
import { train } from '../src/train/trainer.ts';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '500' },
    'batch-size': { type: 'string', default: '8' },
    threads: { type: 'string', default: '2' },
    checkpoint: { type: 'string', default: 'checkpoints/glz-mini' },
    data: { type: 'string', multiple: true },
  },
});
const steps = Number(values.steps);
const note = (line: string) => console.error(line);

const output = mkdtempSync(join(tmpdir(), 'glz-bench-'));

/** A file of random texts with labels. */
function randomData(): string {
  const random = randomStream(7);
  const words = 'market rain engine doctor window ticket music border planet coffee lawyer winter signal garden bridge'.split(' ');
  const some = (count: number) => Array.from({ length: count }, () => words[randomInteger(random, words.length)]);
  const labels = Array.from({ length: 60 }, (_, i) => `${some(1 + (i % 3)).join(' ')} ${i}`);
  const records = Array.from({ length: 4000 }, () => ({
    text: some(Math.round(5 * 30 ** (random() * random()))).join(' '),
    labels: [labels[randomInteger(random, labels.length)]],
  }));
  const path = join(output, 'data.jsonl');
  writeFileSync(path, records.map((record) => JSON.stringify(record)).join('\n'));
  return path;
}

const settings = checkSettings(
  {
    checkpoint: values.checkpoint,
    data: (values.data ?? [randomData()]).map((path) => ({ path })),
    batch_size: Number(values['batch-size']),
    epochs: 10_000,
    max_steps: steps,
  },
  'bench',
);
const start = await loadStart(settings, note);
const layout = await layoutOf(start.tokenizer, start.options);
const { dataset } = await readDataset(settings.data, start.tokenizer, {
  maxTextTokens: Math.min(settings.max_text_tokens, layout.capacity - layout.labelLimit),
  maxLabelTokens: layout.labelLimit,
  skipBadRows: false,
});
const cpu = cpuDevice({ threads: Number(values.threads) });
const sampler = await samplerOf({ settings, start, dataset, device: cpu });

/** Share of the tokens that are padding if each batch takes the next examples as they come, without regard to their length. */
function paddingUnsorted(batches: number): number {
  const lengths: number[] = [];
  for (let index = 0; index < batches; index++) {
    const { batch } = sampler.batch(index);
    for (let row = 0; row < batch.batch; row++)
      lengths.push(batch.attentionMask.subarray(row * batch.length, (row + 1) * batch.length).reduce((sum, one) => sum + one, 0));
  }
  // The sampler sorts within megabatches: a stride takes examples from all over them.
  const size = settings.batch_size;
  const mixed = lengths.map((_, i) => lengths[((i % size) * batches + Math.floor(i / size)) % lengths.length]);
  let [padded, real] = [0, 0];
  for (let at = 0; at < mixed.length; at += size) {
    const group = mixed.slice(at, at + size);
    padded += Math.max(...group) * group.length;
    real += group.reduce((sum, length) => sum + length, 0);
  }
  return 1 - real / padded;
}

/** Seconds inside the engine. */
let engineSeconds = 0;
let longest = 0;
const timed = async <T>(work: () => Promise<T>): Promise<T> => {
  const began = performance.now();
  try {
    return await work();
  } finally {
    engineSeconds += (performance.now() - began) / 1000;
  }
};
const device: TrainingDevice = {
  ...cpu,
  async createTrainingEngine(request) {
    const engine = await cpu.createTrainingEngine(request);
    return {
      ...engine,
      accumulate(batch, weight) {
        longest = Math.max(longest, batch.batch * batch.length);
        return timed(() => engine.accumulate(batch, weight));
      },
      gradientNorm: (groups) => timed(() => engine.gradientNorm(groups)),
      apply: (step) => timed(() => engine.apply(step)),
    };
  },
};

const resident = (): number => 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]);
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;

console.log(`${dataset.rows} rows, ${steps} steps of ${settings.batch_size}, ${values.threads} threads`);
console.log(`padding if batches were made without regard to length: ${(100 * paddingUnsorted(Math.min(64, steps))).toFixed(1)} %`);
const before = resident();
let [seconds, padding] = [0, 0];
console.log('step | memory above what was there before');
try {
  await train({
    settings,
    start,
    dataset,
    sampler,
    output: join(output, 'run'),
    resume: false,
    identity: 'bench',
    device,
    onStep({ step, padding: share }, _steps, took) {
      seconds += took;
      padding += share / steps;
      if (step === 10 || step % 50 === 0) console.log(`${step} | ${megabytes(resident() - before)}`);
      // What follows the last step is no training.
      if (step === steps) report();
    },
  });
} finally {
  rmSync(output, { recursive: true });
}

function report(): void {
  const parameters = [...start.weights.values()].reduce((sum, { data }) => sum + data.length, 0);
  const { hidden_size: hidden, intermediate_size: inner, num_hidden_layers: layers } = start.encoderConfig as Record<string, number>;
  const { num_attention_heads: heads } = start.encoderConfig as Record<string, number>;
  // What the backward pass of a layer reads: input, queries, keys and values (as they are and by head), context (likewise), the inputs of
  // two normalisations and the first one's output; the feed-forward's inner layer before and behind the activation; the probabilities.
  const length = longest / settings.batch_size;
  const activations = 4 * layers * longest * (12 * hidden + 2 * inner + heads * length);
  console.log(`padding: ${(100 * padding).toFixed(1)} %`);
  console.log(`the engine waits ${(100 * (1 - engineSeconds / seconds)).toFixed(2)} % of ${seconds.toFixed(0)} s`);
  console.log(
    `${(parameters / 1e6).toFixed(1)} M parameters; 1.2 x 16 bytes each + activations of the largest batch (${longest} tokens): ${megabytes(1.2 * 16 * parameters)} + ${megabytes(activations)}`,
  );
}

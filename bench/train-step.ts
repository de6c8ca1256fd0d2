/**
 * One training step of MiniLM-L6 size (22.6 M parameters, 16 x 64 tokens, fp32, AdamW on every parameter) against PyTorch on the same
 * machine in the same run, and the profile by operation.
 * Run: npm run bench -- train-step [--threads 2] [--python path/to/python with torch and transformers] [--profile]
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { randomStream } from '../src/data/random.ts';
import { createTrainingEngine, type TrainingBatch } from '../src/engine/training-session.ts';
import { createEncoder } from '../src/model/encoders/index.ts';
import { gliznetParameterShapes } from '../src/model/gliznet.ts';
import { ARTICLE_LOSS } from '../src/model/loss.ts';
import { ARTICLE_OPTIONS } from '../src/model/options.ts';

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: '2' },
    python: { type: 'string' },
    profile: { type: 'boolean', default: false },
    batch: { type: 'string', default: '16' },
    length: { type: 'string', default: '64' },
    steps: { type: 'string', default: '12' },
  },
});
const threads = Number(values.threads);
const [batch, length, steps] = [values.batch, values.length, values.steps].map(Number);
const labels = 4;
const encoder = createEncoder({
  model_type: 'bert',
  vocab_size: 30522,
  hidden_size: 384,
  num_hidden_layers: 6,
  num_attention_heads: 12,
  intermediate_size: 1536,
  max_position_embeddings: 512,
  type_vocab_size: 2,
  layer_norm_eps: 1e-12,
  hidden_act: 'gelu',
  pad_token_id: 0,
});
const options = { ...ARTICLE_OPTIONS, textPooling: 'mean', labelPooling: 'mean', projection: null, similarity: 'cosine' } as const;
const random = randomStream(1);
const weights = new Map(
  Object.entries(gliznetParameterShapes(encoder, options)).map(([name, shape]) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    for (let i = 0; i < data.length; i++) data[i] = /LayerNorm\.weight/.test(name) ? 1 : 0.02 * (random() - 0.5);
    return [name, { shape, data }];
  }),
);
const ints = (make: (row: number, column: number) => number) =>
  Int32Array.from({ length: batch * length }, (_, i) => make(Math.floor(i / length), i % length));
const example: TrainingBatch = {
  batch,
  length,
  labels,
  inputIds: ints(() => Math.floor(random() * 30000)),
  attentionMask: ints(() => 1),
  lmask: ints((_, column) => (column >= 40 && column < 40 + 5 * labels && (column - 40) % 5 !== 0 ? Math.floor((column - 40) / 5) + 1 : 0)),
  textMask: ints((_, column) => (column > 0 && column < 39 ? 1 : 0)),
  labelCounts: new Int32Array(batch).fill(labels),
  targets: Float32Array.from({ length: batch * labels }, (_, i) => (i % labels === 0 ? 1 : 0)),
  valid: new Float32Array(batch * labels).fill(1),
};

const median = (list: number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1];
async function ours(profile?: string): Promise<{ pass: number; update: number }> {
  const engine = await createTrainingEngine({ encoder, options, weights, loss: ARTICLE_LOSS, session: { threads, profile } });
  const passes: number[] = [];
  const updates: number[] = [];
  for (let step = 1; step <= steps + 2; step++) {
    const start = performance.now();
    await engine.accumulate(example, 1);
    const middle = performance.now();
    await engine.apply({ learningRate: 1e-5, betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.01, gradientScale: 1, step });
    if (step > 2) {
      passes.push(middle - start);
      updates.push(performance.now() - middle);
    }
  }
  await engine.dispose();
  return { pass: median(passes), update: median(updates) };
}

console.log(`${batch} x ${length} tokens, ${threads} threads; medians of ${steps} steps, ms`);
console.log('system | forward + backward | AdamW | step');
for (let round = 0; round < (values.python ? 2 : 1); round++) {
  const { pass, update } = await ours();
  console.log(`glz (ONNX Runtime) | ${pass.toFixed(0)} | ${update.toFixed(0)} | ${(pass + update).toFixed(0)}`);
  if (values.python) {
    const { stdout, stderr, status } = spawnSync(values.python, ['bench/train_step.py', ...[threads, batch, length, steps].map(String)], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
    const torch = JSON.parse(stdout.trim().split('\n').at(-1)!) as { pass: number; update: number };
    const total = torch.pass + torch.update;
    console.log(`PyTorch | ${torch.pass.toFixed(0)} | ${torch.update.toFixed(0)} | ${total.toFixed(0)}`);
    console.log(`glz / PyTorch: ${((pass + update) / total).toFixed(2)}`);
  }
}
if (values.profile) {
  await ours('.cache/train-step');
  const file = readdirSync('.cache').find((name) => name.startsWith('train-step_'))!;
  const events = JSON.parse(readFileSync(`.cache/${file}`, 'utf8')) as {
    cat: string;
    name: string;
    dur: number;
    args?: { op_name?: string };
  }[];
  rmSync(`.cache/${file}`);
  const byOp = new Map<string, number>();
  for (const { cat, name, dur, args } of events)
    if (cat === 'Node' && name.endsWith('_kernel_time'))
      byOp.set(args?.op_name ?? name, (byOp.get(args?.op_name ?? name) ?? 0) + dur / 1000 / (steps + 2));
  console.log('operation | ms a step');
  for (const [op, time] of [...byOp].sort((a, b) => b[1] - a[1]).slice(0, 14)) console.log(`${op} | ${time.toFixed(1)}`);
}

/** Compares a training engine with the CPU's: what every device has to pass. */
import { readFileSync } from 'node:fs';
import { traceInference } from '../src/classify/gliznet-graph.ts';
import { sequenceFeeds } from '../src/classify/sequence-feeds.ts';
import { createEncoder } from '../src/model/encoders/index.ts';
import { ENCODER_PREFIX } from '../src/model/gliznet.ts';
import { ARTICLE_OPTIONS, type GliZNetOptions } from '../src/model/options.ts';
import { createGraphSession, type GraphSession } from '../src/runtime/onnx-session.ts';
import {
  createTrainingEngine,
  type EngineArrays,
  type ParameterGroup,
  type TrainingEngine,
  type TrainingEngineRequest,
} from '../src/train/engine/training-session.ts';
import { random } from './random.ts';
import { LATE_OPTIONS, randomBatch, randomLateBatch, randomWeights } from './random-model.ts';

/** Families whose encoders differ most in their operations, each a few layers of 32. */
export const FAMILIES = ['bert', 'deberta-v3', 'modernbert'] as const;

/** Pooling and similarity of each comparison. */
export const HEADS: Record<string, Partial<GliZNetOptions>> = {
  'attention pooling, projection, linear': { projection: 8 },
  'mean pooling, cosine': { textPooling: 'mean', labelPooling: 'mean', projection: null, similarity: 'cosine', labelStyle: 'marker' },
};

/** Models that read labels once, of families that have layers one by one. */
export const LATE_HEADS: Record<string, Partial<GliZNetOptions>> = {
  'two vectors': LATE_OPTIONS,
  'an upper layer with set attention': { ...LATE_OPTIONS, upperLayers: 1, setAttention: true },
};

/** Families and heads of {@link LATE_HEADS} that are compared: several labels to a row, and a row for each where an encoder cannot read blocks. */
export const LATE_CASES: readonly (readonly [family: string, head: string])[] = [
  ...Object.keys(LATE_HEADS).map((head) => ['bert', head] as const),
  ['modernbert', 'two vectors'],
];

/** A random batch of the kind that a model reads. */
const batchOf = (
  { encoder, options }: Pick<TrainingEngineRequest, 'encoder' | 'options'>,
  next: () => number,
  texts: number,
  length: number,
  labels: number,
) =>
  options.crossAttention === 'late'
    ? randomLateBatch(next, {
        ...{ texts, length, read: labels, shown: options.upperLayers > 0 ? labels - 1 : undefined },
        areBlocks: encoder.readsBlocks ?? false,
      })
    : randomBatch(next, texts, length, labels);

/** A tiny model, ready to be trained. */
export function tinyModel(family: string, head: Partial<GliZNetOptions>): TrainingEngineRequest {
  const config = JSON.parse(readFileSync(new URL(`./fixtures/encoders/${family}/config.json`, import.meta.url), 'utf8'));
  const encoder = createEncoder({ ...config, vocab_size: 60 });
  const options = { ...ARTICLE_OPTIONS, ...head };
  const loss = {
    bceWeight: 0.7,
    marginWeight: 0.3,
    margin: 0.5,
    marginOn: 'probabilities',
    softmaxWeight: 0.2,
    distillWeight: 0.1,
  } as const;
  return { encoder, options, weights: randomWeights(encoder, options, random(family.length)), loss };
}

/** Largest difference, in units of 1 + the expected value's size. */
function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let worst = actual.length === expected.length ? 0 : Number.NaN;
  for (let i = 0; i < expected.length; i++) {
    const each = Math.abs(actual[i] - expected[i]) / (1 + Math.abs(expected[i]));
    if (!(each <= worst)) worst = each; // NaN counts
  }
  return worst;
}

const arraysOf = (engine: TrainingEngine, kind: EngineArrays): [string, Float32Array][] =>
  kind === 'parameters'
    ? [...engine.parameters].map(([name, { data }]) => [name, data])
    : kind === 'gradients'
      ? [...engine.gradients]
      : [...engine.moments].flatMap(([name, { m, v }]) => [[`m.${name}`, m] as [string, Float32Array], [`v.${name}`, v]]);

async function compare(engine: TrainingEngine, reference: TrainingEngine, kind: EngineArrays, limit: number, when: string): Promise<void> {
  await engine.download(kind);
  const expected = new Map(arraysOf(reference, kind));
  for (const [name, data] of arraysOf(engine, kind)) {
    // A key's bias changes no score: its gradient is rounding, which AdamW blows up to full steps.
    if (/key(_proj)?\.bias$/.test(name)) continue;
    const worst = difference(data, expected.get(name)!);
    if (!(worst <= limit)) throw new Error(`${when}: ${kind} ${name} differs by ${worst}`);
  }
}

/** Settings of a comparison. */
export interface ParitySettings {
  /** Largest difference of losses, gradients and moments. */
  limit: number;
  /** Largest difference of parameters after all steps: AdamW divides small gradients by their own size. */
  parameterLimit: number;
}

/**
 * Four steps of two accumulated batches each, with clipping, layers of different rates and frozen embeddings, on both engines; the state
 * is moved to a fresh pair of engines half-way. Throws an Error that names the first array that differs.
 */
export async function expectParity(
  request: TrainingEngineRequest,
  create: (request: TrainingEngineRequest) => Promise<TrainingEngine>,
  { limit, parameterLimit }: ParitySettings,
): Promise<void> {
  const next = random(11);
  // One thread: of a model this small a second one only waits.
  const createReference = (of: TrainingEngineRequest) => createTrainingEngine({ ...of, session: { threads: 1 } });
  let reference = await createReference(request);
  let engine = await create(request);
  const groups = new Map<string, ParameterGroup>(
    [...reference.parameters.keys()].map((name) => [
      name,
      {
        rateFactor: name.startsWith(ENCODER_PREFIX) ? 0.5 : 2,
        decay: !name.endsWith('bias'),
        frozen: name.includes('word_embeddings') || name.includes('tok_embeddings'),
      },
    ]),
  );
  try {
    for (let step = 1; step <= 4; step++) {
      for (let part = 0; part < 2; part++) {
        const batch = batchOf(request, next, 3, 13 + part, 5);
        if ('packedLabels' in batch && request.encoder.readsBlocks && batch.packedLabels.perRow < 2)
          throw new Error('no row of labels has several: the comparison says nothing of packed ones');
        const expected = await reference.accumulate(batch, 0.5);
        const actual = await engine.accumulate(batch, 0.5);
        for (const term of ['loss', 'bce', 'margin', 'softmax', 'distill'] as const)
          if (!(difference([actual[term]!], [expected[term]!]) <= limit))
            throw new Error(`step ${step}: ${term} is ${actual[term]}, expected ${expected[term]}`);
        const scores = difference(
          actual.logits.map((score, at) => score * batch.valid[at]),
          expected.logits.map((score, at) => score * batch.valid[at]),
        );
        if (!(scores <= 10 * limit)) throw new Error(`step ${step}: the scores differ by ${scores}`);
      }
      await compare(engine, reference, 'gradients', limit, `step ${step}`);
      const norm = await reference.gradientNorm(groups);
      const actualNorm = await engine.gradientNorm(groups);
      if (!(difference([actualNorm], [norm]) <= limit)) throw new Error(`step ${step}: the norm is ${actualNorm}, expected ${norm}`);
      const settings = {
        learningRate: 2e-3,
        betas: [0.9, 0.999] as [number, number],
        epsilon: 1e-6,
        weightDecay: 0.05,
        gradientScale: 1 / norm,
        step,
        groups: step % 2 ? groups : undefined,
      };
      await reference.apply(settings);
      await engine.apply(settings);
      await compare(engine, reference, 'moments', limit, `step ${step}`);
      await compare(engine, reference, 'parameters', parameterLimit, `step ${step}`);
      if (step === 2) {
        [reference, engine] = [await moved(reference, createReference, request), await moved(engine, create, request)];
        await compare(engine, reference, 'moments', limit, 'moved');
        await compare(engine, reference, 'parameters', parameterLimit, 'moved');
      }
    }
  } finally {
    await reference.dispose();
    await engine.dispose();
  }
}

/** Compares the scores of a session of a model's forward pass with those of the traced graph on the CPU; disposes the session. */
export async function expectSameScores(
  session: GraphSession,
  model: Pick<TrainingEngineRequest, 'encoder' | 'options' | 'weights'>,
): Promise<void> {
  const traced = await createGraphSession(traceInference(model, model.weights), { threads: 1 });
  const batch = batchOf(model, random(3), 4, 25, 6);
  const actual = await session.run(sequenceFeeds(batch), ['logits']);
  const expected = await traced.run(sequenceFeeds(batch), ['logits']);
  for (const [at, valid] of batch.valid.entries()) if (valid) expect(actual.logits[at]).toBeCloseTo(expected.logits[at], 4);
  await session.dispose();
  await traced.dispose();
}

/** A fresh engine with the state of another, which is disposed. */
async function moved(
  from: TrainingEngine,
  create: (request: TrainingEngineRequest) => Promise<TrainingEngine>,
  request: TrainingEngineRequest,
): Promise<TrainingEngine> {
  const to = await create(request);
  await from.download('parameters', 'moments');
  for (const kind of ['parameters', 'moments'] as const) {
    const values = new Map(arraysOf(from, kind));
    for (const [name, data] of arraysOf(to, kind)) data.set(values.get(name)!);
  }
  await to.upload();
  await from.dispose();
  return to;
}

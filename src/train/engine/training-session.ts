/**
 * Training on ONNX Runtime: the traced training graph computes loss and gradients, AdamW runs beside it (optimizer-memory.ts).
 * Parameters, gradients and moments are allocated once; the graph reads and writes them in place.
 * Knows nothing of data files, schedules or checkpoints.
 */

import {
  type GliZNetModel,
  GRADIENT_PREFIX,
  INDICES_SUFFIX,
  ROWS_SUFFIX,
  type TrainingGraphSettings,
  traceTraining,
} from '../../classify/gliznet-graph.ts';
import { sequenceFeeds } from '../../classify/sequence-feeds.ts';
import type { AdamWStep } from '../../model/adamw.ts';
import { gliznetParameterShapes } from '../../model/gliznet.ts';
import { createGraphSession, type Feed, type OnnxSession, type SessionSettings } from '../../runtime/onnx-session.ts';
import type { JointBatch } from '../../text/joint-sequence.ts';
import type { LateBatch } from '../../text/separate-sequences.ts';
import type { StepLosses } from '../run-events.ts';
import { adamwRows, allocateOptimizerMemory, markTouchedRows } from './optimizer-memory.ts';

/** What the loss compares the scores of a batch with. */
export interface BatchTargets {
  /** [B, N]: 1 for true labels, else 0 */
  targets: Float32Array;
  /** [B, N]: 1 for labels that the row has, else 0 */
  valid: Float32Array;
  /** [B, N]: 1 for labels that the row chooses among; only of models that read labels once */
  choice?: Float32Array;
  /** [B, N]: a teacher's distribution over each row's labels; needed if the loss distils */
  teacher?: Float32Array;
  /** Numbers for dropout; needed if the model in training drops. */
  dropout?: DropoutArrays;
}

/** A padded training batch of joint sequences. */
export type JointTrainingBatch = JointBatch & BatchTargets;

/** A padded training batch of texts and labels apart. */
export type LateTrainingBatch = LateBatch & BatchTargets;

/** One padded training batch. */
export type TrainingBatch = JointTrainingBatch | LateTrainingBatch;

/** The numbers of src/model/dropout.ts. */
export interface DropoutArrays {
  /** [S, B, T] */
  rows: Float32Array;
  /** [S, H] */
  columns: Float32Array;
  /** [L, T] */
  keys: Float32Array;
}

/** Outputs of a training graph that are terms of the loss; the last two only where they have a weight. */
export const LOSS_TERMS = ['loss', 'bce', 'margin', 'softmax', 'distill'] as const;

/** Loss of one batch and its terms, before their weights. */
export interface StepResult extends StepLosses {
  /** Scores [B, N] of the batch. */
  logits: Float32Array;
}

/** How one parameter takes part in a step. */
export interface ParameterGroup {
  /** Factor on the learning rate. */
  rateFactor: number;
  /** Whether weight decay applies. */
  decay: boolean;
  /** Not updated at all. */
  frozen: boolean;
}

/** Settings of one optimizer step. */
export interface OptimizerStep extends AdamWStep {
  /** By parameter name; absent: factor 1, decay except biases and LayerNorm, not frozen. */
  groups?: ReadonlyMap<string, ParameterGroup>;
}

/** Arrays of an engine that may live on a device. */
export type EngineArrays = 'parameters' | 'moments' | 'gradients';

/**
 * A model in training. Its arrays are views in this process's memory, in a stable order of names. Where the engine computes on a device,
 * they hold what the last {@link TrainingEngine.download} brought; on the CPU they are the live values.
 */
export interface TrainingEngine {
  readonly parameters: ReadonlyMap<string, { shape: number[]; data: Float32Array }>;
  /** Optimizer moments. */
  readonly moments: ReadonlyMap<string, { m: Float32Array; v: Float32Array }>;
  /** Accumulated gradients. */
  readonly gradients: ReadonlyMap<string, Float32Array>;
  /** Brings the device's values into the views. */
  download(...arrays: EngineArrays[]): Promise<void>;
  /** Takes over what was written into `parameters` and `moments` (resume). */
  upload(): Promise<void>;
  /** Forward and backward pass; adds weight x gradients to the accumulated ones. */
  accumulate(batch: TrainingBatch, weight: number): Promise<StepResult>;
  /** L2 norm of all accumulated gradients of parameters that are not frozen. */
  gradientNorm(groups?: ReadonlyMap<string, ParameterGroup>): Promise<number>;
  /** One AdamW step with the accumulated gradients, which are empty afterwards. */
  apply(step: OptimizerStep): Promise<void>;
  /** Releases native and device memory. */
  dispose(): Promise<void>;
}

/** How a parameter takes part in a step if nobody says. */
export const defaultGroup = (name: string): ParameterGroup => ({ rateFactor: 1, decay: decaysByDefault(name), frozen: false });

/** Whether weight decay applies to a parameter by default: not to biases, LayerNorms and learned scales. */
export const decaysByDefault = (name: string): boolean =>
  !/(bias|LayerNorm\.weight|layer_norm\.weight|norm\.weight|similarity\.scale|cross_attention\.gate)$/i.test(name);

function dropoutFeeds({ rows, columns, keys }: DropoutArrays, { batch, length }: TrainingBatch): Record<string, Feed> {
  const places = rows.length / (batch * length);
  return {
    dropout_rows: { data: rows, shape: [places, batch, length] },
    dropout_columns: { data: columns, shape: [places, columns.length / places] },
    dropout_keys: { data: keys, shape: [keys.length / length, length] },
  };
}

/** The inputs of a training graph for one batch, without the parameters. */
export function trainingFeeds(batch: TrainingBatch, weight: number): Record<string, Feed> {
  const shape = [batch.batch, batch.labels];
  return {
    ...sequenceFeeds(batch),
    targets: { data: batch.targets, shape },
    valid: { data: batch.valid, shape },
    ...(batch.choice ? { choice: { data: batch.choice, shape } } : {}),
    teacher: { data: batch.teacher ?? new Float32Array(batch.targets.length), shape },
    loss_scale: { data: Float32Array.of(weight), shape: [] },
    ...(batch.dropout ? dropoutFeeds(batch.dropout, batch) : {}),
  };
}

/** What {@link createTrainingEngine} needs. */
export interface TrainingEngineRequest extends GliZNetModel, TrainingGraphSettings {
  /** Start values of all parameters; copied. */
  weights: ReadonlyMap<string, { shape: number[]; data: Float32Array }>;
  session?: SessionSettings;
}

/** Traces the training graph and makes it ready to run. */
export async function createTrainingEngine(request: TrainingEngineRequest): Promise<TrainingEngine> {
  const shapes = gliznetParameterShapes(request.encoder, request.options);
  const graph = traceTraining(request, request);
  const session: OnnxSession = await createGraphSession(graph, request.session);
  const terms = LOSS_TERMS.filter((name) => graph.outputs.some((output) => output.name === name));
  const names = Object.keys(shapes);

  const memory = allocateOptimizerMemory(shapes);
  for (const name of names) memory.get(name)!.parameter.set(request.weights.get(name)!.data);
  const parameterFeeds: Record<string, Feed> = Object.fromEntries(
    names.map((name) => [name, { data: memory.get(name)!.parameter, shape: shapes[name] }]),
  );
  const outputs = graph.outputs.map(({ name }) => name);
  const sparse = new Set(names.filter((name) => outputs.includes(GRADIENT_PREFIX + name + ROWS_SUFFIX)));
  const dense = names.filter((name) => !sparse.has(name));
  const denseGradients: Record<string, Feed> = Object.fromEntries(
    dense.map((name) => [GRADIENT_PREFIX + name, { data: memory.get(name)!.gradient, shape: shapes[name] }]),
  );
  // Rows of sparse gradients that are not zero, to be cleared before the next step.
  const dirtyRows = new Map([...sparse].map((name) => [name, new Set<number>()]));
  // Rows that have had a gradient: the moments of all others are zero, so a step only decays them.
  const touchedRows = new Map([...sparse].map((name) => [name, new Uint8Array(shapes[name][0])]));
  let accumulated = 0;

  return {
    parameters: new Map(names.map((name) => [name, { shape: shapes[name], data: memory.get(name)!.parameter }])),
    moments: new Map(names.map((name) => [name, { m: memory.get(name)!.firstMoment, v: memory.get(name)!.secondMoment }])),
    gradients: new Map(names.map((name) => [name, memory.get(name)!.gradient])),
    async download() {},
    async upload() {
      for (const [name, touched] of touchedRows) markTouchedRows(memory.get(name)!, touched);
    },
    async accumulate(batch, weight) {
      const results = await session.run(
        { ...trainingFeeds(batch, weight), ...parameterFeeds },
        outputs,
        accumulated === 0 ? denseGradients : undefined,
      );
      if (accumulated > 0)
        for (const name of dense) {
          const sum = memory.get(name)!.gradient;
          const part = results[GRADIENT_PREFIX + name];
          for (let i = 0; i < part.length; i++) sum[i] += part[i];
        }
      for (const name of sparse) {
        const sum = memory.get(name)!.gradient;
        const rows = results[GRADIENT_PREFIX + name + ROWS_SUFFIX];
        const indices = results[GRADIENT_PREFIX + name + INDICES_SUFFIX];
        const dirty = dirtyRows.get(name)!;
        const size = shapes[name][1];
        if (accumulated === 0) {
          for (const row of dirty) sum.fill(0, row * size, (row + 1) * size);
          dirty.clear();
        }
        for (let i = 0; i < indices.length; i++) {
          const to = indices[i] * size;
          dirty.add(indices[i]);
          touchedRows.get(name)![indices[i]] = 1;
          for (let j = 0; j < size; j++) sum[to + j] += rows[i * size + j];
        }
      }
      accumulated++;
      const result: StepResult = { loss: 0, bce: 0, margin: 0, logits: results.logits as Float32Array };
      for (const name of terms) result[name] = results[name][0];
      return result;
    },
    async gradientNorm(groups) {
      let sum = 0;
      for (const name of names) {
        if (groups?.get(name)?.frozen) continue;
        const one = memory.get(name)!;
        const size = shapes[name][1];
        if (sparse.has(name)) for (const row of dirtyRows.get(name)!) sum += one.gradientSquares(row * size, (row + 1) * size);
        else sum += one.gradientSquares();
      }
      return Math.sqrt(sum);
    },
    async apply({ groups, ...step }) {
      if (accumulated === 0) throw new Error('apply() without accumulated gradients');
      for (const name of names) {
        const group = groups?.get(name) ?? defaultGroup(name);
        if (group.frozen) continue;
        const settings = { ...step, learningRate: step.learningRate * group.rateFactor, weightDecay: group.decay ? step.weightDecay : 0 };
        const touched = touchedRows.get(name);
        if (touched) adamwRows(memory.get(name)!, touched, settings);
        else memory.get(name)!.adamw(settings);
      }
      accumulated = 0;
    },
    dispose: () => session.dispose(),
  };
}

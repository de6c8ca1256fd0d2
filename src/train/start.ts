/** What a run starts from: an encoder with a fresh head, or a GliZNet checkpoint. */

import { DataError } from '../base/errors.ts';
import { normalNumber, randomStream } from '../base/random.ts';
import type { Encoder } from '../model/encoders/encoder.ts';
import { createEncoder } from '../model/encoders/index.ts';
import { ENCODER_PREFIX, GATE, gliznetParameterShapes, LABELS_READ_TEXT } from '../model/gliznet.ts';
import { type GliZNetOptions, MODEL_OPTIONS, ONE_WAY_LABELS } from '../model/options.ts';
import { SIMILARITIES, type SimilarityStart } from '../model/similarities/index.ts';
import type { Declaration } from '../options/declaration.ts';
import { loadTokenizer, type Tokenizer } from '../text/tokenizer/tokenizer.ts';
import { checkpointFolder, checkWeights, type FloatWeights, readCheckpointConfig, readCheckpointWeights } from '../weights/checkpoint.ts';
import { loadCheckpointTokenizer } from '../weights/checkpoint-tokenizer.ts';
import { readEncoderFolder } from '../weights/encoder-weights.ts';
import { resolveModelFolder } from '../weights/hub/hub.ts';
import { modelOptions } from './settings.ts';
import type { TrainSettings } from './settings-schema.ts';

/** A model ready to be trained. */
export interface StartModel {
  encoder: Encoder;
  encoderConfig: Record<string, unknown>;
  options: GliZNetOptions;
  weights: FloatWeights;
  tokenizer: Tokenizer;
}

/** Start values of learned scalars. */
export interface ScalarStart extends SimilarityStart {
  /** Biases of what labels and text read of each other. */
  gate: number;
}

/**
 * Fresh parameters of all that is not the encoder's. Weights are normal with standard deviation 1 / sqrt(inputs), so that projected
 * vectors keep their length; biases are 0; the scalars start as given.
 */
export function freshHead(encoder: Encoder, options: GliZNetOptions, seed: number, scalars: ScalarStart): FloatWeights {
  const weights = new Map<string, { shape: number[]; data: Float32Array }>();
  const similarityStart = (name: string) =>
    name.startsWith('similarity.') ? SIMILARITIES[options.similarity].start(name, scalars) : undefined;
  for (const [name, shape] of Object.entries(gliznetParameterShapes(encoder, options))) {
    if (name.startsWith(ENCODER_PREFIX)) continue;
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    if (name === GATE) data.fill(scalars.gate);
    else if (name === 'projection.bias') data.fill(0);
    else if (similarityStart(name) !== undefined) data.fill(similarityStart(name)!);
    else {
      const random = randomStream(seed, shape.length, data.length);
      const deviation = 1 / Math.sqrt(shape.at(-1)!);
      for (let i = 0; i < data.length; i++) data[i] = deviation * normalNumber(random);
    }
    weights.set(name, { shape, data });
  }
  return weights;
}

/** Weights of a gated checkpoint as a one-way model has them: of its gates those by which labels read the text. */
function oneWayWeights(weights: FloatWeights): FloatWeights {
  const gate = weights.get(GATE)!; // [layers, 3]
  const [layers, directions] = gate.shape;
  const kept = Float32Array.from({ length: layers }, (_, layer) => gate.data[layer * directions + LABELS_READ_TEXT]);
  return new Map([...weights, [GATE, { shape: [layers, 1], data: kept }]]);
}

/** The rows of a gate that the last `upperLayers` layers have, as a late model has them; layers and directions that it lacks start at `gate`. */
function lateWeights(weights: FloatWeights, from: GliZNetOptions, to: GliZNetOptions, gate: number): FloatWeights {
  const { [GATE]: before, ...rest } = Object.fromEntries(weights);
  if (to.upperLayers === 0) return new Map(Object.entries(rest));
  const directions = to.setAttention ? 2 : 1;
  const data = new Float32Array(to.upperLayers * directions).fill(gate); // [upperLayers, directions]
  const [layers = 0, width = 0] = before?.shape ?? [];
  // Of a gated model labels' reading the text is the second direction, labels' reading other labels the third.
  const first = from.crossAttention === 'gated' ? LABELS_READ_TEXT : 0;
  for (let layer = Math.max(0, to.upperLayers - layers); layer < to.upperLayers; layer++)
    for (let direction = 0; direction < Math.min(directions, width - first); direction++)
      data[layer * directions + direction] = before!.data[(layers - to.upperLayers + layer) * width + first + direction];
  return new Map([...Object.entries(rest), [GATE, { shape: [to.upperLayers, directions], data }]]);
}

type ModelSettings = TrainSettings['model'];

/** Reads a checkpoint; as one-way or late where the settings ask for that, which others can become. @throws DataError naming file and tensor */
function readModel(folder: string, wanted: Pick<ModelSettings, 'cross_attention' | 'upper_layers' | 'set_attention' | 'gate'>) {
  const { options, encoder: encoderConfig } = readCheckpointConfig(folder);
  const encoder = createEncoder(encoderConfig);
  const weights = checkWeights(readCheckpointWeights(folder), gliznetParameterShapes(encoder, options), folder);
  const kind = wanted.cross_attention;
  const isSame = kind === options.crossAttention;
  if (kind === 'late' && !(isSame && wanted.upper_layers === options.upperLayers && wanted.set_attention === options.setAttention)) {
    if (options.crossAttention === 'free')
      throw new DataError(`${folder}: only a checkpoint with gated or one-way cross-attention can be read as late; this one's is free`);
    const late = {
      ...options,
      crossAttention: 'late' as const,
      upperLayers: wanted.upper_layers,
      setAttention: wanted.set_attention,
      labelsPerGroup: null,
    };
    return { encoder, encoderConfig, options: late, weights: lateWeights(weights, options, late, wanted.gate) };
  }
  if (kind !== 'one-way' || isSame) return { encoder, encoderConfig, options, weights };
  if (options.crossAttention !== 'gated')
    throw new DataError(
      `${folder}: only a checkpoint with gated cross-attention can be read as one-way; this one's is ${options.crossAttention}`,
    );
  const oneWay = { ...options, crossAttention: 'one-way' as const, labelsPerGroup: ONE_WAY_LABELS };
  return { encoder, encoderConfig, options: oneWay, weights: oneWayWeights(weights) };
}

/** Loads what the settings start from. @throws UsageError / DataError naming the file or field that is wrong. */
export async function loadStart(settings: TrainSettings, note: (line: string) => void): Promise<StartModel> {
  if (settings.checkpoint) {
    const folder = checkpointFolder(await resolveModelFolder(settings.checkpoint, { note }));
    const model = readModel(folder, settings.model);
    return { ...model, tokenizer: await loadCheckpointTokenizer(folder, { encoder: model.encoderConfig }) };
  }
  const folder = await resolveModelFolder(settings.encoder!, { note });
  const { config, encoder, weights: encoderWeights } = readEncoderFolder(folder);
  const options = modelOptions(settings);
  const weights = new Map([...encoderWeights].map(([name, tensor]) => [ENCODER_PREFIX + name, tensor]));
  for (const [name, tensor] of freshHead(encoder, options, settings.seed, settings.model)) weights.set(name, tensor);
  return { encoder, encoderConfig: config, options, weights, tokenizer: await loadTokenizer(folder) };
}

/** Options that say how weights are read: checkpoints in which they differ have no mean. */
const OPTIONS_OF_WEIGHTS = Object.entries<Declaration>(MODEL_OPTIONS)
  .filter(([, { inputOnly }]) => !inputOnly)
  .map(([name]) => name as keyof typeof MODEL_OPTIONS);

/**
 * Weights of the checkpoints that a run's final weights are averaged with.
 * @throws DataError when one is not of this model: another encoder, other options
 */
export async function loadAverageWith(settings: TrainSettings, start: StartModel, note: (line: string) => void): Promise<FloatWeights[]> {
  const members: FloatWeights[] = [];
  for (const one of settings.average_with ?? []) {
    const folder = checkpointFolder(await resolveModelFolder(one, { note }));
    const { crossAttention, upperLayers, setAttention } = start.options;
    const { options, weights } = readModel(folder, {
      ...{ cross_attention: crossAttention, upper_layers: upperLayers, set_attention: setAttention },
      gate: settings.model.gate,
    });
    for (const option of OPTIONS_OF_WEIGHTS)
      if (options[option] !== start.options[option])
        throw new DataError(
          `${folder}: cannot be averaged with this run: its ${option} is ${options[option]}, here ${start.options[option]}`,
        );
    members.push(checkWeights(weights, gliznetParameterShapes(start.encoder, start.options), folder));
  }
  return members;
}

/** What the training benchmarks train: encoders of two published sizes with random weights, and batches of random text. */
import { randomStream } from '../src/base/random.ts';
import type { Encoder } from '../src/model/encoders/encoder.ts';
import { createEncoder } from '../src/model/encoders/index.ts';
import { gliznetParameterShapes } from '../src/model/gliznet.ts';
import { ARTICLE_OPTIONS } from '../src/model/options.ts';
import type { TrainingBatch } from '../src/train/engine/training-session.ts';

/** config.json of the encoders. */
const CONFIGS = {
  minilm: {
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
  },
  deberta: {
    model_type: 'deberta-v2',
    vocab_size: 128100,
    hidden_size: 768,
    num_hidden_layers: 6,
    num_attention_heads: 12,
    intermediate_size: 3072,
    max_position_embeddings: 512,
    type_vocab_size: 0,
    relative_attention: true,
    position_buckets: 256,
    max_relative_positions: -1,
    norm_rel_ebd: 'layer_norm',
    share_att_key: true,
    pos_att_type: 'p2c|c2p',
    position_biased_input: false,
    layer_norm_eps: 1e-7,
    hidden_act: 'gelu',
    pad_token_id: 0,
  },
};

/** Encoders of the benchmark: all-MiniLM-L6-v2's and deberta-v3-small's sizes. */
export type LoadName = keyof typeof CONFIGS;

/** Names of the encoders. */
export const LOAD_NAMES = Object.keys(CONFIGS) as LoadName[];

/** A model to train. */
export interface TrainingLoad {
  encoder: Encoder;
  options: typeof LOAD_OPTIONS;
  weights: Map<string, { shape: number[]; data: Float32Array }>;
  /** Batch number `index`: [batch, length] tokens, no padding, four labels of four tokens. */
  batch(index: number, batch: number, length: number): TrainingBatch;
}

const LOAD_OPTIONS = { ...ARTICLE_OPTIONS, textPooling: 'mean', labelPooling: 'mean', projection: null, similarity: 'cosine' } as const;
const LABELS = 4;

/** Makes a model with random weights. */
export function trainingLoad(name: LoadName): TrainingLoad {
  const config = CONFIGS[name];
  const encoder = createEncoder(config);
  const random = randomStream(1);
  const weights = new Map(
    Object.entries(gliznetParameterShapes(encoder, LOAD_OPTIONS)).map(([parameter, shape]) => {
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
      for (let i = 0; i < data.length; i++) data[i] = /LayerNorm\.weight/.test(parameter) ? 1 : 0.02 * (random() - 0.5);
      return [parameter, { shape, data }];
    }),
  );
  // Token frequencies fall with the rank, as in text: the share of the ranks up to r is about log(1 + r / 2.7) / log(1 + all / 2.7).
  const scale = Math.log(1 + config.vocab_size / 2.7);
  return {
    encoder,
    options: LOAD_OPTIONS,
    weights,
    batch(index, batch, length) {
      const draw = randomStream(2, index);
      const ints = (make: (column: number) => number) => Int32Array.from({ length: batch * length }, (_, i) => make(i % length));
      const textEnd = Math.floor((length * 5) / 8);
      return {
        batch,
        length,
        labels: LABELS,
        inputIds: ints(() => Math.min(config.vocab_size - 1, Math.floor(2.7 * Math.expm1(draw() * scale)))),
        attentionMask: ints(() => 1),
        labelMask: ints((column) => {
          const at = column - textEnd;
          return at >= 0 && at < 5 * LABELS && at % 5 !== 0 ? Math.floor(at / 5) + 1 : 0;
        }),
        textMask: ints((column) => (column > 0 && column < textEnd - 1 ? 1 : 0)),
        labelCounts: new Int32Array(batch).fill(LABELS),
        targets: Float32Array.from({ length: batch * LABELS }, (_, i) => (i % LABELS === 0 ? 1 : 0)),
        valid: new Float32Array(batch * LABELS).fill(1),
      };
    },
  };
}

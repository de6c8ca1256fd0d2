/**
 * What DeBERTa's attention knows of positions: relative embeddings, whose products with queries (content to position) and keys (position to
 * content) are added to those of queries and keys.
 */
import * as tf from '@tensorflow/tfjs-core';
import { constantWeights, embedding, splitHeads } from '../ops.ts';
import { byDistance, byKey, columnDistances, tableScores } from '../position-ops.ts';
import { booleanField, integerField, type RawConfig, wordField, wordsField } from './config-fields.ts';
import type { Weights } from './encoder.ts';
import { ignoreFields } from './known-fields.ts';
import { applyLinear, applyNorm, linearShapes, normShapes, parameter, type Shapes } from './parameters.ts';
import type { LayerNames } from './post-norm-layer.ts';

type PositionTerm = 'c2p' | 'p2c';

/** Settings of the relative positions. */
export interface RelativeSettings {
  terms: PositionTerm[];
  /** Whether the content's key and query projections serve the positions too (v3). */
  sharedProjections: boolean;
  /** Rows of the relative embeddings on each side of distance 0. */
  span: number;
  /** 0: one row a distance, no logarithmic buckets. */
  buckets: number;
  /** Distance at which the last bucket begins. */
  mostDistant: number;
  normalised: boolean;
}

const positionKey = (index: number): string => `encoder.layer.${index}.attention.self.pos_key_proj`;
const positionQuery = (index: number): string => `encoder.layer.${index}.attention.self.pos_query_proj`;

/**
 * Bucket of a distance (query position minus key position): the distance itself up to half of the buckets, beyond that a
 * logarithmic scale that ends at `mostDistant`. Rounded to float32 at each step, as PyTorch computes it.
 */
export function debertaBucket(distance: number, buckets: number, mostDistant: number): number {
  const middle = Math.floor(buckets / 2);
  const size = Math.abs(distance);
  if (size <= middle) return distance;
  const logarithm = Math.fround(Math.log(Math.fround(size / middle)));
  const range = Math.fround(Math.log(Math.fround((mostDistant - 1) / middle)));
  const scaled = Math.fround(Math.fround(logarithm / range) * (middle - 1));
  return Math.sign(distance) * (Math.ceil(scaled) + middle);
}

/** Row of the relative embeddings for a distance. */
export function relativeRow(
  distance: number,
  { buckets, mostDistant, span }: Pick<RelativeSettings, 'buckets' | 'mostDistant' | 'span'>,
): number {
  const bucket = buckets > 0 ? debertaBucket(distance, buckets, mostDistant) : distance;
  return Math.min(Math.max(bucket + span, 0), 2 * span - 1);
}

/** Reads the settings; undefined where there are no relative positions. @throws UsageError naming the field that is wrong */
export function relativeSettings(config: RawConfig, positions: number): RelativeSettings | undefined {
  if (!booleanField(config, 'relative_attention', false)) {
    ignoreFields(config, 'position_buckets', 'max_relative_positions', 'norm_rel_ebd', 'share_att_key');
    return undefined;
  }
  const buckets = Math.max(integerField(config, 'position_buckets', -1, -1), 0);
  if (buckets === 1) integerField(config, 'position_buckets', undefined, 2); // no room for two signs: refuse
  const stated = integerField(config, 'max_relative_positions', -1, -1);
  const mostDistant = stated < 1 ? positions : stated;
  return {
    terms: wordsField(config, 'pos_att_type', ['c2p', 'p2c'], []),
    sharedProjections: booleanField(config, 'share_att_key', false),
    span: buckets > 0 ? buckets : mostDistant,
    buckets,
    mostDistant,
    normalised: wordField(config, 'norm_rel_ebd', ['none', 'layer_norm'], 'none') === 'layer_norm',
  };
}

/** Shapes of what all layers read. */
export const relativeShapes = ({ span, normalised }: RelativeSettings, hiddenSize: number): Shapes => ({
  'encoder.rel_embeddings.weight': [2 * span, hiddenSize],
  ...(normalised ? normShapes('encoder.LayerNorm', hiddenSize) : {}),
});

/** Shapes of a layer's own projections of positions; none where those of contents serve. */
export const positionShapes = ({ terms, sharedProjections }: RelativeSettings, layer: number, hiddenSize: number): Shapes => ({
  ...(terms.includes('c2p') && !sharedProjections ? linearShapes(positionKey(layer), hiddenSize, hiddenSize) : {}),
  ...(terms.includes('p2c') && !sharedProjections ? linearShapes(positionQuery(layer), hiddenSize, hiddenSize) : {}),
});

/** Relative embeddings behind a projection, [h, 2T, d], for each column the distance that it has to a query, or to a key. */
export interface RelativePositions {
  fromQuery(projection: string): tf.Tensor3D;
  fromKey(projection: string): tf.Tensor3D;
}

/**
 * The relative embeddings in the order of {@link columnDistances}, projected by a linear layer and split into heads: [h, 2T, d].
 * While weights are constants, ONNX Runtime projects the whole table once; while they are trained, only the rows that are read are.
 * table [2 * span, H], rows int32 [2T]
 */
function relativeHeads(weights: Weights, table: tf.Tensor2D, rows: tf.Tensor1D, heads: number): (projection: string) => tf.Tensor3D {
  const whole = constantWeights();
  const read = whole ? table : embedding(table, rows);
  return (projection) => {
    const projected = applyLinear(weights, projection, read);
    const ordered = whole ? embedding(projected as tf.Tensor2D, rows) : projected; // [2T, H]
    return tf.squeeze(splitHeads(tf.expandDims(ordered, 0), heads), [0]) as tf.Tensor3D;
  };
}

/** The relative embeddings of a batch, as layers read them. positions int32 [T]; epsilon and heads as in the layers */
export function relativePositions(
  weights: Weights,
  relative: RelativeSettings,
  positions: tf.Tensor1D,
  { maxLength, heads, epsilon }: { maxLength: number; heads: number; epsilon: number },
): RelativePositions {
  let table = parameter(weights, 'encoder.rel_embeddings.weight') as tf.Tensor2D;
  if (relative.normalised) table = applyNorm(weights, 'encoder.LayerNorm', table, epsilon) as tf.Tensor2D;
  const distances = columnDistances(positions);
  const seenWith = (sign: number) =>
    relativeHeads(
      weights,
      table,
      byDistance(distances, maxLength, (distance) => relativeRow(sign * distance, relative)),
      heads,
    );
  return { fromQuery: seenWith(1), fromKey: seenWith(-1) };
}

/** Sum of the position terms of a layer, scaled: [B, h, T, T]; undefined where there are none. query, key [B, T, H] */
export function positionScores(
  { terms, sharedProjections }: RelativeSettings,
  positions: RelativePositions,
  names: LayerNames,
  layer: number,
  { query, key, heads, scale }: { query: tf.Tensor; key: tf.Tensor; heads: number; scale: number },
): tf.Tensor4D | undefined {
  let sum: tf.Tensor | undefined;
  if (terms.includes('c2p')) {
    const keys = positions.fromQuery(sharedProjections ? names.key : positionKey(layer));
    sum = byKey(tableScores(splitHeads(query, heads), keys, scale)); // [B, h, T query, T key]
  }
  if (terms.includes('p2c')) {
    const queries = positions.fromKey(sharedProjections ? names.query : positionQuery(layer));
    const byQuery = tf.transpose(byKey(tableScores(splitHeads(key, heads), queries, scale)), [0, 1, 3, 2]); // [B, h, T query, T key]
    sum = sum ? tf.add(sum, byQuery) : byQuery;
  }
  return sum as tf.Tensor4D | undefined;
}

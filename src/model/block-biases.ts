/**
 * Attention biases of sequences made of blocks: what passes between text and labels (cross-attention gated and one-way).
 * Notation in shapes: B batch, T tokens.
 */
import * as tf from '@tensorflow/tfjs-core';

/** The attention score of what is not read: far below any other, and still finite when a second one is added. */
export const NOT_READ = -1e9;

/**
 * Attention biases of a sequence made of blocks: 0 within a block, the layer's learned bias between blocks that read each other.
 * blockNumbers int32 [B, T], gate [layers, 3] (gated) or [layers, 1] (one-way) -> one [B, 1, T, T] a layer.
 */
export function blockBiases(blockNumbers: tf.Tensor2D, gate: tf.Tensor2D): tf.Tensor4D[] {
  const [query, key] = [tf.expandDims(blockNumbers, 2), tf.expandDims(blockNumbers, 1)]; // [B, T, 1], [B, 1, T]
  const isText = (numbers: tf.Tensor) => tf.cast(tf.equal(numbers, tf.scalar(0, 'int32')), 'float32');
  const [fromText, toText] = [isText(query), isText(key)];
  const labelsReadText = tf.mul(tf.sub(1, fromText), toText); // [B, T, T]: the query is a label's token, the key one of the text's
  const within = tf.cast(tf.equal(query, key), 'float32'); // [B, T, T]
  const gated = (mask: tf.Tensor, layer: number, direction: number) =>
    tf.mul(mask, tf.reshape(tf.slice(gate, [layer, direction], [1, 1]), [1, 1, 1])); // [B, T, T]
  const [layers, directions] = gate.shape;
  if (directions === 1) {
    const notRead = tf.mul(tf.sub(tf.sub(1, within), labelsReadText), NOT_READ); // [B, T, T]
    return Array.from(
      { length: layers },
      (_, layer) => tf.expandDims(tf.add(notRead, gated(labelsReadText, layer, 0)), 1) as tf.Tensor4D, // [B, 1, T, T]
    );
  }
  const textReadsLabels = tf.mul(fromText, tf.sub(1, toText)); // [B, T, T]
  const betweenLabels = tf.sub(tf.sub(tf.sub(1, within), labelsReadText), textReadsLabels); // [B, T, T]
  const masks = [textReadsLabels, labelsReadText, betweenLabels];
  return Array.from(
    { length: layers },
    (_, layer) => tf.expandDims(tf.addN(masks.map((mask, direction) => gated(mask, layer, direction))), 1) as tf.Tensor4D, // [B, 1, T, T]
  );
}

/** Attention biases of a sequence whose blocks do not read each other: 0 within a block. blockNumbers int32 [B, T] -> [B, T, T] */
export function separateBlocks(blockNumbers: tf.Tensor2D): tf.Tensor3D {
  const within = tf.cast(tf.equal(tf.expandDims(blockNumbers, 2), tf.expandDims(blockNumbers, 1)), 'float32'); // [B, T, T]
  return tf.mul<tf.Tensor3D>(tf.sub(1, within), NOT_READ);
}

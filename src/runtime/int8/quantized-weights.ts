/** Weights in 8 bits, made once: a scale for each output feature, and in float what belongs to the large features of what they are multiplied by. */
import type { Initializer } from '../../trace/graph.ts';
import type { GraphEdit } from './graph-edit.ts';
import type { QuantizedActivation } from './quantized-activations.ts';

/**
 * Largest sum of two neighbours' sizes, in steps. Processors without 8-bit dot products (x86 without VNNI) add up unsigned activations times
 * signed weights in pairs of 16 bits, and cut off, without a word, what does not fit: 255 x 128 = 32,640 does. 1 is left for rounding.
 */
const LARGEST_PAIR = 127;

/** The step with which no pair of neighbours in a row of weights times factors is larger. */
function stepOf(weight: Float32Array, start: number, factors: Float32Array): number {
  let largest = 0;
  for (let i = 0; i < factors.length; i += 2) {
    const one = Math.abs(weight[start + i] * factors[i]);
    const other = i + 1 < factors.length ? Math.abs(weight[start + i + 1] * factors[i + 1]) : 0;
    largest = Math.max(largest, one + other);
  }
  return largest / LARGEST_PAIR || 1;
}

/**
 * A matrix [out, in] in parts: int8 [in, out] of the weights times `divisors`, with one scale for each output feature, and float
 * [out, large] of the large features; and what the 8-bit part makes of a row that is `offset` everywhere [out].
 */
function splitWeight({ data, shape: [outSize, inSize] }: Initializer, { large, divisors, offset }: QuantizedActivation) {
  const weight = data as Float32Array;
  const factors = divisors.slice();
  for (const feature of large) factors[feature] = 0;
  const bytes = new Int8Array(outSize * inSize);
  const scales = new Float32Array(outSize);
  const exact = new Float32Array(outSize * large.length);
  const ofOffset = new Float32Array(outSize);
  for (let row = 0; row < outSize; row++) {
    const start = row * inSize;
    const scale = stepOf(weight, start, factors);
    scales[row] = scale;
    let sum = 0;
    for (let i = 0; i < inSize; i++) {
      const steps = Math.round((weight[start + i] * factors[i]) / scale);
      bytes[i * outSize + row] = steps;
      if (factors[i]) sum += steps / factors[i];
    }
    ofOffset[row] = offset * scale * sum;
    for (const [at, feature] of large.entries()) exact[row * large.length + at] = weight[start + feature];
  }
  return { bytes, scales, exact, ofOffset };
}

/** A weight in 8 bits: names of its constants. */
export interface QuantizedWeight {
  bytes: string;
  scales: string;
  /** What is multiplied by the large features; there where the rows have any. */
  exact: string;
  /** What is added to the product; undefined: nothing. */
  bias: string | undefined;
}

/**
 * Adds the constants of a weight behind rows, once: the same weight behind other rows (ALBERT's shared layers) is split anew.
 * @param value name of the rows in float
 * @param bias name of what is added to the product in float
 */
export function addQuantizedWeight(
  { constants, constant }: GraphEdit,
  weight: Initializer,
  value: string,
  rows: QuantizedActivation,
  bias: string | undefined,
): QuantizedWeight {
  const [outSize, inSize] = weight.shape;
  const own = `${weight.name}.${value}`;
  const names = { bytes: `${own}.int8`, scales: `${own}.scales`, exact: `${own}.large`, bias: rows.offset ? `${own}.bias` : bias };
  if (constants.has(names.bytes)) return names;
  const { bytes, scales, exact, ofOffset } = splitWeight(weight, rows);
  constant(names.bytes, 'int8', [inSize, outSize], bytes);
  constant(names.scales, 'float32', [outSize], scales);
  if (exact.length) constant(names.exact, 'float32', [outSize, rows.large.length], exact);
  if (rows.offset) {
    const without = bias ? (constants.get(bias)!.data as Float32Array) : undefined;
    const shifted = ofOffset.map((value, i) => (without?.[i] ?? 0) - value);
    constant(`${own}.bias`, 'float32', [outSize], shifted);
  }
  return names;
}

/**
 * Activations in 8 bits, quantized while the graph runs: each row has a scale of its own, and its few large features stay in float. What GELU
 * gives is never far below 0: with a constant added, all steps are used for what lies above.
 */
import type { GraphEdit } from './graph-edit.ts';

/** Zero point of activations of both signs. */
const MIDDLE = 128;
/** GELU is never below -0.17: with this added nothing is negative, and all 256 steps can be used. What it adds to a product is constant. */
const GELU_LOWEST = 0.17;
/** Features and weights below this are taken as this large: nothing is divided by 0. */
const SMALLEST = 1e-4;

/** What an activation [.., features] that enters products was seen to hold. */
export interface ActivationRange {
  /** Features that are far larger than the others and stay in float, ascending. */
  large: Int32Array;
  /** Largest absolute value of each feature. */
  largest: Float32Array;
}

/** An activation in 8 bits: names of its values in the graph, and how it was made. */
export interface QuantizedActivation {
  bytes: string;
  /** One scale for each row. */
  scales: string;
  zeroPoint: string;
  /** Its large features in float. */
  exact: string;
  large: Int32Array;
  /** What each feature was divided by. */
  divisors: Float32Array;
  /** What was added to each feature before it was divided. */
  offset: number;
}

/** Constants that all products share: their names. */
export interface QuantizationConstants {
  /** 1 */
  unit: string;
  lastAxis: string;
  /** Least size of a row: nothing is divided by 0. */
  tiny: string;
  /** Zero point, and the step of a row whose range is 1, for values of both signs. */
  symmetric: { zeroPoint: string; step: string };
  /** The same for values that are not negative. */
  positive: { zeroPoint: string; step: string };
}

/** Adds the constants. */
export function addQuantizationConstants({ constant }: GraphEdit): QuantizationConstants {
  return {
    unit: constant('quantize.unit', 'float32', [], Float32Array.of(1)),
    lastAxis: constant('quantize.last_axis', 'int64', [1], BigInt64Array.of(-1n)),
    tiny: constant('quantize.tiny', 'float32', [], Float32Array.of(1e-20)),
    symmetric: {
      zeroPoint: constant('quantize.middle', 'uint8', [], Uint8Array.of(MIDDLE)),
      step: constant('quantize.step', 'float32', [], Float32Array.of(1 / 127)),
    },
    positive: {
      zeroPoint: constant('quantize.zero', 'uint8', [], Uint8Array.of(0)),
      step: constant('quantize.positive_step', 'float32', [], Float32Array.of(1 / 255)),
    },
  };
}

/** What features are divided by: the root of the largest value over the largest weight shares the unevenness between both. */
function divisorsOf({ largest }: ActivationRange, weights: readonly Float32Array[]): Float32Array {
  const heaviest = new Float32Array(largest.length);
  for (const weight of weights)
    for (const [i, value] of weight.entries()) heaviest[i % heaviest.length] = Math.max(heaviest[i % heaviest.length], Math.abs(value));
  return largest.map((value, i) => Math.sqrt(Math.max(value, SMALLEST) / Math.max(heaviest[i], SMALLEST)));
}

/**
 * Adds the nodes that quantize an activation.
 * @param name of its value
 * @param weights matrices [out, in], row-major, that it is multiplied by
 */
export function addQuantizedActivation(
  edit: GraphEdit,
  { unit, lastAxis, tiny, symmetric, positive }: QuantizationConstants,
  name: string,
  range: ActivationRange,
  weights: readonly Float32Array[],
): QuantizedActivation {
  const { add, constant } = edit;
  const { large } = range;
  const isGelu = edit.origin(name)?.op === 'Gelu';
  const { zeroPoint, step } = isGelu ? positive : symmetric;
  const result: QuantizedActivation = {
    ...{ bytes: `${name}.bytes`, scales: `${name}.row_scales`, zeroPoint, exact: `${name}.large` },
    ...{ large, divisors: divisorsOf(range, weights), offset: isGelu ? GELU_LOWEST : 0 },
  };
  const shape = [result.divisors.length];
  const factors = result.divisors.map((divisor) => 1 / divisor);
  for (const feature of large) factors[feature] = 0;
  add('Mul', [name, constant(`${name}.factors`, 'float32', shape, factors)], `${name}.even`);
  if (large.length) add('Gather', [name, constant(`${name}.large_features`, 'int32', [large.length], large)], result.exact, { axis: -1 });
  let rows = `${name}.even`;
  if (isGelu) {
    rows = `${name}.positive`;
    const offsets = factors.map((factor) => factor * GELU_LOWEST);
    add('Add', [`${name}.even`, constant(`${name}.offset`, 'float32', shape, offsets)], rows);
    add('ReduceMax', [rows, lastAxis], `${name}.range`, { keepdims: 1 });
  } else {
    add('ReduceMax', [rows, lastAxis], `${name}.max`, { keepdims: 1 });
    add('ReduceMin', [rows, lastAxis], `${name}.min`, { keepdims: 1 });
    add('Neg', [`${name}.min`], `${name}.negative_min`);
    add('Max', [`${name}.max`, `${name}.negative_min`, tiny], `${name}.range`);
  }
  add('Mul', [`${name}.range`, step], result.scales);
  add('Div', [rows, result.scales], `${name}.steps`);
  add('QuantizeLinear', [`${name}.steps`, unit, zeroPoint], result.bytes);
  return result;
}

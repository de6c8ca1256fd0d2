/** Logits as probabilities, and how numbers of results are written. */

/** A number as results have it: six digits behind the point, more say nothing. */
export const rounded = (value: number): number => Number(value.toFixed(6));

/** 1 / (1 + e^-x) */
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Numbers above 0 that sum to 1, in the proportions of e^(scale x). logits [N] -> [N] */
export function softmax(logits: Float32Array, scale = 1): Float64Array {
  let largest = Number.NEGATIVE_INFINITY;
  for (const logit of logits) largest = Math.max(largest, logit);
  const result = Float64Array.from(logits, (logit) => Math.exp(scale * (logit - largest)));
  let sum = 0;
  for (const value of result) sum += value;
  return result.map((value) => value / sum);
}

/** Logits as probabilities, and how numbers of results are written. */

/** A number as results have it: six digits behind the point, more say nothing. */
export const rounded = (value: number): number => Number(value.toFixed(6));

/** 1 / (1 + e^-x) */
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** What is made of each of many numbers. `Float64Array.from` makes a list of them first, of a million logits 8 MB and more. [N] -> [N] */
export function mapped(values: Float32Array, of: (value: number) => number): Float64Array {
  const result = new Float64Array(values.length);
  for (let at = 0; at < values.length; at++) result[at] = of(values[at]);
  return result;
}

/** Numbers above 0 that sum to 1, in the proportions of e^(scale x). logits [N] -> [N] */
export function softmax(logits: Float32Array, scale = 1): Float64Array {
  let largest = Number.NEGATIVE_INFINITY;
  for (const logit of logits) largest = Math.max(largest, logit);
  const result = mapped(logits, (logit) => Math.exp(scale * (logit - largest)));
  let sum = 0;
  for (const value of result) sum += value;
  for (let at = 0; at < result.length; at++) result[at] /= sum;
  return result;
}

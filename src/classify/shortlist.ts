/** Of a large label set the labels that are read with a text: those whose embeddings are nearest to the text's. Knows vectors, no models. */

/**
 * Labels on the shortlist of a set. At the lower bound next to nothing is lost (of 68 and 77 labels 50 held a right one for 1,249 of 1,250 texts of two
 * benchmarks); the upper one holds the right one of 4,510 research topics for 19 of 20 texts.
 */
export const shortlistSize = (labels: number): number => Math.max(50, Math.min(100, Math.ceil(labels / 2)));

/**
 * What a label's logit loses for each standard deviation that its similarity to the text is below the nearest label's, times the logarithm
 * of how many times more labels there are than the model reckons with. Of many labels a hundred fit a text more or less, and were all
 * scored high without (docs/experiments.md).
 */
const SIMILARITY_WEIGHT = 0.45;

/** The labels that are read for a text, the nearest first, and what the logit of each loses for being less near than the first. */
export interface Shortlist {
  labels: number[];
  discounts: number[];
}

/** The `count` labels nearest to a text, for a model that reckons with `expected` labels. All vectors have unit length. */
export function shortlistOf(text: Float32Array, labels: readonly Float32Array[], count: number, expected: number): Shortlist {
  const cosines = Float32Array.from(labels, (label) => {
    let cosine = 0;
    for (let i = 0; i < text.length; i++) cosine += text[i] * label[i];
    return cosine;
  });
  const order = [...labels.keys()].sort((a, b) => cosines[b] - cosines[a] || a - b).slice(0, count);
  const mean = cosines.reduce((sum, cosine) => sum + cosine, 0) / cosines.length;
  const deviation = Math.sqrt(cosines.reduce((sum, cosine) => sum + (cosine - mean) ** 2, 0) / cosines.length);
  const weight = deviation > 0 ? (SIMILARITY_WEIGHT * Math.max(0, Math.log(labels.length / expected))) / deviation : 0;
  return { labels: order, discounts: order.map((label) => weight * (cosines[order[0]] - cosines[label])) };
}

/** Exact bounds of a share (Clopper and Pearson), and the level that they allow. Pure arithmetic. */

/** Probability of at most `count` of `total`, where each is one with probability `p`. */
function atMost(count: number, total: number, p: number): number {
  let log = total * Math.log1p(-p);
  let sum = Math.exp(log);
  for (let k = 1; k <= count; k++) {
    log += Math.log((total - k + 1) / k) + Math.log(p) - Math.log1p(-p);
    sum += Math.exp(log);
  }
  return sum;
}

/** The share that is not exceeded with 95 % confidence, where `wrong` of `total` were seen; 1 of nothing. */
export function upperBound(wrong: number, total: number): number {
  if (wrong >= total) return 1;
  let [low, high] = [wrong / total, 1];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (atMost(wrong, total, middle) > 0.05) low = middle;
    else high = middle;
  }
  return high;
}

/** Levels that are tried. */
const STEPS = 100;

/** Share of the records that the first level answers at least: among few one wrong answer would end the search. */
const FIRST_SHARE = 0.2;

/**
 * The lowest level from which on the error of what is answered stays under `most` with 95 % confidence; undefined where there is none. Levels are tried from
 * the highest at which enough are answered to show it, and the first that fails ends it: so the bound holds for the one that is chosen
 * (fixed sequence testing; Angelopoulos et al., Learn then Test, 2021).
 */
export function levelFor(confidence: readonly number[], isRight: readonly boolean[], most: number): number | undefined {
  const enough = Math.max(2 * Math.ceil(Math.log(0.05) / Math.log1p(-most)), FIRST_SHARE * confidence.length);
  let chosen: number | undefined;
  for (let step = STEPS; step >= 0; step--) {
    const level = step / STEPS;
    const answered = [...confidence.keys()].filter((at) => confidence[at] >= level);
    if (answered.length < enough) continue;
    const wrong = answered.filter((at) => !isRight[at]).length;
    if (upperBound(wrong, answered.length) > most) break;
    chosen = level;
  }
  return chosen;
}

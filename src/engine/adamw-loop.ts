/**
 * One AdamW step over typed arrays, in place: on a CPU this memory-bound loop is three times faster than the same
 * arithmetic as separate graph nodes. The formulas are those of src/model/adamw.ts (torch.optim.AdamW).
 */
import type { AdamWStep } from '../model/adamw.ts';

/** Updates `parameter` and its moments in place; all arrays have one length. Only [start, end) if given. */
export function adamwLoop(
  parameter: Float32Array,
  gradient: Float32Array,
  firstMoment: Float32Array,
  secondMoment: Float32Array,
  settings: AdamWStep,
  start = 0,
  end = parameter.length,
): void {
  const [beta1, beta2] = settings.betas;
  const rate = settings.learningRate / (1 - beta1 ** settings.step);
  const correction = 1 / Math.sqrt(1 - beta2 ** settings.step);
  const keep = 1 - settings.learningRate * settings.weightDecay;
  const { epsilon, gradientScale } = settings;
  for (let i = start; i < end; i++) {
    const g = gradient[i] * gradientScale;
    const m = beta1 * firstMoment[i] + (1 - beta1) * g;
    const v = beta2 * secondMoment[i] + (1 - beta2) * g * g;
    firstMoment[i] = m;
    secondMoment[i] = v;
    parameter[i] = keep * parameter[i] - (rate * m) / (Math.sqrt(v) * correction + epsilon);
  }
}

/**
 * The same step for a table of which few rows ever had a gradient: rows that are not `touched` have moments of zero and are only
 * decayed, which gives the values of {@link adamwLoop} in a quarter of the memory traffic.
 */
export function adamwRows(
  parameter: Float32Array,
  gradient: Float32Array,
  firstMoment: Float32Array,
  secondMoment: Float32Array,
  touched: Uint8Array,
  settings: AdamWStep,
): void {
  const size = parameter.length / touched.length;
  const keep = 1 - settings.learningRate * settings.weightDecay;
  for (let row = 0, end = 0; row < touched.length; row = end) {
    // Runs of equal rows, so that the inner loops are long.
    for (end = row + 1; end < touched.length && touched[end] === touched[row]; ) end++;
    if (touched[row]) adamwLoop(parameter, gradient, firstMoment, secondMoment, settings, row * size, end * size);
    else if (keep !== 1) for (let i = row * size; i < end * size; i++) parameter[i] *= keep;
  }
}

/** Marks the rows whose moments are not all zero. */
export function touchedRowsOf(firstMoment: Float32Array, secondMoment: Float32Array, touched: Uint8Array): void {
  const size = firstMoment.length / touched.length;
  for (let row = 0; row < touched.length; row++) {
    touched[row] = 0;
    for (let i = row * size; i < (row + 1) * size; i++)
      if (firstMoment[i] !== 0 || secondMoment[i] !== 0) {
        touched[row] = 1;
        break;
      }
  }
}

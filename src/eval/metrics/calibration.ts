/** Whether probabilities mean what they say: reliability bins, expected calibration error, Brier score. Pure arithmetic. */

/** One bin of a reliability plot; empty bins have a count of 0. */
export interface ReliabilityBin {
  /** The bin holds confidences in (lower, upper]; 0 belongs to the first. */
  lower: number;
  upper: number;
  count: number;
  meanConfidence: number;
  /** Share of the bin that was right. */
  accuracy: number;
}

/** Bins of equal width over [0, 1]; confidences outside are clipped. */
export function reliabilityBins(confidence: ArrayLike<number>, right: ArrayLike<number>, bins = 15): ReliabilityBin[] {
  const count = new Float64Array(bins);
  const confidenceSum = new Float64Array(bins);
  const rightSum = new Float64Array(bins);
  for (let i = 0; i < confidence.length; i++) {
    const value = Math.min(1, Math.max(0, confidence[i]));
    const bin = Math.min(bins - 1, Math.max(0, Math.ceil(value * bins) - 1));
    count[bin]++;
    confidenceSum[bin] += value;
    rightSum[bin] += right[i] ? 1 : 0;
  }
  return Array.from({ length: bins }, (_, bin) => ({
    lower: bin / bins,
    upper: (bin + 1) / bins,
    count: count[bin],
    meanConfidence: count[bin] ? confidenceSum[bin] / count[bin] : 0,
    accuracy: count[bin] ? rightSum[bin] / count[bin] : 0,
  }));
}

/** Expected calibration error: the mean distance between confidence and accuracy of the bins, weighted by their size (Guo et al. 2017). */
export function expectedCalibrationError(bins: readonly ReliabilityBin[]): number {
  const total = bins.reduce((sum, bin) => sum + bin.count, 0);
  return total ? bins.reduce((sum, bin) => sum + bin.count * Math.abs(bin.meanConfidence - bin.accuracy), 0) / total : 0;
}

/** Mean squared distance of probabilities (clipped to [0, 1]) to 0 and 1; cells of NaN do not count (sklearn.metrics.brier_score_loss). */
export function brierScore(probabilities: ArrayLike<number>, isTrue: ArrayLike<number>): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < probabilities.length; i++) {
    if (Number.isNaN(probabilities[i])) continue;
    sum += (Math.min(1, Math.max(0, probabilities[i])) - (isTrue[i] ? 1 : 0)) ** 2;
    count++;
  }
  return count ? sum / count : 0;
}

import { fitCalibration, mixedLogits } from '../../src/train/calibration.ts';
import { random } from '../random.ts';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

describe('fitCalibration', () => {
  it.each([
    [1, 0],
    [2.5, -1],
    [0.5, 0.7],
  ])('finds temperature %f and bias %f again', (temperature, bias) => {
    const next = random(3);
    const logits = Array.from({ length: 60_000 }, () => 12 * next() - 6);
    const targets = logits.map((logit) => (next() < sigmoid(logit / temperature + bias) ? 1 : 0));
    const found = fitCalibration({ logits, targets, weights: logits.map(() => 1) });
    expect(Math.abs(found.temperature / temperature - 1)).toBeLessThan(0.05);
    expect(Math.abs(found.bias - bias)).toBeLessThan(0.05);
  });

  it('stays finite on labels that are separated without error, all true, or all wrong', () => {
    for (const targets of [
      [0, 0, 1, 1],
      [1, 1, 1, 1],
      [0, 0, 0, 0],
    ]) {
      const { temperature, bias } = fitCalibration({ logits: [-3, -2, 2, 3], targets, weights: [1, 1, 1, 1] });
      expect(temperature).toBeGreaterThan(0);
      expect(Number.isFinite(temperature) && Number.isFinite(bias)).toBe(true);
    }
  });
});

describe('mixedLogits', () => {
  const one = { logits: [1, 2], targets: [1, 0], weights: [3, 1] };
  const other = { logits: [-1, 0, 5], targets: [0, 0, 1], weights: [0.1, 0.1, 0.2] };

  it('gives each part its share of the weight of the first, however many labels it has', () => {
    const mixed = mixedLogits([
      { part: one, share: 0.25 },
      { part: other, share: 0.75 },
    ]);
    expect([mixed.logits, mixed.targets]).toEqual([
      [1, 2, -1, 0, 5],
      [1, 0, 0, 0, 1],
    ]);
    expect(mixed.weights.map((weight) => Number(weight.toFixed(9)))).toEqual([0.75, 0.25, 0.75, 0.75, 1.5]);
  });

  it('leaves a single part as it is', () => {
    expect(mixedLogits([{ part: one, share: 1 }])).toEqual(one);
  });
});

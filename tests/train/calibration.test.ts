import { fitCalibration } from '../../src/train/calibration.ts';
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
    const found = fitCalibration(logits, targets);
    expect(Math.abs(found.temperature / temperature - 1)).toBeLessThan(0.05);
    expect(Math.abs(found.bias - bias)).toBeLessThan(0.05);
  });

  it('stays finite on labels that are separated without error, all true, or all wrong', () => {
    for (const targets of [
      [0, 0, 1, 1],
      [1, 1, 1, 1],
      [0, 0, 0, 0],
    ]) {
      const { temperature, bias } = fitCalibration([-3, -2, 2, 3], targets);
      expect(temperature).toBeGreaterThan(0);
      expect(Number.isFinite(temperature) && Number.isFinite(bias)).toBe(true);
    }
  });
});

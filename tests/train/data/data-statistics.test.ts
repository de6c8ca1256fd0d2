import { quantiles } from '../../../src/train/data/data-statistics.ts';

describe('quantiles', () => {
  it('are values that occur, by nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => ((i * 37) % 100) + 1);
    expect(quantiles(hundred)).toEqual({ least: 1, p5: 5, median: 50, p95: 95, most: 100, mean: 50.5 });
    expect(quantiles([7])).toEqual({ least: 7, p5: 7, median: 7, p95: 7, most: 7, mean: 7 });
    expect(quantiles([])).toEqual({ least: 0, p5: 0, median: 0, p95: 0, most: 0, mean: 0 });
  });
});

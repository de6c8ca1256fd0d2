import { binned, curveChart, linearTicks } from '../../src/report/curve-chart.ts';
import { random } from '../random.ts';
import { contentOf, misplaced } from './svg-text.ts';

describe('curves', () => {
  it('are drawn as means of bins that lose no value', () => {
    const points = Array.from({ length: 5000 }, (_, i) => ({ x: i + 1, y: Math.sin(i) }));
    const bins = binned(points, 1, 5000, 50);
    expect(bins).toHaveLength(50);
    expect(Math.max(...bins.map(({ high }) => high))).toBe(Math.max(...points.map(({ y }) => y)));
    expect(bins.reduce((sum, { y }) => sum + y, 0) / 50).toBeCloseTo(points.reduce((sum, { y }) => sum + y, 0) / 5000, 3);
    expect(binned([{ x: 3, y: Number.NaN }], 1, 5)).toEqual([]);
  });

  it('survive one point, equal values and none', () => {
    for (const ys of [[0], [2, 2, 2], [-1, -1e-9], [1e-7, 2e-5]]) {
      const curve = { name: 'c', series: 0, points: ys.map((y, x) => ({ x, y })) };
      expect(curveChart([curve], { xTitle: 'x', yTitle: 'y' })).not.toMatch(/NaN|Infinity|undefined/);
    }
    expect(curveChart([{ name: 'c', series: 0, points: [] }], { xTitle: 'x', yTitle: 'y' })).toBe('');
  });

  it('stay text, and inside their picture', () => {
    const next = random(5);
    for (let trial = 0; trial < 25; trial++) {
      const size = 10 ** (12 * next() - 6);
      const curves = Array.from({ length: 3 }, (_, series) => ({
        name: '</svg> & "c"',
        series,
        marked: series === 2,
        points: Array.from({ length: 1 + Math.floor(next() * 300) }, (_, x) => ({ x, y: size * (next() - 0.5) })),
      }));
      const highlight = { x: Math.floor(next() * 300), name: '<i>best</i>' };
      const picture = curveChart(curves, { xTitle: 'a < b', yTitle: '"y" & z', highlight });
      expect(contentOf(picture).join('')).toContain('&quot;y&quot; &amp; z');
      expect(misplaced(picture)).toEqual([]);
    }
  });
});

describe('ticks', () => {
  it('are round numbers inside the range', () => {
    expect(linearTicks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(linearTicks(1, 2900, 8)).toEqual([500, 1000, 1500, 2000, 2500]);
    expect(linearTicks(-0.3, 0.3, 4)).toEqual([-0.2, 0, 0.2]);
  });

  it('are even, inside any range, and about as many as are asked for', () => {
    const next = random(6);
    for (let trial = 0; trial < 500; trial++) {
      const size = 10 ** (16 * next() - 8);
      const low = size * (next() - 0.5);
      const high = low + size * (0.01 + next());
      const count = 3 + Math.floor(next() * 8);
      const ticks = linearTicks(low, high, count);
      const within = 1e-6 * (high - low);
      expect([ticks[0] >= low - within, ticks[ticks.length - 1] <= high + within]).toEqual([true, true]);
      // The step is the next of 1, 2, 2.5, 5, 10: at most 2.5 times the step that was asked for.
      expect([ticks.length <= count + 1, ticks.length >= Math.floor(count / 2.5)]).toEqual([true, true]);
      const step = (ticks[ticks.length - 1] - ticks[0]) / (ticks.length - 1);
      const uneven = ticks.slice(1).filter((tick, i) => Math.abs(tick - ticks[i] - step) > 1e-6 * step + 1e-9 * Math.abs(tick));
      expect(uneven).toEqual([]);
      if (ticks.length > 1)
        expect(['1', '2', '2.5', '5']).toContain(String(Number((step / 10 ** Math.floor(Math.log10(step * 1.000001))).toPrecision(4))));
    }
  });
});

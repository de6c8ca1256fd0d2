import { binned, curveChart, linearTicks } from '../../../src/report/curve-chart.ts';
import { runReport } from '../../../src/train/run/run-report.ts';
import { checkSettings } from '../../../src/train/settings.ts';

const list = { length: 0, at: () => new Int32Array() };
const source = (name: string) => ({
  name,
  weight: 2,
  distill: true,
  labelNoise: 0,
  rows: 1234,
  texts: list,
  labels: list,
  notLabels: list,
  labelSet: new Int32Array(7),
});
const settings = checkSettings(
  { encoder: '<i>encoder</i>', data: ['a'], optimizer: { learning_rate: 5e-5 }, dev: { data: 'd', metric: 'loss' } },
  't',
);
const records = Array.from({ length: 500 }, (_, i) => ({
  step: i + 1,
  loss: 1 / (i + 1),
  bce: 0.5,
  margin: 0.1,
  learningRate: 5e-5,
  gradientNorm: 1,
}));
const evaluation = (step: number, loss: number) => ({
  step,
  evaluation: loss,
  macro_f1: 1 - loss,
  accuracy: 0.5,
  dev_loss: loss,
  right: 0.9,
  wrong: 0.1,
  sets: { '<b>news</b>': 1 - loss, mail: 0.25 },
});
const page = (all: Parameters<typeof runReport>[0]['records']) =>
  runReport({
    name: 'a & b',
    settings,
    dataset: { sources: [source('<script>x</script>'), source('two')], rows: 2468, labelNames: ['x', 'y'], hash: 'abc' },
    shares: [0.25, 0.75],
    batchSize: settings.batch_size,
    records: all,
    steps: 500,
    state: 'running',
  });

describe('the report of a run', () => {
  it('shows curves, evaluations, settings and data, and nothing of them is markup', () => {
    const html = page([...records, evaluation(250, 0.3), evaluation(400, 0.2), evaluation(500, 0.4)]);
    for (const heading of ['Loss', 'Terms of the loss', 'Dev metrics', 'Learning rate', 'Evaluations', 'Data', 'Settings'])
      expect(html).toContain(`<h2>${heading}</h2>`);
    expect(html).toContain('running, 500 of 500 steps');
    // The lowest loss is the best one.
    expect(html).toContain('step 400: loss 0.2000');
    expect(html).toContain('<span class="best">400</span>');
    expect(html).toContain('best, step 400');
    expect(html).toContain('<td>75.0 %</td>');
    expect(html).toMatch(/optimizer\.learning_rate<\/th><td><span class="best">0\.00005/);
    expect(html).toMatch(/optimizer\.beta1<\/th><td>0\.9/);
    expect(html).not.toMatch(/<script|<i>|<b>news/);
    expect(html).toContain('&lt;script&gt;x&lt;/script&gt;');
    expect(html.match(/https?:|src=|@import|url\(/)).toBeNull();
  });

  it('is whole before the first step and without evaluations', () => {
    expect(page([])).toContain('running, 0 of 500 steps');
    expect(page([])).not.toContain('<svg');
    expect(page(records)).not.toContain('Dev metrics');
  });
});

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

  it('have round ticks inside the range', () => {
    expect(linearTicks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(linearTicks(1, 2900, 8)).toEqual([500, 1000, 1500, 2000, 2500]);
    expect(linearTicks(-0.3, 0.3, 4)).toEqual([-0.2, 0, 0.2]);
  });
});

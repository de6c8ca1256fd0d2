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

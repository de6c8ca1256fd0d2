/** training.json: what is in it, and that it stays short whatever the run. */
import { trainingRecord } from '../../../src/train/run/training-record.ts';
import { checkSettings } from '../../../src/train/settings.ts';

const LINES_OF_SETTINGS = 40;

function recordOf(files: number, steps: number, evaluated: number[] = []) {
  const settings = checkSettings(
    {
      encoder: '/home/somebody/models/encoder',
      data: Array.from({ length: files }, (_, at) => ({ path: `/data/${at}.jsonl`, weight: at % 3 === 0 ? 2 : 1, distill: at % 2 === 0 })),
      calibration: { data: 'sets/calibration' },
    },
    'a test',
  );
  const best = evaluated.length ? { step: evaluated[2], score: 0.9 } : undefined;
  const text = trainingRecord({
    settings,
    dataset: { hash: 'abc', rows: 10 * files, sources: Array.from({ length: files }, (_, at) => ({ name: `${at}`, rows: 10 })) },
    ended: { steps, seconds: 12.6, best },
    records: [
      ...Array.from({ length: steps }, (_, at) => ({ step: at + 1, loss: at + 1, bce: 0.5 })),
      ...evaluated.map((step) => ({ step, evaluation: step === best?.step ? 0.9 : 0.1, macro_f1: 0.5, sets: { one: 0.1 } })),
    ],
  });
  return { text, record: JSON.parse(text) as Record<string, never> };
}

it('holds settings, data, and the mean loss between twenty steps', () => {
  const { record } = recordOf(2, 100);
  expect(record).toMatchObject({
    settings: { encoder: 'encoder', calibration: { data: 'sets/calibration' }, epochs: 10, optimizer: { beta1: 0.9 } },
    data: { sha256: 'abc', rows: 20 },
    files: [
      { weight: 2, distill: true, rows: { 0: 10 } },
      { weight: 1, distill: false, rows: { 1: 10 } },
    ],
    steps: 100,
    seconds: 13,
  });
  expect(record.settings).not.toHaveProperty('data');
  expect(record).not.toHaveProperty('best');
  const points = Object.entries(record.loss_by_step);
  expect(points).toHaveLength(20);
  expect([points[0], points[19]]).toEqual([
    ['5', 3],
    ['100', 98],
  ]);
});

it('keeps of many evaluations twenty, the best and the last among them, without their figures by set', () => {
  const evaluated = Array.from({ length: 110 }, (_, at) => 10 * (at + 1));
  const { record } = recordOf(1, 1100, evaluated);
  const kept = record.evaluations as { step: number }[];
  expect(kept.length).toBeLessThanOrEqual(21);
  expect(kept.map(({ step }) => step)).toEqual(expect.arrayContaining([30, 1100]));
  expect(kept[0]).toEqual({ step: 20, macro_f1: 0.5, score: 0.1 });
  expect(record.best).toEqual({ step: 30, score: 0.9 });
});

it('stays short: a line for each setting and group of files', () => {
  const { text } = recordOf(462, 5600, [1000, 2000, 3000]);
  expect(text.split('\n').length).toBeLessThan(LINES_OF_SETTINGS + 4 + 20 + 2 + 10);
  expect(text).not.toContain('/home/');
  expect(text).not.toContain('/data/');
});

it('counts steps that are no multiple of twenty into their last point', () => {
  const { record } = recordOf(1, 7);
  expect(record.loss_by_step).toEqual({ 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7 });
  expect(Object.keys(recordOf(1, 45).record.loss_by_step).at(-1)).toBe('45');
});

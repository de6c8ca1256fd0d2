import { labelFigures } from '../../../src/eval/metrics/classification.ts';
import { answerText } from '../../../src/eval/report/answer.ts';
import type { EvaluationResult } from '../../../src/eval/report/result-types.ts';

const TRUTH = [[0], [0], [0], [1], [1], [2]];
const PREDICTED = [0, 1, 1, 1, 0, -1];

it('precision, recall and F1 of each label are what counting by hand gives', () => {
  expect(labelFigures(TRUTH, PREDICTED, 4)).toEqual([
    { texts: 3, predicted: 2, precision: 1 / 2, recall: 1 / 3, f1: 2 / 5 },
    { texts: 2, predicted: 3, precision: 1 / 3, recall: 1 / 2, f1: 2 / 5 },
    { texts: 1, predicted: 0, precision: null, recall: 0, f1: 0 },
    { texts: 0, predicted: 0, precision: null, recall: null, f1: 0 },
  ]);
});

it('the answer says how good, on which labels it is wrong, and what they are taken for', () => {
  const metrics = { accuracy: 1 / 3, macro_f1: 0.267 };
  const interval = { low: 0.1, high: 0.5 };
  const result = {
    reference: 'mine',
    sets: [{ name: 'mail', texts: 6, available: 9, labels: 4, labelNames: ['bill', 'late', 'praise', 'other'], multiLabel: false }],
    systems: [
      { name: 'mine', notes: {} },
      { name: 'random', notes: {} },
    ],
    results: ['mine', 'random'].map((system) => ({
      system,
      set: 'mail',
      metrics,
      intervals: { accuracy: interval, macro_f1: interval },
      truth: TRUTH,
      predicted: PREDICTED,
      confusion: [
        { truth: 0, predicted: 1, count: 2 },
        { truth: 0, predicted: 0, count: 1 },
        { truth: 1, predicted: 0, count: 1 },
      ],
      timing: { textsPerSecond: 1, latency: null },
    })),
    failures: [{ system: 'broken', message: 'no such folder' }],
  } as unknown as EvaluationResult;
  expect(answerText(result)).toBe(`mail: 6 of 9 texts, 4 labels
system  accuracy  macro-F1   95 % interval
------  --------  --------  --------------
mine       0.333     0.267  0.100 to 0.500
random     0.333     0.267  0.100 to 0.500

labels of mine, worst first  texts  precision  recall     F1
---------------------------  -----  ---------  ------  -----
praise                           1          -   0.000  0.000
bill                             3      0.500   0.333  0.400
late                             2      0.333   0.500  0.400

times  is    taken for
-----  ----  ---------
2      bill  late
1      late  bill

broken: failed: no such folder
--details shows calibration, speed, memory and comparisons`);
});

/** Labels in levels: probabilities along paths, what is reported of them. */

import fc from 'fast-check';
import { UsageError } from '../../src/base/errors.ts';
import { isTree, type LabelTree, rankTree, reportedNodes } from '../../src/classify/levels.ts';
import { choiceProbabilities, labelProbability } from '../../src/classify/probabilities.ts';
import { labelSet } from '../../src/text/described-labels.ts';
import { labelReading } from '../../src/text/label-texts.ts';

const CALIBRATION = { temperature: 1, bias: 0, sharpening: 0, sharpenAbove: 30, flattens: false };
const treeOf = (value: unknown): LabelTree => {
  const set = labelSet(value, 'labels', UsageError);
  if (!isTree(set)) throw new Error('no tree');
  return set;
};
const TREE = treeOf({ sport: ['football', 'tennis'], food: { bread: null, other: null }, other: null });
// sport, football, tennis, food, bread, other, other
const LOGITS = Float32Array.of(2, 0.5, 1.5, 1, 3, 0, -1);

describe('labels in levels', () => {
  const top = choiceProbabilities(Float32Array.of(2, 1, -1));
  const sport = choiceProbabilities(Float32Array.of(0.5, 1.5));
  const food = choiceProbabilities(Float32Array.of(3, 0));

  it('a leaf has the product along its path; a name at two places is told apart by its path', () => {
    const { labels, scores, path, pathScores, joint } = rankTree(TREE, LOGITS, CALIBRATION);
    expect(labels).toEqual(['tennis', 'bread', 'football', 'other', 'food > other']);
    const expected = [top[0] * sport[1], top[1] * food[0], top[0] * sport[0], top[2], top[1] * food[1]];
    for (const [at, score] of scores.entries()) expect(score).toBeCloseTo(expected[at], 5);
    expect(path).toEqual(['sport', 'tennis']);
    expect(pathScores).toEqual([expect.closeTo(top[0], 5), expect.closeTo(sport[1], 5)]);
    expect(joint).toBeCloseTo(top[0] * sport[1], 5);
  });

  it('path: the names from the top; all: every label', () => {
    expect(rankTree(TREE, LOGITS, CALIBRATION, { levels: 'path' })).toMatchObject({
      labels: ['sport', 'tennis'],
      scores: [expect.closeTo(top[0], 5), expect.closeTo(sport[1], 5)],
    });
    expect(rankTree(TREE, LOGITS, CALIBRATION, { levels: 'all' }).labels).toEqual([
      ...['sport', 'tennis', 'food', 'bread', 'football', 'other', 'food > other'],
    ]);
  });

  it('what is read tells names apart that stand at several places: by as much of the path as it takes', () => {
    const readings = (value: unknown) => treeOf(value).labels.map(labelReading);
    expect(readings({ a: ['Other', 'x'], b: ['other'], other: null })).toEqual(['a', 'a: Other', 'x', 'b', 'b: other', 'other']);
    expect(readings({ cars: { parts: ['other'] }, bikes: { parts: ['other'], other: null } })).toEqual([
      ...['cars', 'cars: parts', 'cars: parts: other', 'bikes', 'bikes: parts', 'bikes: parts: other', 'bikes: other'],
    ]);
    expect(readings({ a: { é: 'with an accent' }, b: { e: null } })).toEqual(['a', 'a: é: with an accent', 'b', 'b: e']);
    // Names at one place alone stay as they are; the same name twice at one place is refused.
    expect(treeOf({ a: ['b'] }).labels).toEqual(['a', 'b']);
    expect(() => treeOf([{ label: 'a', children: ['b', 'b'] }])).toThrow(/label "b" occurs twice/);
  });

  it('says which nodes were reported, whatever their names', () => {
    const numbers = (levels: 'leaf' | 'path' | 'all') => reportedNodes(TREE, rankTree(TREE, LOGITS, CALIBRATION, { levels }), levels);
    expect(numbers('leaf')).toEqual([2, 4, 1, 6, 5]);
    expect(numbers('all')).toEqual([0, 2, 3, 4, 1, 6, 5]);
    expect(numbers('path')).toEqual([0, 2]);
    const logits = Float32Array.of(0, 0, 0, 3, 0, 3, 0);
    expect(reportedNodes(TREE, rankTree(TREE, logits, CALIBRATION, { levels: 'path' }), 'path')).toEqual([3, 5]);
  });

  it('topK and threshold bound what is reported, by the joint probability', () => {
    expect(rankTree(TREE, LOGITS, CALIBRATION, { topK: 1 }).labels).toEqual(['tennis']);
    expect(rankTree(TREE, LOGITS, CALIBRATION, { threshold: 0.2 }).labels).toEqual(['tennis', 'bread']);
    expect(rankTree(TREE, LOGITS, CALIBRATION, { levels: 'path', threshold: 0.6 }).labels).toEqual(['sport']);
  });

  it('where any number may fit no label is likelier than the one above it', () => {
    const { labels, scores } = rankTree(TREE, LOGITS, CALIBRATION, { multiLabel: true, levels: 'all' });
    const scoreOf = (name: string) => scores[labels.indexOf(name)];
    expect(scoreOf('bread')).toBe(scoreOf('food'));
    expect(scoreOf('football')).toBeCloseTo(labelProbability(0.5, CALIBRATION), 5);
  });

  it('scores of the leaves sum to 1, whatever tree and logits', () => {
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.constant(null),
        fc.uniqueArray(tie('tree'), { minLength: 1, maxLength: 4, selector: () => ({}) }),
      ),
    }));
    const named = (node: unknown, name: string): unknown =>
      Array.isArray(node) ? { label: name, children: node.map((child, at) => named(child, `${name}${at}`)) } : { label: name };
    fc.assert(
      fc.property(
        fc.array(tree, { minLength: 1, maxLength: 4 }),
        fc.infiniteStream(fc.float({ min: -20, max: 20, noNaN: true })),
        (roots, numbers) => {
          const set = labelSet(
            roots.map((root, at) => named(root, `l${at}`)),
            'labels',
            UsageError,
          );
          if (!isTree(set)) return;
          const logits = Float32Array.from(set.labels, () => numbers.next().value);
          const { scores, path, joint } = rankTree(set, logits, CALIBRATION);
          expect(scores.reduce((sum, score) => sum + score, 0)).toBeCloseTo(1, 3);
          expect(joint).toBe(scores[0]);
          expect(path!.length).toBeGreaterThan(0);
        },
      ),
    );
  });
});

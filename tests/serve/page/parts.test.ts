/** Small parts of the page that need no browser: labels, bars, words, questions, asking while one types. */
import fc from 'fast-check';
import { UsageError } from '../../../src/base/errors.ts';
import { barsOf, percent, resultOf, spokenResult, takenBars } from '../../../src/serve/page/pure/bars.ts';
import { namesOfText } from '../../../src/serve/page/pure/label-names.ts';
import { createLatest } from '../../../src/serve/page/pure/latest.ts';
import { areQuestions, EXAMPLE_QUESTIONS, questionsOf } from '../../../src/serve/page/pure/question-text.ts';
import { strongestWords, textPieces } from '../../../src/serve/page/pure/text-pieces.ts';

it.each<[string, string[]]>([
  ['billing, delivery ,, billing', ['billing', 'delivery']],
  ['one label ', ['one label']],
  ['[draft], final', ['[draft]', 'final']],
  ['  ', []],
])('labels that are typed: %j', (text, labels) => {
  expect(namesOfText(text)).toEqual(labels);
});

it('bars are in order, their shares never read as what they are not', () => {
  expect(barsOf(['a', 'b'], [0.2, 0.8])).toEqual([
    { label: 'b', score: 0.8 },
    { label: 'a', score: 0.2 },
  ]);
  expect([0, 0.0004, 0.5, 0.91149, 0.9996, 1].map(percent)).toEqual(['0.0%', '<0.1%', '50.0%', '91.1%', '>99.9%', '100.0%']);
  expect(spokenResult({ bars: barsOf(['a', 'b'], [0.2, 0.8]) }, { isMultiLabel: false })).toBe('Most likely: b, 80.0%.');
  expect(spokenResult({ bars: barsOf(['a', 'b', 'c'], [0.6, 0.8, 0.1]) }, { isMultiLabel: true })).toBe('Likely: b, 80.0%; a, 60.0%.');
  expect(spokenResult({ bars: barsOf(['a'], [0.2]) }, { isMultiLabel: true })).toBe('None is likely. Closest: a, 20.0%.');
  expect(spokenResult({ bars: [] }, { isMultiLabel: false })).toBe('No result.');
  const unread = resultOf({ labels: ['a', 'b'], scores: [0.8, 0.2], unreadable: true });
  expect(spokenResult(unread, { isMultiLabel: false })).toBe('The model can read nothing of this text: the figures mean nothing.');
  const foreign = resultOf({ labels: ['a', 'b'], scores: [0.8, 0.2], unknownScript: 'Han' });
  expect(spokenResult(foreign, { isMultiLabel: false })).toBe(
    'The model knows little of the script of this text (Han): the figures mean little.',
  );
  const fitting = { bars: barsOf(['a', 'b'], [0.2, 0.8]), fit: 0.3 };
  expect(spokenResult(fitting, { isMultiLabel: false, level: 0.4 })).toBe('None of these. Fit 30.0%. Closest: b, 80.0%.');
  expect(spokenResult(fitting, { isMultiLabel: false, level: 0.3 })).toBe('Most likely: b, 80.0%. Fit 30.0%.');
  const inLevels = resultOf({ labels: ['b'], scores: [0.4], path: ['top', 'b'], pathScores: [0.8, 0.5], joint: 0.4 });
  expect(spokenResult(inLevels, { isMultiLabel: false })).toBe('Most likely: top, 80.0%; below it b, 50.0%; together 40.0%.');
  expect(spokenResult(inLevels, { isMultiLabel: true })).toBe('None is likely. Closest: b, 40.0%.');
});

it('labels are taken from their fitted thresholds on, and none below the level', () => {
  const result = { bars: barsOf(['a', 'b', 'c'], [0.6, 0.3, 0.2]), fit: 0.4 };
  const thresholds = new Map([
    ['a', 0.7],
    ['b', 0.3],
  ]);
  const labelsOf = (taking: Parameters<typeof takenBars>[1]): string[] => takenBars(result, taking).map(({ label }) => label);
  expect(labelsOf({ isMultiLabel: true })).toEqual(['a']);
  expect(labelsOf({ isMultiLabel: true, thresholds })).toEqual(['b', 'c']);
  expect(labelsOf({ isMultiLabel: true, thresholds, level: 0.5 })).toEqual([]);
  expect(labelsOf({ isMultiLabel: false, level: 0.4 })).toEqual(['a']);
  expect(labelsOf({ isMultiLabel: false, thresholds })).toEqual([]);
  expect(spokenResult(result, { isMultiLabel: true, thresholds })).toBe('Likely: b, 30.0%; c, 20.0%.');
});

describe('words that decided', () => {
  const word = fc.record({
    word: fc.string(),
    start: fc.integer({ min: -5, max: 60 }),
    end: fc.integer({ min: -5, max: 60 }),
    score: fc.double({ min: -5, max: 5, noNaN: true }),
  });

  it('colour the text and change nothing of it, wherever they say they are', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 50 }), fc.array(word), (text, words) => {
        const pieces = textPieces(text, words);
        expect(pieces.map((piece) => piece.text).join('')).toBe(text);
        for (const { strength } of pieces) expect(Math.abs(strength)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('are strong by what they add, and faint ones stay plain', () => {
    const words = [
      { word: 'charged', start: 0, end: 7, score: 2 },
      { word: 'twice', start: 8, end: 13, score: -1 },
      { word: 'for', start: 14, end: 17, score: 0.1 },
    ];
    expect(textPieces('charged twice for it', words)).toEqual([
      { text: 'charged', strength: 1 },
      { text: ' ', strength: 0 },
      { text: 'twice', strength: -0.5 },
      { text: ' ', strength: 0 },
      { text: 'for', strength: 0 },
      { text: ' it', strength: 0 },
    ]);
    const marked = [...words, { word: '!', start: 20, end: 21, score: 3 }];
    expect(strongestWords(marked, 5).map((each) => each.word)).toEqual(['charged', 'twice']);
    expect(strongestWords([], 5)).toEqual([]);
  });
});

it('questions are YAML or JSON, and what is wrong with them is said as the server says it', () => {
  expect(Object.keys(questionsOf(EXAMPLE_QUESTIONS))).toEqual(['topic', 'angry', 'urgency']);
  expect(questionsOf('{"q": {"type": "choice", "options": ["a", "b"]}}')).toEqual({ q: { type: 'choice', options: ['a', 'b'] } });
  const many = JSON.stringify({ q: { type: 'choice', options: Array.from({ length: 9000 }, (_, at) => `option ${at}`) } });
  expect(questionsOf(many)).toEqual(JSON.parse(many));
  for (const [text, message] of [
    ['', /no questions yet/],
    ['q: {type: choice, options: [a]}', /"q".*1 given/],
    ['q: [', /not YAML, line 1/],
    ['{"q": 1', /not YAML/],
    ['just words', /must be an object/],
  ] as const) {
    expect(() => questionsOf(text)).toThrow(UsageError);
    expect(() => questionsOf(text)).toThrow(message);
  }
});

it.each<[string, boolean]>([
  [EXAMPLE_QUESTIONS, true],
  ['{"q": {"type": "choice"}}', true],
  ['q: [', true],
  ['["a", "b"]', false],
  ['sport:\n  football: a game\n  tennis:\n', false],
  ['- sport\n- money', false],
  ['{"type": "what kind", "size": "how large"}', false],
])('whether a file has questions or labels: %j', (text, isIt) => {
  expect(areQuestions(text)).toBe(isIt);
});

it('while one types only the last question counts, and those before are cancelled', async () => {
  const signals: AbortSignal[] = [];
  const shown: string[] = [];
  let asked = '';
  let isBusy = false;
  await new Promise<void>((resolve) => {
    const latest = createLatest<string>({
      rest: 1,
      longest: 5,
      onBusy: (busy) => {
        isBusy = busy;
      },
      async ask(signal) {
        signals.push(signal);
        const mine = asked;
        await new Promise((done) => setTimeout(done, mine === 'last' ? 1 : 50));
        return mine;
      },
      onResult(result) {
        shown.push(result);
        setTimeout(resolve, 80);
      },
      onError: () => shown.push('error'),
    });
    asked = 'first';
    latest.now();
    asked = 'last';
    for (let at = 0; at < 5; at++) latest.changed();
  });
  expect([shown, signals.map(({ aborted }) => aborted), isBusy]).toEqual([['last'], [true, false], false]);
});

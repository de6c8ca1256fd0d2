/** Labels as text: indented lines, YAML, JSON; what is typed is what is read, and what is read can be written again. */
import fc from 'fast-check';
import { UsageError } from '../../../src/base/errors.ts';
import { labelPaths } from '../../../src/serve/page/pure/label-paths.ts';
import { labelsOfFile, plainNames, readLabels, writtenLabels } from '../../../src/serve/page/pure/label-text.ts';
import { type LabelInput, labelInputs, labelSet } from '../../../src/text/described-labels.ts';

const SPORT: LabelInput[] = [
  { label: 'sport', children: [{ label: 'football', description: 'with a round ball, on grass' }, 'tennis'] },
  { label: 'politics', children: ['elections', 'foreign affairs'] },
];

it.each<[string, string, LabelInput[]]>([
  ['blank', ' \n\n', []],
  ['lines', 'billing\r\n\r\ndelivery, late\n', ['billing', 'delivery, late']],
  ['indented lines', 'sport\n  football: with a round ball, on grass\n  tennis\npolitics\n\telections\n\tforeign affairs', SPORT],
  ['all of them indented', '    a\n      b\n    c', [{ label: 'a', children: ['b'] }, 'c']],
  ['less and less indented', 'a\n      b\n   c\n d', [{ label: 'a', children: ['b', 'c', 'd'] }]],
  [
    'bullets',
    '- sport\n  - football: with a round ball, on grass\n  - tennis\n* politics\n  \u2022 elections\n  \u2022 foreign affairs',
    SPORT,
  ],
  [
    'bullets that are not further in',
    'sport:\n- football: with a round ball, on grass\n- tennis\npolitics:\n- elections\n- foreign affairs',
    SPORT,
  ],
  ['YAML', 'sport:\n  football: with a round ball, on grass\n  tennis:\npolitics: [elections, "foreign affairs"]\n', SPORT],
  ['JSON', JSON.stringify(SPORT), SPORT],
  [
    'a JSON object',
    '{"sport": {"football": "with a round ball, on grass", "tennis": null}, "politics": ["elections", "foreign affairs"]}',
    SPORT,
  ],
  [
    'parents',
    '[{"label": "tennis", "parent": "sport"}, {"label": "sport", "examples": ["a match"]}]',
    [{ label: 'sport', examples: ['a match'], children: ['tennis'] }],
  ],
  [
    'fields in YAML',
    'billing:\n  description: charges\n  examples: [I was charged twice]\nother:\n',
    [{ label: 'billing', description: 'charges', examples: ['I was charged twice'] }, 'other'],
  ],
  [
    'comments, nothing, quotes',
    "# topics\noutage: null\n\"Re: invoice\": 'it''s due'\n'#1'\nC#\nratio 1:2\n",
    ['outage', { label: 'Re: invoice', description: "it's due" }, '#1', 'C#', 'ratio 1:2'],
  ],
  ['brackets that are words', '[draft] letters\n{old', ['[draft] letters', '{old']],
  ['names that every object has', '__proto__\n  constructor\n', [{ label: '__proto__', children: ['constructor'] }]],
])('%s', (_, text, labels) => {
  expect(readLabels(text)).toEqual(labels);
});

it.each<[string, RegExp]>([
  ['a\nb\na', /"a" occurs twice \(1 and 3\)/],
  ['a\n  b\n  b', /"b" occurs twice/],
  ['["a", "b"', /begin like JSON and are none/],
  ['[sport, politics]', /begin like JSON and are none/],
  ['{"a": null,\n "a": "b"}', /line 2: the key "a" is there twice/],
  ['[{"name": "a"}]', /without "label"/],
  ['a: [b, c', /not YAML, line 1/],
  [Array.from({ length: 40 }, (_, depth) => `${' '.repeat(depth)}l${depth}`).join('\n'), /more than 32 levels/],
])('what is wrong is said: %j', (text, message) => {
  expect(() => readLabels(text)).toThrow(UsageError);
  expect(() => readLabels(text)).toThrow(message);
});

it.each<[string, string[] | undefined]>([
  ['billing, or so\ndelivery\r\n\r\nbilling, or so', ['billing, or so', 'delivery']],
  ['* one\n* two', ['one', 'two']],
  ['sport\n  tennis', undefined],
  ['sport: a game', undefined],
  ['["a"]', undefined],
])('names alone, pasted: %j', (text, names) => {
  expect(plainNames(text)).toEqual(names);
});

it('files are read by their ending: lines that YAML runs together are labels in a text only', () => {
  expect(labelsOfFile('a.txt', 'sport:\n  football\n  tennis')).toEqual([{ label: 'sport', children: ['football', 'tennis'] }]);
  expect(labelsOfFile('a.yaml', 'sport:\n  football: ~\n  tennis: "a game"')).toEqual([
    { label: 'sport', children: ['football', { label: 'tennis', description: 'a game' }] },
  ]);
  expect(labelsOfFile('a.json', '{"sport": ["football"]}')).toEqual([{ label: 'sport', children: ['football'] }]);
});

const word = fc
  .string({
    unit: fc.constantFrom('a', 'b', ' ', ':', '-', '#', '"', "'", '[', '{', '|', '>', '\n', '\t', ',', '~', '\\', '\u00fc'),
    maxLength: 8,
  })
  .map((text) => text.trim())
  .filter((text) => text !== '');
const { labels: anyLabels } = fc.letrec<{ label: LabelInput; labels: LabelInput[] }>((tie) => ({
  labels: fc.uniqueArray(tie('label'), {
    minLength: 1,
    maxLength: 4,
    selector: (label) => (typeof label === 'string' ? label : label.label),
  }),
  label: fc.oneof(
    { depthSize: 'small' },
    word,
    fc.record({ label: word, description: word }, { requiredKeys: ['label'] }),
    fc.record({ label: word, description: word, children: tie('labels') }, { requiredKeys: ['label', 'children'] }),
    fc.record({ label: word, examples: fc.array(word, { minLength: 1, maxLength: 2 }) }),
  ),
}));

it('labels are read as they were written, whatever they are', () => {
  fc.assert(
    fc.property(anyLabels, (given) => {
      const labels = labelInputs(given, 'labels', UsageError);
      expect(readLabels(writtenLabels(labels))).toEqual(labels);
    }),
    { numRuns: 500 },
  );
});

it('one form of labels is the same set as every other', () => {
  fc.assert(
    fc.property(anyLabels, (given) => {
      const { labels, parents } = labelSet(given, 'labels', UsageError);
      expect(labelSet(labelInputs(given, 'labels', UsageError), 'labels', UsageError)).toEqual(parents ? { labels, parents } : { labels });
    }),
  );
});

it('paths are known by what results call labels', () => {
  expect(labelPaths(['a', { label: 'b', description: 'c' }])).toEqual({ names: ['a', 'b'] });
  const { names, paths } = labelPaths([{ label: 'sport', children: ['tennis', 'other'] }, 'other']);
  expect(names).toEqual(['other', 'tennis', 'sport > other']);
  expect([...paths!]).toEqual([
    ['other', ['other']],
    ['tennis', ['sport', 'tennis']],
    ['sport > other', ['sport', 'other']],
  ]);
});

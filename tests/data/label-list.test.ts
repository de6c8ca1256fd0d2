/** Labels as users write them in one piece: taken for what they are, or refused with what was meant. */
import { DataError, UsageError } from '../../src/base/errors.ts';
import { labelList, parseLabels } from '../../src/data/label-list.ts';

describe('--labels', () => {
  it.each([
    ['a, b ,c', ['a', 'b', 'c']],
    ['"Food, drinks",sport', ['Food, drinks', 'sport']],
    ['sport, "Food, drinks"', ['sport', 'Food, drinks']],
    ['"say ""hi""",b', ['say "hi"', 'b']],
    ['the "best" one,b', ['the "best" one', 'b']],
    ['["a","b, c"]', ['a', 'b, c']],
    [' [ "a" , "b" ] ', ['a', 'b']],
    ['["a|b"]', ['a|b']],
    ['[{"label":"a"},{"label":"b"}]', ['a', 'b']],
    ['[urgent] call,later', ['[urgent] call', 'later']],
    ["don't,can't", ["don't", "can't"]],
    ['a;b,c', ['a;b', 'c']],
    ['a: b', ['a: b']],
  ])('%s', (text, labels) => expect(parseLabels(text, '--labels')).toEqual({ labels }));

  it.each([
    ['', /^--labels: no labels/],
    ['a,,b', /label 2 is empty/],
    ['[a,b]', /begins and ends like a JSON list and is none; write \["sport", "politics"\], all its quotes kept by the shell/],
    ["['a','b']", /like a JSON list and is none/],
    ['[]', /no labels/],
    ['["a","b"', /begins like JSON and is none/],
    ['{"a":"d"', /begins like JSON and is none/],
    ['{"a":"d","a":null}', /--labels: the key "a" is there twice in one object; keep one/],
    ['[1,2]', /label 1 is not text/],
    ['a|b|c', /"a\|b\|c" is one label; put commas between several, or write \["a\|b\|c"\] if it is one/],
    ['a;b', /is one label; put commas/],
    ['a\tb', /is one label; put commas/],
    ['政治、体育', /is one label; put commas/],
    ['a\nb', /line breaks between labels; put commas between them, or give their file with --labels-file/],
    ["'Food, drinks',sport'", /single quotes are part of the labels/],
    ["'a,b'", /single quotes are part of the labels/],
    ['"Food, drinks,sport', /the quotes do not fit; what has a comma in it stands in quotes/],
    ['say "x, y",z', /the quotes do not fit/],
    ['"hi" there,b', /the quotes do not fit/],
  ])('refuses %j', (text, message) => {
    expect(() => parseLabels(text, '--labels')).toThrow(UsageError);
    expect(() => parseLabels(text, '--labels')).toThrow(message);
  });
});

describe('labels of a field', () => {
  const list = (value: unknown, options = {}) => labelList(value, 'x, field "labels"', options);

  it.each([
    [
      ['a', 'b, c'],
      ['a', 'b, c'],
    ],
    ['a| b', ['a', 'b']],
    ['Food, drinks|sport', ['Food, drinks', 'sport']],
    ['["a","b, c"]', ['a', 'b, c']],
    ['joy', ['joy']],
    ['[urgent] call', ['[urgent] call']],
    [[{ label: 'a' }], ['a']],
  ])('%j', (value, labels) => expect(list(value)).toEqual(labels));

  it('are split at what the user says stands between them', () => {
    expect(list('joy, love', { separator: ',' })).toEqual(['joy', 'love']);
    expect(list('joy;love', { separator: ';' })).toEqual(['joy', 'love']);
    expect(list('Food, drinks', { separator: '|' })).toEqual(['Food, drinks']);
    expect(list('a|b,c', { separator: ',' })).toEqual(['a|b', 'c']);
    expect(list('["a","b"]', { separator: ',' })).toEqual(['a', 'b']);
  });

  it('may be none where that is allowed', () => {
    for (const value of ['', ' ', '[]', []]) {
      expect(list(value, { allowEmpty: true })).toEqual([]);
      expect(() => list(value)).toThrow(/no labels/);
    }
  });

  it.each([
    [
      'politics, sports',
      /"politics, sports" is one label or several; .* --label-separator \("\|" if it is one\), put \| there, or write a JSON list/,
    ],
    ['a;b', /one label or several/],
    ['a\nb', /one label or several/],
    ['体育，政治', /one label or several/],
    ['[a,b]', /like a JSON list and is none/],
    [{ a: 1 }, /a JSON object \(of a\)/],
    [[{ label: 'a', parent: 'b' }], /label 1 is an object with "parent"/],
    [['a', 'a '], /label "a" occurs twice/],
    [7, /the labels are not a list/],
  ])('refuses %j', (value, message) => {
    expect(() => list(value)).toThrow(DataError);
    expect(() => list(value)).toThrow(message);
    expect(() => list(value)).toThrow(/^x, field "labels": /);
  });
});

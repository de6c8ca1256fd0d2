/** What messages and terminals are given of other people's text, and what is refused before a parser sees it. */
import { DataError, errorMessage, UsageError } from '../../src/base/errors.ts';
import { DEEPEST_NESTING, parseJson } from '../../src/base/json.ts';
import { excerpt, printable, quoted, shownText } from '../../src/base/printable.ts';
import { parseYaml } from '../../src/base/yaml.ts';

describe('printable text', () => {
  it.each([
    ['a\u001b[2Jb', 'a\\u001b[2Jb'],
    ['one\ntwo\r\n\tthree', 'one\\ntwo\\r\\n\\tthree'],
    ['nul\0 del\u007f csi\u009b', 'nul\\u0000 del\\u007f csi\\u009b'],
    ['turned\u202eround', 'turned\\u202eround'],
    ['half \ud83d of 😀', 'half \\ud83d of 😀'],
    ['half \ude00', 'half \\ude00'],
    ['Ärger 語 👩‍👩‍👧 نص', 'Ärger 語 👩‍👩‍👧 نص'],
  ])('%j', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('of several lines keeps them; JSON keeps its values', () => {
    expect(shownText('a\tb\r\nc\rd\u009b1m\n')).toBe('a\tb\r\nc\\rd\\u009b1m\n');
    const record = { text: 'csi\u009b31m del\u007f turned\u202e line\u2028 \ud83d', 'k\u0085': ['\u001b', '\n'] };
    const json = JSON.stringify(record, null, 1);
    expect(JSON.parse(shownText(json))).toEqual(record);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly those are looked for
    expect(shownText(json)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u2028]/);
  });

  it('cuts long text between characters, and says so', () => {
    expect(excerpt('short', 10)).toBe('short');
    expect(excerpt('x'.repeat(30), 10)).toBe(`${'x'.repeat(10)}…`);
    expect(excerpt('😀'.repeat(10), 5)).toBe('😀😀…');
  });

  it('quotes values on one line', () => {
    expect(quoted('a "b"\n\u001b')).toBe('"a \\"b\\"\\n\\u001b"');
    expect(quoted('x'.repeat(5000)).length).toBeLessThan(120);
    expect([quoted(1), quoted(null), quoted(undefined), quoted([1]), quoted({}), quoted(Symbol('s'))]).toEqual([
      '1',
      'null',
      'undefined',
      'a list',
      'an object',
      'symbol',
    ]);
  });
});

describe('messages', () => {
  it.each([DataError, UsageError])('are one line without control characters', (Kind) => {
    expect(new Kind('a.jsonl, line 3: label "x\n\u001b[31my"').message).toBe('a.jsonl, line 3: label "x \\u001b[31my"');
  });

  it('lose the middle when they are very long, not the file and not what to do', () => {
    const { message } = new DataError(`a.jsonl, line 3: "${'x'.repeat(1e6)}" is no label; leave it out`);
    expect(message).toMatch(/^a\.jsonl, line 3: "xxx.*… x+" is no label; leave it out$/);
    expect(message.length).toBeLessThan(1000);
  });

  it('leave out the excerpt of a parser, and the path of a system call', () => {
    expect(errorMessage(new Error('Bad thing at line 1, column 2:\n\n  a: b: c\n     ^\n'))).toBe('Bad thing at line 1, column 2');
    const missing = Object.assign(new Error("ENOENT: no such file or directory, open '/a'"), { code: 'ENOENT', syscall: 'open' });
    expect(errorMessage(missing)).toBe('no such file or directory');
  });
});

describe('JSON', () => {
  const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
  it('is read up to a nesting that can be written again', () => {
    expect(JSON.stringify(parseJson(nested(DEEPEST_NESTING), 'f'))).toBe(nested(DEEPEST_NESTING));
    expect(() => parseJson(nested(DEEPEST_NESTING + 1), 'f')).toThrow(new DataError('f: nested more than 500 levels deep'));
    expect(() => parseJson(`{"a":${'{"a":'.repeat(40_000)}1${'}'.repeat(40_001)}`, 'f')).toThrow('nested');
  });
  it('may hold any number of brackets in its texts, and side by side', () => {
    const text = JSON.stringify({ text: `"\\${'[{'.repeat(2000)}`, list: Array.from({ length: 2000 }, () => []) });
    expect(JSON.stringify(parseJson(text, 'f'))).toBe(text);
  });
  it('is refused in one line that names the file', () => {
    expect(() => parseJson('{"a":\n\n\u001b', 'f')).toThrow(DataError);
    expect(() => parseJson('{"a":\n\n\u001b', 'f')).toThrow(/^f: not JSON: [ -~]+$/);
  });
});

describe('YAML', () => {
  it('is read', () => {
    expect(parseYaml('a: [1, {b: c}]\nd:\n  - e\n', 'f')).toEqual({ a: [1, { b: 'c' }], d: ['e'] });
  });
  it('is refused in one line that names file, line and column', () => {
    expect(() => parseYaml('a: 1\nb: c: d\n', 'f')).toThrow(/^f: not YAML, line 2, column 4: [ -~]+$/);
    const twice = 'a: 1\nb:\n  "a b": 1\n  a: 2\n  "a b": 3\n';
    expect(() => parseYaml(twice, 'f')).toThrow(/^f, line 5: the key "a b" is there twice in one object \(before in line 3\); keep one$/);
  });
  it.each([
    ['brackets', '['.repeat(1e6)],
    ['brackets in a small file', '[{a: '.repeat(2e3)],
    ['list marks', '- '.repeat(3e4)],
    ['keys', '? '.repeat(3e4)],
    ['anchors', '&a '.repeat(2e4)],
    ['indentation', Array.from({ length: 300 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
    ['closing brackets', ']'.repeat(3e4)],
    ['escapes', `"${'\\q'.repeat(3e4)}"`],
    ['repeated keys', 'a: 1\n'.repeat(1e4)],
  ])(
    'without end (%s) is refused soon',
    (_, text) => {
      const begin = process.cpuUsage();
      expect(() => parseYaml(text, 'f')).toThrow(UsageError);
      expect(process.cpuUsage(begin).user).toBeLessThan(8e6);
    },
    60_000,
  );
});

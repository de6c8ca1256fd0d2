import { UsageError } from '../../src/base/errors.ts';
import { checkOptions, defaultsOf, expectedOf, fits, valueOfText } from '../../src/options/check.ts';
import type { Declaration, Declarations } from '../../src/options/declaration.ts';
import { camelKeys, flagText, snakeCase } from '../../src/options/names.ts';
import { CLASSIFY_OPTIONS, LOAD_OPTIONS } from '../../src/options/predict.ts';

const declared = (declaration: object): Declaration => ({ description: 'for a test', ...declaration }) as Declaration;

describe('a declaration', () => {
  it.each<[object, string, unknown[], unknown[]]>([
    [{ type: 'boolean' }, 'true or false', [true, false], ['no', 0, null]],
    [{ type: 'integer', min: 1 }, 'a whole number from 1 on', [1, 2 ** 53 - 1], [0, 1.5, '1', Number.NaN, 2 ** 53, null]],
    [{ type: 'integer', min: 1, max: 9, nullable: true }, 'a whole number from 1 to 9 or null', [1, 9, null], [10, undefined]],
    [{ type: 'number', min: 0, below: 1 }, 'a number from 0 to less than 1', [0, 0.999], [1, -0.1, Infinity]],
    [{ type: 'number', above: 0 }, 'a number above 0', [1e-9], [0, Infinity, '1']],
    [{ type: 'choice', choices: ['a', 'b'] }, 'one of a, b', ['a', 'b'], ['c', '', ['a']]],
    [{ type: 'text' }, 'text', ['', 'x'], [1]],
    [{ type: 'text', nonEmpty: true }, 'text that is not empty', ['x'], ['']],
    [{ type: 'texts' }, 'a list of texts', [[], ['x']], ['x', [1]]],
    [{ type: 'function' }, 'a function', [() => {}], ['f']],
  ])('%j takes %s', (declaration, expected, right, wrong) => {
    expect(expectedOf(declared(declaration))).toBe(expected);
    for (const value of right) expect([value, fits(declared(declaration), value)]).toEqual([value, true]);
    for (const value of wrong) expect([value, fits(declared(declaration), value)]).toEqual([value, false]);
  });

  it('takes text for the number that it spells', () => {
    const whole = declared({ type: 'integer', min: 0 });
    expect(['0', '12', '', ' ', '1e3', '0x10', '1.0', '-1', '9007199254740993'].map((text) => valueOfText(whole, text))).toEqual([
      ...[0, 12],
      ...Array(7).fill(undefined),
    ]);
    const share = declared({ type: 'number', min: 0, max: 1 });
    expect(['0.5', '1e-3', '', 'x', '2', 'NaN'].map((text) => valueOfText(share, text))).toEqual([0.5, 0.001, ...Array(4).fill(undefined)]);
  });

  it('has one name in code, in settings and on the command line', () => {
    expect([snakeCase('topK'), snakeCase('labelsPerGroup'), snakeCase('beta1')]).toEqual(['top_k', 'labels_per_group', 'beta1']);
    expect(camelKeys({ bce_weight: 1, margin: 2 })).toEqual({ bceWeight: 1, margin: 2 });
    expect(flagText('requestsPerMinute', declared({ type: 'integer' }))).toBe('--requests-per-minute <n>');
    expect(flagText('cache', declared({ type: 'boolean', default: true }))).toBe('--no-cache');
    expect(flagText('compare', declared({ type: 'texts', value: 'files' }))).toBe('--compare <files...>');
  });

  it('gives the default, where it has one', () => {
    expect(defaultsOf(LOAD_OPTIONS)).toEqual({ provider: 'cpu' });
    expect(defaultsOf({ size: { type: 'integer', nullable: true, default: null, description: 'a size' } } as const)).toEqual({
      size: null,
    });
  });
});

describe('the check of a library call', () => {
  const refusal = (declarations: Declarations, given: unknown): string => {
    try {
      checkOptions(declarations, given, 'classify');
    } catch (error) {
      expect(error).toBeInstanceOf(UsageError);
      return (error as Error).message;
    }
    return '';
  };

  it.each([
    [{ topk: 2 }, 'classify has no option "topk"; did you mean "topK"?'],
    [{ multilabel: true }, 'classify has no option "multilabel"; did you mean "multiLabel"?'],
    [{ treshold: 0.5 }, 'classify has no option "treshold"; did you mean "threshold"?'],
    [
      { colour: 1 },
      'classify has no option "colour"; there are multiLabel, threshold, topK, abstain, abstainBelow, thresholds, levels, batchSize, shortlist, windows, balance, explain',
    ],
    [{ toString: 1 }, /^classify has no option "toString"; there are /],
    [{ multiLabel: 'no' }, 'multiLabel must be true or false, not "no"'],
    [{ topK: 10n }, 'topK must be a whole number from 1 on, not 10'],
    [{ threshold: { at: 1 } }, 'threshold must be a number from 0 to 1, not an object'],
    [{ threshold: 'x'.repeat(200) }, /^threshold must be a number from 0 to 1, not "x{100}…"$/],
    [{ balance: null }, 'balance must be a number from 0 to 1, not null'],
    [null, 'the options of classify are null, expected an object'],
    [true, 'the options of classify are true, expected an object'],
    [['topK'], 'the options of classify are a list, expected an object'],
  ])('refuses %p', (given, message) => {
    expect(refusal(CLASSIFY_OPTIONS, given)).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
  });

  it('takes what is not given for not given', () => {
    expect(refusal(CLASSIFY_OPTIONS, { topK: undefined, threshold: 0.5 })).toBe('');
    expect(refusal(CLASSIFY_OPTIONS, {})).toBe('');
  });
});

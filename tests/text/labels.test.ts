import { join } from 'node:path';
import { DataError, UsageError } from '../../src/base/errors.ts';
import { buildJointSequence, type JointLayout, labelTokens, prepareLayout } from '../../src/text/joint-sequence.ts';
import { groupLabels, reservedTextTokens } from '../../src/text/label-groups.ts';
import { cleanLabels, createLabelEncoder } from '../../src/text/labels.ts';
import { loadTokenizer, type Tokenizer } from '../../src/text/tokenizer/tokenizer.ts';
import { FIXTURES } from './tokenizer/golden-folders.ts';

let tokenizer: Tokenizer;
let layout: JointLayout;
beforeAll(async () => {
  tokenizer = await loadTokenizer(join(FIXTURES, 'encoders', 'bert'));
  layout = await prepareLayout(tokenizer, { labelStyle: 'separator', token: ';', labelMaskOn: 'label', maxLength: 64 });
});

describe('cleanLabels', () => {
  it('trims and keeps the order', () => expect(cleanLabels([' b ', 'a', 'B'], '--labels')).toEqual(['b', 'a', 'B']));

  it.each([
    ['x', 'the labels are not a list'],
    [[], 'no labels'],
    [['a', ' \t'], 'label 2 is empty'],
    [['a', 3], 'label 2 is not text'],
    [['a', 'b', ' a '], 'label "a" occurs twice (1 and 3)'],
  ])('refuses %j', (labels, message) => {
    expect(() => cleanLabels(labels, '--labels')).toThrow(UsageError);
    expect(() => cleanLabels(labels, 'x.jsonl, line 7', DataError)).toThrow(DataError);
    expect(() => cleanLabels(labels, 'x.jsonl, line 7', DataError)).toThrow(`x.jsonl, line 7: ${message}`);
  });
});

describe('label encoder', () => {
  it('encodes a label once', async () => {
    let encoded = 0;
    const counting: Tokenizer = {
      ...tokenizer,
      encodeBatch: (texts, options) => {
        encoded += texts.length;
        return tokenizer.encodeBatch(texts, options);
      },
    };
    const encoder = createLabelEncoder(counting, 20);
    const first = await encoder.encode(['sports', 'politics', 'sports']);
    expect(first).toEqual([await tokenizer.encode('sports'), await tokenizer.encode('politics'), first[0]]);
    expect(await encoder.encode(['politics', 'law'])).toEqual([first[1], await tokenizer.encode('law')]);
    expect(encoded).toBe(3);
  });

  it('keeps labels within a bound, long ones too, and gives all of a call', async () => {
    let encoded = 0;
    const counting: Tokenizer = {
      ...tokenizer,
      encodeBatch: async (texts) => {
        encoded += texts.length;
        return texts.map(() => Int32Array.of(5));
      },
    };
    const encoder = createLabelEncoder(counting, 20);
    const long = Array.from({ length: 5 }, (_, at) => `${at}${'x'.repeat(5e6)}`);
    expect(await encoder.encode(long)).toHaveLength(5);
    await encoder.encode([long[4], long[3]]);
    expect(encoded).toBe(5);
    await encoder.encode([long[0]]);
    expect(encoded).toBe(6);
  });

  it('names a label that is too long or has no tokens', async () => {
    const encoder = createLabelEncoder(tokenizer, layout.labelLimit);
    await expect(encoder.encode(['law', `a ${'very '.repeat(40)}long one`])).rejects.toThrow(
      /^label "a very .*…" is too long: more than the 31 tokens/,
    );
    await expect(encoder.encode(['\u0001'])).rejects.toThrow('has no token');
    await expect(encoder.encode(['word '.repeat(2e6)])).rejects.toThrow(DataError);
  });
});

describe('groupLabels', () => {
  const sizes = (groups: number[][]) => groups.map((group) => group.length);

  it('keeps what fits together', () => {
    expect(groupLabels([1, 1, 1], 5, layout)).toEqual([[0, 1, 2]]);
    expect(groupLabels([], 5, layout)).toEqual([]);
  });

  it('balances groups', () => {
    const long = { ...layout, capacity: 509, textShare: 254, labelLimit: 255 };
    // 63 labels of 6 tokens and a separator: 36 fit beside a long text.
    expect(sizes(groupLabels(Array(63).fill(6), 1000, long))).toEqual([32, 31]);
    expect(sizes(groupLabels(Array(100).fill(2), 10, long, { maxLabelsPerGroup: 30 }))).toEqual([25, 25, 25, 25]);
    expect(sizes(groupLabels(Array(7).fill(1), 10, long, { maxLabelsPerGroup: 1 }))).toEqual(Array(7).fill(1));
  });

  it('gives texts of one length class the same groups, and all long texts', () => {
    const lengths = Array.from({ length: 40 }, (_, k) => 1 + (k % 5));
    expect(reservedTextTokens(0, layout)).toBe(0);
    expect(groupLabels(lengths, 1, layout)).toEqual(groupLabels(lengths, 7, layout));
    expect(groupLabels(lengths, 40, layout)).toEqual(groupLabels(lengths, 100_000, layout));
    expect(groupLabels(lengths, 1, layout).length).toBeLessThan(groupLabels(lengths, 40, layout).length);
  });

  it.each(['separator', 'marker'] as const)('covers each label once in groups that can be built (%s)', async (labelStyle) => {
    const token = labelStyle === 'marker' ? '[unused0]' : ';';
    let seed = 3;
    const next = (n: number) => {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      return seed % n;
    };
    for (let round = 0; round < 300; round++) {
      const ready = await prepareLayout(tokenizer, { labelStyle, token, labelMaskOn: 'label', maxLength: 20 + next(45) });
      const lengths = Array.from({ length: 1 + next(200) }, () => 1 + next(next(4) === 0 ? ready.labelLimit : 3));
      const textLength = next(100);
      const most = next(2) === 0 ? undefined : 1 + next(20);
      const inOrder = next(2) === 0;
      const groups = groupLabels(lengths, textLength, ready, { maxLabelsPerGroup: most, inOrder });
      const numbers = groups.flat();
      expect(inOrder ? numbers : numbers.sort((a, b) => a - b)).toEqual(lengths.map((_, label) => label));
      expect(Math.max(...groups.map(({ length }) => length))).toBeLessThanOrEqual(most ?? Number.POSITIVE_INFINITY);
      expect(groups.map((group) => [...group].sort((a, b) => a - b))).toEqual(groups);
      for (const group of groups)
        buildJointSequence(
          ready,
          new Int32Array(textLength),
          group.map((label) => new Int32Array(lengths[label]!).fill(1)),
        );
      // No more groups than half full ones would need.
      const room = ready.capacity - reservedTextTokens(textLength, ready);
      const atLeast = Math.max(
        Math.ceil(labelTokens(lengths, ready) / room),
        Math.ceil(lengths.length / (most ?? Number.POSITIVE_INFINITY)),
      );
      expect(groups.length).toBeLessThanOrEqual(2 * atLeast + 1);
    }
  });

  it('groups 100,000 labels', () => {
    const groups = groupLabels(
      Array.from({ length: 100_000 }, (_, k) => 1 + (k % 7)),
      60,
      layout,
    );
    expect(groups.flat()).toHaveLength(100_000);
    const counts = sizes(groups);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThan(12);
  });

  it('names a label that fits nowhere', () => {
    expect(() => groupLabels([1, layout.labelLimit + 1], 0, layout)).toThrow('label 2 has 32 tokens, more than the 31');
    expect(() => groupLabels([1], 0, layout, { maxLabelsPerGroup: 0 })).toThrow(UsageError);
  });
});

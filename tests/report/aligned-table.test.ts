import fc from 'fast-check';
import { lookOf, PLAIN } from '../../src/base/terminal/look.ts';
import { textWidth } from '../../src/base/terminal/text-width.ts';
import { alignedTable, toneOfShare } from '../../src/report/aligned-table.ts';

const narrow = (width: number) => ({ ...PLAIN, width });

it('aligns columns by what they take on a terminal, and shows nothing that a terminal would obey', () => {
  expect(
    alignedTable(
      ['label', 'F1'],
      [
        ['日本', '0.5'],
        ['a\u001b[31m', '-'],
      ],
    ),
  ).toBe('label         F1\n-----------  ---\n日本         0.5\na\\u001b[31m    -');
});

it('shortens text and never numbers on a narrow terminal; columns without a place stand below', () => {
  const row = ['a label that is rather long for this', '0.123', '0.456', '0.789'];
  const header = ['label', 'precision', 'recall', 'F1'];
  expect(alignedTable(header, [row], { look: narrow(44) })).toBe(
    'label               precision  recall     F1\n------------------  ---------  ------  -----\na label that is r…      0.123   0.456  0.789',
  );
  const split = alignedTable(header, [row], { look: narrow(32) });
  expect(split.split('\n\n')).toHaveLength(2);
  for (const value of row.slice(1)) expect(split).toContain(value);
  for (const line of split.split('\n')) expect(textWidth(line)).toBeLessThanOrEqual(32);
});

it('keeps every figure and never goes beyond a terminal of 40 columns and more', () => {
  const cell = fc.string({ unit: 'grapheme', maxLength: 60 });
  const figure = fc.integer({ min: 0, max: 1000 }).map((value) => (value / 1000).toFixed(3));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(cell, figure, figure, figure, figure), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 40, max: 120 }),
      (rows, width) => {
        const text = alignedTable(['name', 'accuracy', 'macro-F1', 'AUROC', 'ECE'], rows, { look: narrow(width) });
        for (const line of text.split('\n')) expect(textWidth(line)).toBeLessThanOrEqual(width);
        for (const [, ...figures] of rows) for (const each of figures) expect(text).toContain(each);
      },
    ),
  );
});

it('is in colour where the look is, in the same columns', () => {
  const rows = [
    ['a', '0.400'],
    ['b', '0.6'],
    ['c', '0.9'],
    ['d', '-'],
  ];
  const settings = { tone: (_: string, text: string) => toneOfShare(text) };
  const painted = alignedTable(['label', 'F1'], rows, { ...settings, look: lookOf({ isTTY: true, columns: 80 }, {}) });
  expect(painted).toContain('\u001b[31m0.400\u001b[39m');
  expect(painted).toContain('\u001b[33m0.6\u001b[39m');
  expect(painted).toContain('\u001b[32m0.9\u001b[39m');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours
  expect(painted.replace(/\u001b\[\d+m/g, '')).toBe(alignedTable(['label', 'F1'], rows));
});

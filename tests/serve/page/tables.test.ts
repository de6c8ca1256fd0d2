/** Files of texts on the page, their results as columns, the order of rows, and asking for many. */
import fc from 'fast-check';
import Papa from 'papaparse';
import { barsOf, type LabelResult } from '../../../src/serve/page/pure/bars.ts';
import { askForAll, requestsOf } from '../../../src/serve/page/pure/many-texts.ts';
import { answerColumns, labelColumns } from '../../../src/serve/page/pure/result-columns.ts';
import { nextOrder, rowOrder } from '../../../src/serve/page/pure/row-order.ts';
import { csvText, decodeText, freeName, textTable } from '../../../src/serve/page/pure/text-table.ts';

const bytes = (text: string, encoding: BufferEncoding = 'utf8'): Uint8Array => new Uint8Array(Buffer.from(text, encoding));

describe('a file of texts', () => {
  it.each<[string, string, string, Partial<ReturnType<typeof textTable>>]>([
    [
      'CSV',
      'a.csv',
      'id,text\n1,"one, two"\n2,"three ""quoted"""\n',
      {
        columns: ['id', 'text'],
        rows: [
          ['1', 'one, two'],
          ['2', 'three "quoted"'],
        ],
        textColumn: 1,
      },
    ],
    [
      'CSV of a spreadsheet',
      'a.csv',
      '\ufeffsep=;\r\nnr;Anfrage\r\n1;Wo ist mein Paket, bitte?\r\n',
      { columns: ['nr', 'Anfrage'], textColumn: 1 },
    ],
    ['CSV with lines in a field', 'a.csv', 'text,b\n"one\ntwo",1\n', { rows: [['one\ntwo', '1']], textColumn: 0 }],
    ['CSV of one column', 'a.csv', 'text\nhello there\n', { columns: ['text'], rows: [['hello there']] }],
    [
      'rows that are too short or too long',
      'a.csv',
      'text,b\none\ntwo,2,3\n',
      {
        rows: [
          ['one', ''],
          ['two', '2'],
        ],
      },
    ],
    ['TSV', 'a.tsv', 'id\ttext\n1\ta "b", c\n', { rows: [['1', 'a "b", c']], textColumn: 1 }],
    [
      'JSONL',
      'a.jsonl',
      '{"id": 1, "text": "one"}\n\n{"text": "two", "more": [1]}\n',
      {
        columns: ['id', 'text', 'more'],
        rows: [
          ['1', 'one', ''],
          ['', 'two', '[1]'],
        ],
      },
    ],
    ['JSONL of strings', 'a.ndjson', '"one"\n"two"\n', { columns: ['text'], rows: [['one'], ['two']] }],
    [
      'names that every object has',
      'a.jsonl',
      '{"__proto__": "x", "text": "one"}\n',
      { columns: ['__proto__', 'text'], rows: [['x', 'one']] },
    ],
    ['plain lines', 'a.txt', 'one, two\n\nthree\n', { columns: ['text'], rows: [['one, two'], ['three']] }],
  ])('%s', (_, name, text, expected) => {
    expect(textTable(name, bytes(text))).toMatchObject(expected);
  });

  it.each<[string, string, Uint8Array, RegExp]>([
    ['nothing', 'a.csv', bytes(''), /no rows/],
    ['a header alone', 'a.csv', bytes('text,b\n'), /no rows/],
    ['a line that is no JSON', 'a.jsonl', bytes('{"text": "a"}\n{"text"\n'), /line 2 is no JSON/],
    ['a quote that stays open', 'a.csv', bytes('text,b\n"one,2\nthree,4\n'), /quote/],
    ['a workbook', 'a.xlsx', new Uint8Array([0x50, 0x4b, 3, 4, 0, 0]), /no text file/],
    ['too many rows', 'a.txt', bytes('x\n'.repeat(100_001)), /100,001 rows/],
  ])('is refused: %s', (_, name, content, message) => {
    expect(() => textTable(name, content)).toThrow(message);
  });

  it('is read in the encodings that spreadsheets write', () => {
    for (const encoded of [bytes('Größe'), bytes('\ufeffGröße', 'utf16le'), bytes('Größe', 'latin1')])
      expect(decodeText(encoded)).toBe('Größe');
    expect(decodeText(new Uint8Array([0xfe, 0xff, 0x00, 0x41]))).toBe('A');
  });
});

it('CSV that is downloaded is read as what it was', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ';', ' ', 'ü', '=') });
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1 }), (rows) => {
      const { data } = Papa.parse<string[]>(csvText(['text', 'label'], rows), { delimiter: ',', newline: '\n' });
      expect(data.slice(0, -1)).toEqual([['text', 'label'], ...rows]);
    }),
  );
  expect(csvText(['text', 'score'], [['a', 0.5]])).toBe('text,score\na,0.5\n');
  expect([freeName('label', ['text']), freeName('label', ['label', 'label_2'])]).toEqual(['label', 'label_3']);
});

describe('columns of results', () => {
  const bars: LabelResult = { bars: barsOf(['billing', 'praise'], [0.7, 0.6]) };
  const names = ['billing', 'praise'];

  it('of labels', () => {
    const single = labelColumns({ names, isMultiLabel: false });
    expect(single.columns.map(({ name, show, cell }) => [name, show?.(bars), cell(bars)])).toEqual([
      ['label', 'billing', 'billing'],
      ['score', '70.0%', 0.7],
    ]);
    expect(single.groups(bars)).toEqual(['billing']);
    const multi = labelColumns({ names, isMultiLabel: true });
    expect(multi.columns.map(({ name, show, cell }) => [name, show?.(bars), cell(bars)])).toEqual([
      ['labels', 'billing, praise', 'billing; praise'],
      ['best score', '70.0%', 0.7],
      ['score_billing', undefined, 0.7],
      ['score_praise', undefined, 0.6],
    ]);
    expect(multi.groups({ bars: barsOf(['billing'], [0.1]) })).toEqual(['none']);
  });

  it('of labels with thresholds that were fitted', () => {
    const { columns, groups } = labelColumns({
      names,
      isMultiLabel: true,
      thresholds: new Map([
        ['billing', 0.8],
        ['praise', 0.1],
      ]),
    });
    expect([columns[0].cell(bars), groups(bars)]).toEqual(['praise', ['praise']]);
  });

  it('of labels of which none may fit, by the level as it stands', () => {
    let level = 0.4;
    const { columns, groups } = labelColumns({ names, isMultiLabel: false, level: () => level });
    const cells = (fit: number) => columns.map(({ show, cell }) => [show?.({ ...bars, fit }), cell({ ...bars, fit })]);
    expect(cells(0.4)).toEqual([
      ['billing', 'billing'],
      ['70.0%', 0.7],
      ['40.0%', 0.4],
    ]);
    level = 0.5;
    expect(cells(0.4)).toEqual([
      ['none', ''],
      ['', ''],
      ['40.0%', 0.4],
    ]);
    expect(groups({ ...bars, fit: 0.4 })).toEqual(['none']);
    expect(columns[1].key({ ...bars, fit: 0.4 })).toBeUndefined();
    const multi = labelColumns({ names, isMultiLabel: true, level: () => level });
    expect(multi.columns.map(({ name, cell }) => [name, cell({ ...bars, fit: 0.1 })])).toEqual([
      ['labels', ''],
      ['best score', ''],
      ['fit', 0.1],
      ['score_billing', 0.7],
      ['score_praise', 0.6],
    ]);
  });

  it('of labels in levels', () => {
    const paths = new Map([
      ['sport > other', ['sport', 'other']],
      ['other', ['other']],
    ]);
    const result: LabelResult = {
      bars: barsOf(['sport > other'], [0.45]),
      path: [
        { name: 'sport', score: 0.9 },
        { name: 'other', score: 0.5 },
      ],
      joint: 0.45,
    };
    const { columns } = labelColumns({ names: [...paths.keys()], paths, isMultiLabel: false });
    expect(columns.map(({ name, show, cell }) => [name, show?.(result), cell(result)])).toEqual([
      ['label', 'sport > other', 'sport > other'],
      ['score', '45.0%', 0.45],
      ['path', undefined, 'sport > other'],
      ['path_scores', undefined, '0.9; 0.5'],
    ]);
  });

  it('of answers', () => {
    const { columns, groups } = answerColumns({
      topic: { type: 'choice', options: ['a', 'b'] },
      tags: { type: 'choice', options: ['c', 'd'], multiple: true },
      angry: { type: 'predicate', instructions: 'angry' },
      urgency: { type: 'score', levels: ['low', 'high'] },
    });
    const answers = {
      topic: { answer: 'a', scores: { a: 0.9, b: 0.1 }, confidence: 0.8 },
      tags: { answer: 'c', scores: { c: 0.9, d: 0.6 }, confidence: 0.8 },
      angry: { answer: false, probability: 0.2, confidence: 0.6 },
      urgency: { level: 'high', value: 0.75, scores: [0.25, 0.75], confidence: 0.5 },
    };
    expect(columns.map(({ name, cell }) => [name, cell(answers)])).toEqual([
      ['topic', 'a'],
      ['topic_confidence', 0.8],
      ['tags', 'c; d'],
      ['tags_confidence', 0.8],
      ['angry', 'no'],
      ['angry_probability', 0.2],
      ['urgency', 'high'],
      ['urgency_value', 0.75],
    ]);
    // Statements and scales are sorted by their figures.
    expect(columns.map(({ key }) => typeof key(answers))).toEqual(['string', 'number', 'string', ...Array(5).fill('number')]);
    expect(groups(answers)).toEqual(['a']);
  });
});

describe('the order of rows', () => {
  it('is stable, keeps every row, and has what is missing at the end', () => {
    const key = fc.option(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom('a', 'B', 'c10', 'c9')), { nil: undefined });
    fc.assert(
      fc.property(fc.array(key), fc.boolean(), (keys, isDescending) => {
        const order = rowOrder(keys.length, (row) => keys[row], isDescending);
        expect([...order].sort((a, b) => a - b)).toEqual(keys.map((_, row) => row));
        const missing = keys.filter((each) => each === undefined).length;
        expect(order.slice(order.length - missing).every((row) => keys[row] === undefined)).toBe(true);
        for (const [at, row] of order.entries()) if (at > 0 && keys[order[at - 1]] === keys[row]) expect(order[at - 1]).toBeLessThan(row);
      }),
    );
    expect(rowOrder(3, (row) => ['b', 'A', 'c'][row], false)).toEqual([1, 0, 2]);
    expect(rowOrder(3, (row) => [0.5, 0.1, 0.9][row], true)).toEqual([2, 0, 1]);
  });

  it('goes round three ways as a header is pressed', () => {
    const first = nextOrder(undefined, 'score', true);
    const second = nextOrder(first, 'score', true);
    expect([first, second, nextOrder(second, 'score', true), nextOrder(first, 'label', false)]).toEqual([
      { column: 'score', isDescending: true },
      { column: 'score', isDescending: false },
      undefined,
      { column: 'label', isDescending: false },
    ]);
  });
});

describe('many texts', () => {
  it('are asked in requests of bounded size, each text once', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 300_000 }), { maxLength: 60 }), (sizes) => {
        const requests = requestsOf([...sizes.keys()], (row) => 'x'.repeat(sizes[row]));
        expect(requests.flat()).toEqual([...sizes.keys()]);
        for (const rows of requests) {
          expect(rows.length).toBeLessThanOrEqual(16);
          if (rows.length > 1) expect(rows.reduce((sum, row) => sum + sizes[row], 0)).toBeLessThanOrEqual(200_000);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('stop at the first error, and where somebody stops them; what came is kept', async () => {
    const rows = Array.from({ length: 100 }, (_, row) => row);
    const got: number[] = [];
    const run = (signal: AbortSignal, ask: (texts: readonly string[]) => Promise<string[]>) =>
      askForAll(rows, String, ask, (found) => got.push(...found), signal);
    await run(new AbortController().signal, async (texts) => [...texts]);
    expect([...got].sort((a, b) => a - b)).toEqual(rows);
    got.length = 0;
    const failing = run(new AbortController().signal, async (texts) => {
      if (texts.includes('40')) throw new Error('busy');
      return [...texts];
    });
    await expect(failing).rejects.toThrow('busy');
    expect(got.length).toBeGreaterThan(0);
    expect(got.length).toBeLessThan(100);
    got.length = 0;
    const stop = new AbortController();
    await run(stop.signal, async (texts) => {
      if (texts.includes('40')) stop.abort();
      return [...texts];
    });
    expect(got).not.toContain(40);
  });
});

/** Label files: each format is taken for what it is, or refused with what was meant. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '../../src/base/errors.ts';
import { labelsOfText, readLabelsFile } from '../../src/data/labels-file.ts';
import { temporaryFolder } from '../tiny-checkpoint.ts';

describe('a file of labels', () => {
  it.each([
    ['lines', 'x.txt', ' sport \n\nFood, drinks\r\nlaw\n', ['sport', 'Food, drinks', 'law']],
    ['lone CR line ends', 'x.txt', 'sport\rlaw\r', ['sport', 'law']],
    ['one line', 'x.txt', 'sport', ['sport']],
    [
      'lines with colons, dashes, hashes and brackets',
      'x',
      'topic: sport\n#news\nlaw - courts\n(other)',
      ['topic: sport', '#news', 'law - courts', '(other)'],
    ],
    ['a JSON list', 'x.json', '[\n  "sport",\n  "Food, drinks"\n]\n', ['sport', 'Food, drinks']],
    ['a JSON list in a text file', 'x.txt', '["sport","law"]', ['sport', 'law']],
    ['a JSON list of objects that are labels alone', 'x.json', '[{"label":"sport"},{"label":"law"}]', ['sport', 'law']],
    ['JSON strings one a line', 'x.jsonl', '"sport"\n"Food, \\"drinks\\""\n', ['sport', 'Food, "drinks"']],
    ['JSON objects one a line', 'x.jsonl', '{"label":"sport"}\n{"label":"law"}\n', ['sport', 'law']],
    ['lines of which some are in quotes', 'x.txt', '"Food, ""fine"" drinks"\nlaw\n', ['Food, "fine" drinks', 'law']],
    [
      'a YAML list',
      'x.yaml',
      "# topics\n---\n- sport # games\n- 'Food: drinks'\n- 2024\n- \"it's\"\n- C#\n",
      ['sport', 'Food: drinks', '2024', "it's", 'C#'],
    ],
    ['a YAML list in a text file', 'x.txt', '- sport\n- law\n', ['sport', 'law']],
    ['a table with a column label', 'x.csv', 'label\nsport\n"Food, drinks"\n', ['sport', 'Food, drinks']],
    ['such a table with CR line ends', 'x.csv', 'Label\rsport\rlaw\r', ['sport', 'law']],
    ['a table of tabs', 'x.tsv', 'label\nFood, drinks\nlaw\n', ['Food, drinks', 'law']],
    ['a header in a text file', 'x.txt', 'label\nsport\nlaw\n', ['sport', 'law']],
  ])('%s', (_, path, text, labels) => expect(labelsOfText(text, path)).toEqual(labels));

  it.each([
    ['x.txt', '\n \n', /^x\.txt: no labels/],
    ['x.json', '{"sport":"games","law":"courts"}', /^x\.json: a JSON object \(of sport, law\), where a list of labels is expected/],
    ['x.json', '[{"label":"sport","description":"games"}]', /label 1 is an object with "description"/],
    ['x.jsonl', '{"label":"sport","parent":"x"}\n{"label":"law"}\n', /label 1 is an object with "parent"/],
    ['x.json', '["sport"', /begins like JSON and is none; write a JSON list/],
    ['x.txt', '["a"]\n["b"]', /label 1 is not text/],
    ['x.txt', '"sport","law"', /line 1: begins with a quote and is no label in quotes/],
    ['x.txt', '"sport",\n"law"', /line 1: begins with a quote/],
    ['x.txt', 'sport,\nlaw,\n', /line 1: "sport," is one label or several/],
    ['x.txt', 'sport, law, film', /line 1: "sport, law, film" is one label or several; write one a line/],
    ['x.txt', 'sport|law', /one label or several/],
    ['x.txt', 'sport\tgames\nlaw\tcourts', /line 1: a tab/],
    ['x.txt', 'sport\n- law\n', /line 2: begins with a dash as in a YAML list/],
    ['x.txt', '- sport\nlaw\n', /line 2: not an item of the YAML list/],
    ['x.yaml', '- sport: games\n', /line 1: not text as YAML reads it; only names of labels are read/],
    ['x.yaml', '- [a, b]\n', /line 1: not text as YAML reads it/],
    ['x.yaml', '- sport\n-\n- law\n', /label 2 is empty/],
    ['x.yaml', 'sport: games\nlaw: courts\n', /line 1: not a YAML list of labels; write "- sport"/],
    ['x.txt', 'labels:\n  - sport\n  - law\n', /line 1: a YAML list under a name; write the list alone/],
    ['x.txt', '* sport\n* law\n', /line 1: "\* sport" is an item of a list/],
    ['x.txt', '1. sport\n2. law\n', /line 1: "1\. sport" is an item of a list/],
    ['x.csv', 'sport\nlaw\n', /line 1: no column "label" in the header/],
    ['x.csv', 'label,description\nsport,games\n', /line 1: besides "label" there is "description"; only names of labels are read/],
    ['x.txt', 'label,description\nsport,games\n', /besides "label" there is "description"/],
    ['x.tsv', 'id\tlabel\n1\tsport\n', /besides "label" there is "id"/],
    ['x.csv', 'label\nFood, drinks\n', /not a table of one column: .*; a label with a comma stands in double quotes/],
    ['x.csv', 'label\n', /no labels/],
    ['x.txt', 'sport\nlaw\nsport\n', /label "sport" occurs twice \(1 and 3\)/],
    ['x.txt', '\n'.repeat(1_000_001), /more than 1000000 lines/],
    ['x.txt', '['.repeat(100_000), /begins like JSON and is none/],
    ['x.yaml', `- ${'['.repeat(100_000)}`, /line 1: not text as YAML reads it; only names of labels are read: put "\[+…" in quotes/],
  ])('%s is refused: %#', (path, text, message) => {
    expect(() => labelsOfText(text, path)).toThrow(DataError);
    expect(() => labelsOfText(text, path)).toThrow(message);
  });

  it('is read as UTF-8, with or without a byte order mark, and nothing else', () => {
    const path = join(temporaryFolder(), 'labels.txt');
    const read = (content: string | Buffer) => {
      writeFileSync(path, content);
      return () => readLabelsFile(path);
    };
    expect(read('\uFEFFsport\nlaw\n')()).toEqual(['sport', 'law']);
    expect(read(Buffer.from('\uFEFFsport\n', 'utf16le'))).toThrow(/labels\.txt: it looks like UTF-16; convert it to UTF-8/);
    expect(read(Buffer.from('caf\xe9\n', 'latin1'))).toThrow(/labels\.txt: not UTF-8 text; convert it to UTF-8/);
    expect(() => readLabelsFile(`${path}.none`)).toThrow(/cannot read the labels .*none: no such file or directory/);
  });
});

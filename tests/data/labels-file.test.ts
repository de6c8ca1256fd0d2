/** Label files: each format is taken for what it is, or refused with what was meant. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '../../src/base/errors.ts';
import { labelsOfBytes, readLabelsFile } from '../../src/data/labels-file.ts';
import { temporaryFolder } from '../tiny-checkpoint.ts';

const labelsOfText = (text: string, path: string) => labelsOfBytes(Buffer.from(text), path);

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
  ])('%s', (_, path, text, labels) => expect(labelsOfText(text, path)).toEqual({ labels }));

  it.each([
    ['x.txt', '\n \n', /^x\.txt: no labels/],
    ['x.json', '["sport"', /begins like JSON and is none; write a JSON list/],
    ['x.txt', '["a"]\n["b"]', /label 1 is not text/],
    ['x.txt', '"sport","law"', /line 1: begins with a quote and is no label in quotes/],
    ['x.txt', '"sport",\n"law"', /line 1: begins with a quote/],
    ['x.txt', 'sport,\nlaw,\n', /line 1: "sport," is one label or several/],
    ['x.txt', 'sport, law, film', /line 1: "sport, law, film" is one label or several; write one a line/],
    [
      'x.txt',
      'sport: games\nlaw: courts, judges\nother:\n',
      /line 1: "sport: games" looks like a name and what it means, as do all lines: end .* \.yaml/,
    ],
    [
      'x.txt',
      'a,b\nc,d\n',
      /line 1: "a,b" looks like a row of a table, as do all lines: write label,description above them; if it is one label, write/,
    ],
    ['x.txt', 'a; b\nc; d, e\n', /looks like a row of a table/],
    ['x.txt', 'sport|law', /one label or several/],
    ['x.txt', 'sport\tgames\nlaw\tcourts', /line 1: a tab/],
    ['x.txt', 'sport\n- law\n', /line 2: begins with a dash as in a YAML list/],
    ['x.txt', '- sport\nlaw\n', /line 2: not an item of the YAML list/],
    ['x.yaml', '- [a, b]\n', /x\.yaml: label 1 is not text/],
    ['x.yaml', 'labels:\n- a\n', /a YAML list under the name "labels"; write the list alone/],
    ['x.yaml', 'sport', /not a YAML list of labels; write "- sport"/],
    ['x.yaml', 'sport:\n  - &a [*a]\n', /x\.yaml/],
    ['x.json', '{"sport":{"label":"x","colour":"red"},"law":3}', /x\.json, "law" must be a description, or a list or object of labels/],
    ['x.json', '[{"label":"sport","colour":"red"}]', /label 1 has "colour"; there are label, description, examples, parent, children/],
    ['x.json', '[{"label":"sport","description":3}]', /label 1, field "description" must be text/],
    ['x.json', '[{"label":"sport","description":" "}]', /label 1, field "description" holds nothing but spaces and control characters/],
    [
      'x.jsonl',
      '{"label":"law"}\n\n{"label":"sport","description":"\\u0001"}\n',
      /x\.jsonl, line 3: label 2, field "description" holds nothing/,
    ],
    ['x.csv', 'label,description\nlaw,\nsport,\u200b\u0007\n', /x\.csv, line 3: label 2, field "description" holds nothing/],
    ['x.json', '{"sport":{"examples":["won","\\u200b"]}}', /"sport", field "examples": example 2 holds nothing but control characters/],
    [
      'x.json',
      '{\n "sport": "ball games",\n "law": {"examples": ["{\\"a", "a"]},\n "sp\\u006frt": ""}',
      /x\.json, line 4: the key "sport" is there twice in one object \(before in line 2\); keep one/,
    ],
    [
      'x.json',
      '[{"label":"a","description":"b",\r"label":"c"}]',
      /x\.json, line 2: the key "label" is there twice in one object \(before in line 1\); keep one/,
    ],
    ['x.jsonl', '"sport"\n\n{"label":"law","label":"court"}', /x\.jsonl, line 3: the key "label" is there twice in one object; keep one/],
    ['x.jsonl', '{"label":"law"}\nsport\n', /x\.jsonl, line 2: not JSON, as the lines before it are/],
    ['x.txt', 'sport\n{"label":"law"}\n', /x\.txt, line 2: JSON among lines that are none; write all labels as JSON/],
    ['x.json', '[{"label":"sport","examples":"won"}]', /label 1, field "examples" must be a list of texts/],
    [
      'x.json',
      '[{"label":"a","parent":"b"},{"label":"b","parent":"a"}]',
      /label 1: labels are nested more than 32 levels deep, or below themselves/,
    ],
    ['x.json', '{"a":{"c":null},"b":{"c":null},"d":[{"label":"e","parent":"c"}]}', /has a "parent" and stands below another label/],
    [
      'x.json',
      '[{"label":"a","children":["c"]},{"label":"b","children":["c"]},{"label":"d","parent":"c"}]',
      /its parent "c" is the name of 2 labels/,
    ],
    ['x.json', JSON.stringify([{ label: 'a', examples: Array(101).fill('b') }]), /field "examples": 101 given, 100 at most/],
    ['x.json', '{"a":["c","c"]}', /x\.json, "a": label "c" occurs twice/],
    ['x.json', `${'{"a":'.repeat(40)}null${'}'.repeat(40)}`, /labels are nested more than 32 levels deep/],
    ['x.csv', 'label,parent\n,sport\n', /label 1 is empty/],
    ['x.csv', 'label,label\na,b\n', /the column "label" is there twice/],
    ['x.json', '{"labels":["a","b"]}', /labels under the name "labels"; give the list alone/],
    ['x.json', '[{"name":"x"},"b"]', /label 1 is an object without "label"/],
    ['x.yaml', '- sport\n-\n- law\n', /label 2 is empty/],
    ['x.txt', 'labels:\n  - sport\n  - law\n', /line 1: a YAML list under a name; write the list alone/],
    ['x.txt', '* sport\n* law\n', /line 1: "\* sport" is an item of a list/],
    ['x.txt', '1. sport\n2. law\n', /line 1: "1\. sport" is an item of a list/],
    ['x.csv', 'sport\nlaw\n', /line 1: no column "label" in the header/],
    ['x.tsv', 'id\tlabel\n1\tsport\n', /besides "label" there is "id"; a table of labels has label, description, parent/],
    ['x.csv', 'label\nFood, drinks\n', /not a table of one column: .*; a label with a comma stands in double quotes/],
    ['x.csv', 'label\n', /no labels/],
    ['x.txt', 'sport\n\nlaw\n sport\n', /^x\.txt: label "sport" occurs twice \(lines 1 and 4\)$/],
    ['x.txt', '"sport"\nlaw\n"sport"\n', /^x\.txt: label "sport" occurs twice \(lines 1 and 3\)$/],
    ['x.yaml', '- sport\n\n- law\n- sport\n', /^x\.yaml: label "sport" occurs twice \(lines 1 and 4\)$/],
    ['x.yaml', '- label: sport\n  description: ball games\n- label: sport\n', /^x\.yaml: label "sport" occurs twice \(lines 1 and 3\)$/],
    ['x.csv', 'label,description\nsport,a\nlaw,b\nsport,c\n', /^x\.csv: label "sport" occurs twice \(lines 2 and 4\)$/],
    ['x.jsonl', '{"label":"sport"}\n\n{"label":"sport"}\n', /^x\.jsonl: label "sport" occurs twice \(lines 1 and 3\)$/],
    ['x.json', '["sport (.*",\n "law",\n "sport (.*"]', /^x\.json: label "sport \(\.\*" occurs twice \(lines 1 and 3\)$/],
    // Where it stands in other lines too, their numbers as labels.
    ['x.json', '["sport",\n "law and sport",\n "sport"]', /^x\.json: label "sport" occurs twice \(1 and 3\)$/],
    [
      'x.yaml',
      'sport: ball games\nlaw: courts\nsport: matches\n',
      /^x\.yaml, line 3: the key "sport" is there twice in one object \(before in line 1\)/,
    ],
    ['x.txt', '\n'.repeat(1_000_001), /more than 1000000 lines/],
    ['x.txt', '['.repeat(100_000), /begins like JSON and is none/],
    ['x.yaml', `- ${'['.repeat(100_000)}`, /x\.yaml: YAML of more than 65536 characters; write so many labels as JSON/],
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
    expect(read('\uFEFFsport\nlaw\n')()).toEqual({ labels: ['sport', 'law'] });
    expect(read(Buffer.from('\uFEFFsport\n', 'utf16le'))).toThrow(/labels\.txt: it looks like UTF-16; convert it to UTF-8/);
    expect(read(Buffer.from('caf\xe9\n', 'latin1'))).toThrow(/labels\.txt: not UTF-8 text; convert it to UTF-8/);
    expect(() => readLabelsFile(`${path}.none`)).toThrow(/cannot read the labels .*none: no such file or directory/);
  });

  const described = (name: string, description: string) => ({
    ...{ name, reading: `${name}: ${description}`, readings: [name, description], shares: [0.5, 0.5] },
  });
  const flat = { labels: [described('sport', 'games, matches'), 'law'] };
  const tree = { labels: ['sport', described('football', 'with a ball'), 'tennis', 'law'], parents: [-1, 0, 0, -1] };

  it.each([
    ['a JSON object of names and what they mean', 'x.json', '{"sport":"games, matches","law":null}', flat],
    ['a JSON list of objects', 'x.json', '[{"label":"sport","description":"games, matches"},"law"]', flat],
    ['JSON objects one a line', 'x.jsonl', '{"label":"sport","description":"games, matches"}\n{"label":"law","description":""}\n', flat],
    [
      'JSON one a line, of which the first is a name',
      'x.jsonl',
      '"law"\n{"label":"sport","description":"games, matches"}\n',
      { labels: [...flat.labels].reverse() },
    ],
    ['lines of which some have a colon or a comma', 'x.txt', 'law: courts\nlaw: judges\n', { labels: ['law: courts', 'law: judges'] }],
    ['lines with commas, not as many each', 'x.txt', 'Oslo\nParis, France\n', { labels: ['Oslo', 'Paris, France'] }],
    ['a YAML object', 'x.yaml', 'sport: games, matches\nlaw:\n', flat],
    ['a YAML list of which some say more', 'x.yaml', '- sport: games, matches\n- law\n', flat],
    ['a table with descriptions', 'x.csv', 'label,description\nsport,"games, matches"\nlaw,\n', flat],
    ['a table with semicolons', 'x.csv', 'label;description\nsport;games, matches\nlaw;\n', flat],
    ['a JSON tree', 'x.json', '{"sport":{"football":"with a ball","tennis":null},"law":null}', tree],
    ['fields under a name', 'x.yaml', 'sport:\n  description: games, matches\nlaw: null\n', flat],
    ['one label object', 'x.json', '{"label":"sport","description":"games, matches"}', { labels: flat.labels.slice(0, 1) }],
    ['YAML that says null', 'x.yaml', '- sport: games, matches\n- law: ~\n', flat],
    ['a YAML tree', 'x.yaml', '- sport:\n  - football: with a ball\n  - tennis\n- law\n', tree],
    [
      'objects with children',
      'x.json',
      '[{"label":"sport","children":[{"label":"football","description":"with a ball"},"tennis"]},"law"]',
      tree,
    ],
    [
      'a table with parents, in any order; a parent that is no row of its own becomes a label',
      'x.csv',
      'label,description,parent\nfootball,with a ball,sport\ntennis,,sport\nlaw,,\n',
      { labels: [described('football', 'with a ball'), 'tennis', 'law', 'sport'], parents: [3, 3, -1, -1] },
    ],
    [
      'the same name at two places: the model reads the one above too',
      'x.json',
      '{"food":["other"],"sport":["other"]}',
      {
        labels: ['food', { name: 'other', reading: 'food: other', readings: ['food: other'], shares: [1] }, 'sport', expect.anything()],
        parents: [-1, 0, -1, 2],
      },
    ],
    [
      'names that objects have',
      'x.json',
      '{"__proto__":null,"constructor":"what builds"}',
      { labels: ['__proto__', described('constructor', 'what builds')] },
    ],
  ])('%s', (_, path, text, set) => expect(labelsOfText(text, path)).toEqual(set));

  it('examples have a share of what stands for a label', () => {
    const { labels } = labelsOfText('[{"label":"sport","description":"games","examples":["we won","they lost"]}]', 'x.json');
    expect(labels).toEqual([
      {
        name: 'sport',
        reading: 'sport: games',
        readings: ['sport', 'games', 'we won', 'they lost'],
        shares: [0.3, 0.3, 0.2, 0.2],
        examples: 2,
      },
    ]);
  });
});

it('a file of a million lines is read', () => {
  expect(labelsOfText(`${'\n'.repeat(999_999)}sport\n`, 'x.txt')).toEqual({ labels: ['sport'] });
});

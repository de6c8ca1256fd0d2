/** Output and journal that do not agree: the output is never shortened by more than the answer that was being written. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DataError, UsageError } from '../../src/base/errors.ts';
import { openJournal } from '../../src/generate/journal.ts';
import { ROOT, temporaryFolder } from '../tiny-checkpoint.ts';

const record = (id: number) => ({ text: `text ${id}`, labels: ['a'], not_labels: ['b'] });
const textsOf = (path: string) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { text: string }).text);

/** An output of four answers with two examples each. */
function madeOutput(): { output: string; journal: string } {
  const output = join(temporaryFolder(), 'out.jsonl');
  const journal = openJournal(output, 'plan');
  for (let request = 0; request < 4; request++) journal.add(request, [record(2 * request), record(2 * request + 1)], { refusal: 1 }, {});
  journal.close();
  return { output, journal: `${output}.journal` };
}

const journalLines = (path: string) => readFileSync(path, 'utf8').split('\n').slice(0, -1);
const writeLines = (path: string, lines: readonly string[]) => writeFileSync(path, lines.map((line) => `${line}\n`).join(''));

describe('a journal that does not know its output', () => {
  it.each([
    [
      'is empty',
      (path: string) => writeFileSync(path, ''),
      DataError,
      /has 416 bytes, its journal .*out\.jsonl\.journal knows none of them/,
    ],
    [
      'has only its header',
      (path: string) => writeLines(path, journalLines(path).slice(0, 1)),
      DataError,
      /416 bytes behind byte 0 that its journal does not know/,
    ],
    ['has a part of its header', (path: string) => truncateSync(path, 7), DataError, /knows none of them/],
    ['has only the header of another plan', (path: string) => writeLines(path, ['{"plan":"other"}']), DataError, /knows none of them/],
    [
      'is of another plan',
      (path: string) => writeLines(path, ['{"plan":"other"}', ...journalLines(path).slice(1)]),
      UsageError,
      /begun with another plan/,
    ],
    ['is gone', (path: string) => rmSync(path), UsageError, /is there already, without a journal/],
    [
      'knows half of it',
      (path: string) => writeLines(path, journalLines(path).slice(0, 3)),
      DataError,
      /208 bytes behind byte 208 that its journal does not know: .*the first 208 bytes stay/,
    ],
    [
      'has an entry without bytes',
      (path: string) => writeLines(path, [...journalLines(path).slice(0, 4), '{"request":3,"kept":2,"dropped":{}}']),
      DataError,
      /journal, line 5: field "bytes"/,
    ],
    [
      'has an entry of another kind',
      (path: string) => writeLines(path, [...journalLines(path).slice(0, 4), '[1e999]']),
      DataError,
      /journal, line 5/,
    ],
    [
      'has lengths that fall',
      (path: string) =>
        writeLines(
          path,
          journalLines(path).map((line, at) => (at === 3 ? line.replace(/"bytes":\d+/, '"bytes":7') : line)),
        ),
      DataError,
      /line 4, field "bytes": less than before/,
    ],
    [
      'has a line that is no JSON',
      (path: string) =>
        writeLines(
          path,
          journalLines(path).map((line, at) => (at === 2 ? '{{' : line)),
        ),
      DataError,
      /journal, line 3: not JSON/,
    ],
    [
      'is a file of somebody else',
      (path: string) => writeFileSync(path, 'Dear diary'),
      DataError,
      /journal, line 1: not JSON: .*, so it is not a journal/,
    ],
    [
      'is a file of somebody else, with lines',
      (path: string) => writeFileSync(path, '{"dear":"diary"}\n'),
      DataError,
      /journal, line 1: field "plan"/,
    ],
  ] as const)('and %s: nothing is changed', (_, spoil, kind, message) => {
    const { output, journal } = madeOutput();
    spoil(journal);
    const before = [readFileSync(output, 'utf8'), existsSync(journal) && readFileSync(journal, 'utf8')];
    const open = () => openJournal(output, 'plan');
    expect(open).toThrow(kind);
    expect(open).toThrow(message);
    expect([readFileSync(output, 'utf8'), existsSync(journal) && readFileSync(journal, 'utf8')]).toEqual(before);
    expect(
      readdirSync(join(output, '..'))
        .filter((name) => !name.startsWith('out.jsonl'))
        .concat(readdirSync(join(output, '..')).filter((name) => /lock|tmp/.test(name))),
    ).toEqual([]);
  });
});

describe('an output that is not what its journal knows', () => {
  it.each([
    ['is gone', (path: string) => rmSync(path), /is gone, its journal knows 6 examples in 312 bytes/],
    ['lacks more than the last answer', (path: string) => truncateSync(path, 200), /has 200 bytes, its journal knows 6 examples/],
    [
      'has a line more',
      (path: string) => writeFileSync(path, `${readFileSync(path, 'utf8')}${JSON.stringify(record(9))}\n`),
      /52 bytes behind byte 416 that its journal does not know/,
    ],
    [
      'has a line more without its end',
      (path: string) => writeFileSync(path, `${readFileSync(path, 'utf8')}${JSON.stringify(record(9))}`),
      /51 bytes behind byte 416/,
    ],
    ['has a note behind it', (path: string) => writeFileSync(path, `${readFileSync(path, 'utf8')}mine`), /4 bytes behind byte 416/],
    [
      'has a line that is no example',
      (path: string) => writeFileSync(path, readFileSync(path, 'utf8').replace('"labels"', '"lapels"')),
      /out\.jsonl, line 1: field "labels"/,
    ],
    [
      'has a line that is no JSON',
      (path: string) => writeFileSync(path, readFileSync(path, 'utf8').replace('text 7"', 'text 7 ')),
      /out\.jsonl, line 8: not JSON/,
    ],
    ['has two lines made one', (path: string) => writeFileSync(path, readFileSync(path, 'utf8').replace('\n', ' ')), /not JSON/],
  ] as const)('and %s: nothing is changed', (_, spoil, message) => {
    const { output, journal } = madeOutput();
    spoil(output);
    const before = [existsSync(output) && readFileSync(output, 'utf8'), readFileSync(journal, 'utf8')];
    expect(() => openJournal(output, 'plan')).toThrow(message);
    expect(() => openJournal(output, 'plan')).toThrow(DataError);
    expect([existsSync(output) && readFileSync(output, 'utf8'), readFileSync(journal, 'utf8')]).toEqual(before);
  });
});

describe('a kill while an answer is written', () => {
  /** Opens, adds the answer that is missing, and gives all texts. */
  function goOn(output: string): { done: number[]; texts: string[] } {
    const journal = openJournal(output, 'plan');
    const done = [...journal.done];
    expect(textsOf(output)).toEqual(journal.records.map(({ text }) => text));
    if (!journal.done.has(3)) journal.add(3, [record(6), record(7)], {}, {});
    journal.close();
    return { done, texts: textsOf(output) };
  }
  const all = Array.from({ length: 8 }, (_, id) => `text ${id}`);

  it('at any byte of the examples costs that answer and no other', () => {
    for (let length = 312; length <= 416; length += 8) {
      const { output } = madeOutput();
      truncateSync(output, length);
      expect(goOn(output)).toEqual({ done: length < 416 ? [0, 1, 2] : [0, 1, 2, 3], texts: all });
    }
  });

  it('at any byte of the note in the journal costs that answer and no other', () => {
    const { journal } = madeOutput();
    const lines = journalLines(journal);
    const before = lines.slice(0, 4).join('\n').length + 1;
    for (let length = before; length < before + lines[4].length; length += 11) {
      const { output } = madeOutput();
      truncateSync(output, 312);
      truncateSync(`${output}.journal`, length);
      expect(goOn(output)).toEqual({ done: [0, 1, 2], texts: all });
    }
  });

  it('and a power cut that left zeros cost that answer and no other', () => {
    const { output } = madeOutput();
    writeFileSync(output, Buffer.concat([readFileSync(output).subarray(0, 330), Buffer.alloc(86)]));
    expect(goOn(output)).toEqual({ done: [0, 1, 2], texts: all });
  });

  it('before the first answer costs nothing', () => {
    const output = join(temporaryFolder(), 'out.jsonl');
    openJournal(output, 'wrong model').close();
    openJournal(output, 'plan').close();
    truncateSync(`${output}.journal`, 5);
    openJournal(output, 'plan').close();
    expect(goOn(output)).toEqual({ done: [], texts: ['text 6', 'text 7'] });
  });
});

describe('two runs', () => {
  it('do not write one output: the second says which process does', () => {
    const { output } = madeOutput();
    const first = openJournal(output, 'plan');
    expect(() => openJournal(output, 'plan')).toThrow(
      new RegExp(`out\\.jsonl is in use: glz with the process number ${process.pid} writes it`),
    );
    // Nor by another name of the same file.
    const link = join(output, '../link.jsonl');
    symlinkSync('out.jsonl', link);
    expect(() => openJournal(link, 'plan')).toThrow(/link\.jsonl is in use/);
    first.close();
    openJournal(output, 'plan').close();
  });
});

it('writes nothing behind a part of an answer that a full disk left', () => {
  const folder = temporaryFolder();
  // A limit of this process's files stands for the disk: the journal's line of the 30 kB answer fits, its examples do not.
  const script = `
    import { openJournal } from ${JSON.stringify(pathToFileURL(join(ROOT, 'dist/generate/journal.js')).href)};
    process.on('SIGXFSZ', () => {});
    const journal = openJournal(${JSON.stringify(join(folder, 'out.jsonl'))}, 'plan');
    const add = (request, text) => { try { journal.add(request, [{ text, labels: ['a'], not_labels: [] }], {}, {}); console.log('added'); } catch (error) { console.log(error.name + ': ' + error.message); } };
    add(0, 'first'); add(1, 'x'.repeat(30_000)); add(2, 'third');`;
  writeFileSync(join(folder, 'script.mjs'), script);
  const { stdout } = spawnSync('sh', ['-c', `ulimit -f 16; exec '${process.execPath}' '${join(folder, 'script.mjs')}'`], {
    encoding: 'utf8',
  });
  expect(stdout.split('\n')).toEqual([
    'added',
    ...Array(2).fill(`DataError: cannot write ${folder}/out.jsonl: file too large; run the same command again to go on`),
    '',
  ]);
  const journal = openJournal(join(folder, 'out.jsonl'), 'plan');
  expect([[...journal.done], textsOf(join(folder, 'out.jsonl'))]).toEqual([[0], ['first']]);
  journal.close();
});

it('says in one line that no output can be made there', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'file'), '');
  expect(() => openJournal(join(folder, 'file/out.jsonl'), 'plan')).toThrow(/^cannot write .*file\/out\.jsonl: /);
  mkdirSync(join(folder, 'folder'));
  expect(() => openJournal(join(folder, 'folder'), 'plan')).toThrow(DataError);
  renameSync(join(folder, 'file'), join(folder, 'empty.jsonl'));
  openJournal(join(folder, 'empty.jsonl'), 'plan').close();
});

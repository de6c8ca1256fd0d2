/**
 * The examples of README.md and the documents that cost little are run with the checkpoint that ships, and print what is said there.
 * `npm run docs:examples` writes what they print into the documents instead.
 */
import { mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callGlz } from '../call-glz.ts';
import { ROOT } from '../tiny-checkpoint.ts';
import { type CodeLine, codeBlocks, documentText, type ShownCommand, shownCommands } from './markdown.ts';

const WRITES = Boolean(process.env.GLZ_WRITE_EXAMPLES);

/** Scores come out alike on every processor to about this. */
const TOLERANCE = 2e-3;

/** Files of a document's examples: what it shows `cat` print. */
function shownFiles(markdown: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const block of codeBlocks(markdown)) {
    let name: string | undefined;
    for (const { text } of block) {
      if (text.startsWith('$ ')) name = /^\$ cat (\S+)$/.exec(text)?.[1];
      else if (name) files.set(name, `${files.get(name) ?? ''}${text}\n`);
    }
  }
  return files;
}

/** Lines that a document says a command prints: those behind it or, where one line of text says that it prints the next block, that one. */
function expectedLines(markdown: string, { output, line }: ShownCommand): CodeLine[] {
  if (output.length > 0) return output;
  const blocks = codeBlocks(markdown);
  const at = blocks.findIndex((block) => block.some(({ text }) => text === line));
  const between = markdown.split('\n').slice(blocks[at].at(-1)!.at + 1, blocks[at + 1]?.[0].at);
  return /^[^\n]+ prints [^\n]+ like$/.test(between.join('\n').trim()) ? blocks[at + 1] : [];
}

/** An example: a command of a document, and the lines that it is said to print. */
interface Example {
  document: string;
  command: ShownCommand;
  lines: CodeLine[];
}

const isCheap = ({ words: [name, ...rest] }: ShownCommand): boolean =>
  (name === 'predict' && !rest.includes('--checkpoint')) || (name === 'generate' && rest.includes('--dry-run'));

const EXAMPLES: Example[] = ['README.md', 'docs/predict.md', 'docs/generate.md'].flatMap((document) => {
  const markdown = documentText(document);
  return shownCommands(markdown)
    .filter(isCheap)
    .map((command) => ({ document, command, lines: expectedLines(markdown, command) }))
    .filter(({ lines }) => lines.length > 0);
});

/** What a line says, with its scores apart. */
function said(line: string): { words: unknown; scores: number[] } {
  if (!line.startsWith('{')) return { words: line, scores: [] };
  const { scores = [], ...words } = JSON.parse(line) as { scores?: number[] };
  return { words, scores };
}

/** What examples printed, by command. */
const printedBy = new Map<string, string[]>();

/** Runs an example where its files are, once; its output's lines. */
async function run({ document, command }: Example): Promise<string[]> {
  const before = printedBy.get(command.line);
  if (before) return before;
  const folder = mkdtempSync(join(tmpdir(), 'glz-example-'));
  for (const name of ['datasets', 'configs']) symlinkSync(join(ROOT, name), join(folder, name));
  for (const [name, text] of shownFiles(documentText(document))) writeFileSync(join(folder, name), text);
  const { code, stdout, stderr } = await callGlz(command.words, { cwd: folder });
  expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
  const lines = stdout.trimEnd().split('\n');
  const tail = /\| tail -(\d+)/.exec(command.line)?.[1];
  const printed = tail ? lines.slice(-Number(tail)) : lines;
  printedBy.set(command.line, printed);
  return printed;
}

it('there are examples of one text, of several labels, of a file, and without a model', () => {
  const lines = EXAMPLES.map(({ command }) => command.line);
  expect(lines).toEqual(
    expect.arrayContaining([
      expect.stringContaining('datasets/demo/tickets.jsonl'),
      expect.stringContaining('--text'),
      expect.stringContaining('--multi-label'),
      expect.stringContaining('messages.csv'),
      expect.stringContaining('--dry-run'),
    ]),
  );
});

it.each(EXAMPLES.map((example) => [`${example.document}: ${example.command.line}`, example] as const))('%s', async (_, example) => {
  const printed = await run(example);
  // Of a longer output a document may show some lines.
  const isExcerpt = example.lines.length < printed.length;
  const found = example.lines.map(({ text }, at) => {
    const key = (line: string) => (line.startsWith('{') ? (JSON.parse(line) as { text: string }).text : line);
    return isExcerpt ? printed.find((line) => key(line) === key(text)) : printed[at];
  });
  if (WRITES) {
    const document = documentText(example.document).split('\n');
    example.lines.forEach(({ at, text }, index) => {
      document[at] = document[at].slice(0, document[at].length - text.length) + (found[index] ?? text);
    });
    writeFileSync(join(ROOT, example.document), document.join('\n'));
    return;
  }
  example.lines.forEach(({ text }, at) => {
    const [expected, actual] = [said(text), said(found[at] ?? '')];
    expect(actual.words).toEqual(expected.words);
    actual.scores.forEach((score, label) => {
      expect(Math.abs(score - expected.scores[label])).toBeLessThan(TOLERANCE);
    });
  });
});

it('README.md says how many lines its first example prints', async () => {
  const example = EXAMPLES.find(({ document, command }) => document === 'README.md' && command.line.includes('tickets.jsonl'))!;
  expect(documentText('README.md')).toContain('prints twelve lines');
  expect(await run(example)).toHaveLength(12);
});

it('README.md stays within 150 lines', () => {
  expect(documentText('README.md').split('\n').length - 1).toBeLessThanOrEqual(150);
});

/** The documents of the repository, and what tests read out of them: headings, links, code, the glz commands that they show. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ROOT } from '../tiny-checkpoint.ts';

/** Folders whose Markdown people read; the texts of scripts/training-data/written are data. */
const FOLDERS = ['docs', 'checkpoints', 'datasets', 'scripts/training-data', 'scripts/two-towers', 'tests/fixtures', 'bench'];

/** Paths of all documents, from the repository's root. */
export const DOCUMENTS: readonly string[] = [
  ...readdirSync(ROOT),
  ...FOLDERS.filter((folder) => existsSync(join(ROOT, folder))).flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  ),
]
  .filter((name) => name.endsWith('.md') && !name.includes('/written/'))
  .sort();

/** Text of a document. */
export const documentText = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

/** A line of code in a document. */
export interface CodeLine {
  text: string;
  /** Number of the line in the document, from 0. */
  at: number;
}

/** Blocks of code: fenced ones, and paragraphs that four spaces stand before. */
export function codeBlocks(markdown: string): CodeLine[][] {
  const blocks: CodeLine[][] = [];
  let fenced = false;
  let inside = false;
  let before = '';
  markdown.split('\n').forEach((line, at) => {
    const isFence = line.trimStart().startsWith('```');
    const isCode = fenced ? !isFence : /^ {4}/.test(line) && (inside || before.trim() === '');
    if (isCode && !inside) blocks.push([]);
    if (isCode) blocks[blocks.length - 1].push({ text: fenced ? line : line.slice(4), at });
    inside = isCode;
    if (isFence) fenced = !fenced;
    before = line;
  });
  return blocks;
}

/** A document without its blocks of code. */
export function prose(markdown: string): string {
  const code = new Set(codeBlocks(markdown).flatMap((block) => block.map(({ at }) => at)));
  return markdown
    .split('\n')
    .map((line, at) => (code.has(at) ? '' : line))
    .join('\n');
}

/** Code within the text, a command that is broken over two lines in one. */
export const inlineCode = (markdown: string): string[] =>
  [...prose(markdown).matchAll(/`([^`]+)`/g)].map(([, code]) => code.replace(/\s*\n\s*/g, ' '));

/** Anchors of a document's headings, as GitHub makes them. */
export function anchors(markdown: string): Set<string> {
  const all = new Set<string>();
  for (const [, heading] of prose(markdown).matchAll(/^#{1,6} +(.+?) *$/gm)) {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-');
    let name = slug;
    for (let again = 1; all.has(name); again++) name = `${slug}-${again}`;
    all.add(name);
  }
  return all;
}

/** Targets of links and images. */
export const links = (markdown: string): string[] =>
  [
    ...prose(markdown)
      .replace(/`[^`]*`/g, '')
      .matchAll(/\]\(([^)\s]+)\)/g),
  ].map(([, target]) => target);

/** Where a link of a document leads: a path from the repository's root, and an anchor. */
export function linkTarget(document: string, link: string): { path: string; anchor?: string } {
  const [path, anchor] = decodeURIComponent(link).split('#');
  return { path: path ? relative(ROOT, join(ROOT, dirname(document), path)) : document, anchor };
}

/** Words of a line as a shell reads them, up to a comment, a pipe, a redirection or another command; bracketed ones (`[options]`) and dots left out. */
export function shellWords(line: string): string[] {
  const words: string[] = [];
  let depth = 0;
  for (const [word] of line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)) {
    if (/^(#|\||>|&|;)/.test(word)) break;
    if (!/^['"]/.test(word) && word.startsWith('[')) depth++;
    if (depth === 0 && word !== '...') words.push(word.replace(/'([^']*)'|"([^"]*)"/g, '$1$2').replace(/;$/, ''));
    if (depth > 0 && word.endsWith(']')) depth--;
    if (word.endsWith(';')) break;
  }
  return words;
}

/** A command that a document shows. */
export interface ShownCommand {
  /** Words behind `glz`. */
  words: string[];
  /** What it is said to print; empty where the document says nothing. */
  output: CodeLine[];
  /** Text of the line. */
  line: string;
}

const BEFORE_COMMAND = /^(?:\$ )?(?:[A-Z_]+=\S+ |time |npm ci && )*(?:glz|node bin\/glz\.js) /;

/** The glz commands of a document's code, each with the lines behind it up to the next command. */
export function shownCommands(markdown: string): ShownCommand[] {
  const commands: ShownCommand[] = [];
  for (const block of codeBlocks(markdown)) {
    let current: ShownCommand | undefined;
    for (let index = 0; index < block.length; index++) {
      let line = block[index].text;
      const isCommand = BEFORE_COMMAND.test(line);
      while (isCommand && line.endsWith('\\')) line = line.slice(0, -1) + block[++index].text.trim();
      if (isCommand) {
        current = { words: shellWords(line.replace(BEFORE_COMMAND, '')), output: [], line };
        commands.push(current);
      } else if (line.startsWith('$ ')) current = undefined;
      else if (line.trim() !== '') current?.output.push(block[index]);
    }
  }
  return commands;
}

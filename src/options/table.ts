/** Declared options as tables of the docs (docs/options.md, docs/train.md, ...), which scripts/option-tables.mjs writes and a test compares. */
import { expectedOf } from './check.ts';
import type { Declaration, Declarations } from './declaration.ts';
import { flagText } from './names.ts';

/** Rows as a table of Markdown. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Text as code; nothing of nothing. */
export const code = (text: string): string => (text ? `\`${text}\`` : '');

function valuesText(declaration: Declaration): string {
  switch (declaration.type) {
    case 'choice':
      return declaration.choices.map(code).join(', ');
    case 'texts':
      return 'texts';
    default:
      return expectedOf(declaration).replace(/^an? /, '');
  }
}

function defaultText(declaration: Declaration): string {
  if (declaration.required) return 'required';
  if (declaration.defaultText !== undefined) return declaration.defaultText;
  const value = declaration.default;
  return value === undefined || typeof value === 'boolean' || Array.isArray(value) ? '' : code(String(value));
}

const meaning = ({ description, detail }: Declaration): string => (detail ? `${description}; ${detail}` : description);

/** Options of a library call. */
export const optionTable = (declarations: Declarations): string =>
  markdownTable(
    ['option', 'values', 'default', 'meaning'],
    Object.entries(declarations).map(([name, each]) => [code(name), valuesText(each), defaultText(each), meaning(each)]),
  );

/** Flags of a command. */
export const flagTable = (declarations: Declarations): string =>
  markdownTable(
    ['flag', 'values', 'default', 'meaning'],
    Object.entries(declarations).map(([name, each]) => [
      code(flagText(name, each)),
      each.type === 'boolean' ? '' : valuesText(each),
      defaultText(each),
      meaning(each),
    ]),
  );

/** Every glz command of the documents parses: its flags exist and take what they are given, its presets and settings are there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { settingFields } from '../../src/options/settings-table.ts';
import { trainSettingsSchema } from '../../src/train/settings-schema.ts';
import { ROOT } from '../tiny-checkpoint.ts';
import { DOCUMENTS, documentText, inlineCode, shellWords, shownCommands } from './markdown.ts';

/** Flags of every command that main.ts adds. */
const GENERAL = ['--help', '--debug', '--version'];

const names = [...readFileSync(join(ROOT, 'src/cli/main.ts'), 'utf8').matchAll(/import\('\.\/([a-z-]+)\.ts'\)/g)].map(([, name]) => name);
const commands = new Map<string, () => Command>();

beforeAll(async () => {
  for (const name of names) {
    const { command } = (await import(`../../src/cli/${name}.ts`)) as { command(): Command };
    commands.set(name, command);
  }
});

/** Long and short flags of a command. */
const flagsOf = (name: string): string[] =>
  commands.get(name)!()
    .options.flatMap(({ long, short }) => [long, short])
    .filter((flag) => flag !== undefined && flag !== null) as string[];

/** Why a whole command would be refused before it does anything; undefined where it would not. */
function refusal([name, ...words]: string[]): string | undefined {
  if (name === 'help') return words.every((word) => commands.has(word)) ? undefined : 'no such command';
  const command = commands.get(name)?.();
  if (!command) return `no command ${name}`;
  if (words.includes('--help') || words.includes('--help-settings')) return undefined;
  command.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
  try {
    command.action(() => {}).parse(words, { from: 'user' });
  } catch (error) {
    return (error as Error).message;
  }
  const { config, set = [] } = command.opts<{ config?: string; set?: string[] }>();
  if (config && /^[a-z-]+$/.test(config) && !existsSync(join(ROOT, `configs/${name}/${config}.yaml`))) return `no preset ${config}`;
  const fields = settingFields(trainSettingsSchema).map((field) => field.name);
  return set.map((text) => text.split('=')[0]).find((field) => !fields.includes(field));
}

describe('commands in blocks of code', () => {
  const shown = DOCUMENTS.flatMap((name) => shownCommands(documentText(name)).map(({ words, line }) => ({ name, words, line })));

  it('are many, of every kind', () => {
    expect(shown.length).toBeGreaterThan(30);
    expect([...new Set(shown.map(({ words }) => words[0]))].sort()).toEqual(expect.arrayContaining([...names].sort()));
  });

  it('parse', () => {
    const refused = shown.map(({ name, words, line }) => ({ name, line, why: refusal(words) })).filter(({ why }) => why !== undefined);
    expect(refused).toEqual([]);
  });

  it('would be refused with a flag that is none, a value that is none, a preset or a setting that is not there', () => {
    expect(refusal(['predict', '--text', 'a', '--labels', 'b', '--topk', '1'])).toMatch(/unknown option/);
    expect(refusal(['predict', '--text', 'a', '--top-k', 'many'])).toMatch(/top-k/);
    expect(refusal(['train', '--config', 'no-such', '--output', 'x'])).toBe('no preset no-such');
    expect(refusal(['train', '--output', 'x', '--set', 'loss.margins=1'])).toBe('loss.margins');
    expect(refusal(['fly'])).toBe('no command fly');
  });
});

describe('commands and flags within the text', () => {
  const pieces = DOCUMENTS.flatMap((name) => inlineCode(documentText(name)).map((code) => ({ name, code })));

  it('of glz exist', () => {
    const wrong = pieces
      .filter(({ code }) => /^glz [a-z]/.test(code))
      .filter(({ code }) => {
        const [command, ...words] = shellWords(code.slice(4));
        if (command === 'help') return words.some((word) => !commands.has(word));
        if (!commands.has(command)) return true;
        const known = [...flagsOf(command), ...GENERAL];
        return words.some((word) => word.startsWith('--') && !known.includes(word.split('=')[0]));
      });
    expect(wrong).toEqual([]);
  });

  it('that stand alone are of glz, a bench or a script', () => {
    const known = new Set([...names.flatMap(flagsOf), ...GENERAL]);
    for (const folder of ['bench', 'scripts', 'scripts/training-data'])
      for (const name of readdirSync(join(ROOT, folder)).filter((each) => /\.(ts|mjs|py|sh)$/.test(each)))
        for (const [flag] of readFileSync(join(ROOT, folder, name), 'utf8').matchAll(/--[a-z][a-z-]*/g)) known.add(flag);
    for (const [, flag] of readFileSync(join(ROOT, 'bench/train-step.ts'), 'utf8').matchAll(/['"]?([a-z-]+)['"]?: \{ type:/g))
      known.add(`--${flag}`);
    const alone = pieces.filter(({ code }) => /^--[a-z]/.test(code));
    expect(alone.length).toBeGreaterThan(50);
    expect(alone.filter(({ code }) => !known.has(code.split(/[ =]/)[0]))).toEqual([]);
  });
});

it('npm scripts that documents name are there', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  const named = DOCUMENTS.flatMap((name) => [...documentText(name).matchAll(/npm run ([\w:-]+)(?: -- ([a-z-]+))?/g)]);
  expect(named.length).toBeGreaterThan(10);
  expect(named.map(([, script]) => script).filter((script) => !(script in scripts))).toEqual([]);
  const benches = named.filter(([, script, bench]) => script === 'bench' && bench).map(([, , bench]) => bench);
  expect(benches.filter((bench) => !existsSync(join(ROOT, `bench/${bench}.ts`)))).toEqual([]);
});

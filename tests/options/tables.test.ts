import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withTables } from '../../src/cli/option-tables.ts';
import { suiteSchema } from '../../src/eval/sets/suite.ts';
import { generateSettingsSchema } from '../../src/generate/settings.ts';
import { settingFields } from '../../src/options/settings-table.ts';
import { trainSettingsSchema } from '../../src/train/settings-schema.ts';
import { ROOT } from '../tiny-checkpoint.ts';

const documents = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
const textOf = (name: string) => readFileSync(join(ROOT, 'docs', name), 'utf8');

describe('tables of options in the docs', () => {
  it.each(documents)('of %s are what the declarations give (npm run build && node scripts/option-tables.mjs)', (name) => {
    expect(withTables(textOf(name))).toBe(textOf(name));
  });

  it('are there for every command and library call', () => {
    const called = [...textOf('options.md').matchAll(/<!-- table: (.+) -->\n\| /g)].map(([, table]) => table);
    const commands = ['predict', 'merge', 'train', 'eval', 'generate', 'init', 'export', 'tune', 'info', 'serve', 'mcp', 'setup-gpu'].map(
      (name) => `glz ${name}`,
    );
    expect(called).toEqual(['GliZNet.load', 'classify', 'logits', 'train', 'evaluate', 'generate', 'exportCheckpoint', ...commands]);
    expect(documents.filter((name) => textOf(name).includes('<!-- table:'))).toEqual(['eval.md', 'generate.md', 'options.md', 'train.md']);
  });

  it('change with what is written in them', () => {
    const damaged = textOf('options.md').replace('| `topK` | whole number', '| `topK` | number');
    expect(damaged).not.toBe(textOf('options.md'));
    expect(withTables(damaged)).toBe(textOf('options.md'));
    expect(() => withTables('<!-- table: glz fly -->\n')).toThrow(/no table is called "glz fly"/);
  });

  it('say of every field of settings what it is for', () => {
    for (const schema of [trainSettingsSchema, generateSettingsSchema, suiteSchema])
      for (const { name, meaning } of settingFields(schema)) expect([name, meaning.length > 7]).toEqual([name, true]);
  });
});

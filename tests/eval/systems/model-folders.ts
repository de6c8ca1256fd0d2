/** Complete model folders for tests: a fixture's weights with the tokenizer that its golden file names. */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url));

/** Fixtures of models that tell whether one text follows from another, one a family and head. */
export const NLI_FOLDERS = [
  ...['nli-bert', 'nli-distilbert', 'nli-roberta', 'nli-xlm-roberta', 'nli-electra', 'nli-deberta-v2', 'nli-mpnet', 'nli-albert'],
  ...['nli-modernbert-cls', 'nli-modernbert-mean', 'nli-bart'],
];

/** A fixture model made whole in a temporary folder, and what transformers says of it. */
export function modelFolder<Golden extends { tokenizer?: string }>(name: string): { folder: string; golden: Golden } {
  const source = join(fixtures, 'eval', 'models', name);
  const golden = JSON.parse(readFileSync(join(source, 'golden.json'), 'utf8')) as Golden;
  const folder = mkdtempSync(join(tmpdir(), `glz-${name}-`));
  if (golden.tokenizer) {
    const tokenizer = join(fixtures, 'encoders', golden.tokenizer);
    for (const file of readdirSync(tokenizer))
      if (/^(tokenizer|special_tokens_map|vocab|merges|added_tokens)/.test(file)) cpSync(join(tokenizer, file), join(folder, file));
    if (!existsSync(join(folder, 'tokenizer.json'))) throw new Error(`no tokenizer in ${tokenizer}`);
  }
  for (const file of readdirSync(source)) if (file !== 'golden.json') cpSync(join(source, file), join(folder, file), { recursive: true });
  return { folder, golden };
}

/** Largest difference of two lists of equal length. */
export function largestDifference(actual: ArrayLike<number>, expected: readonly number[]): number {
  if (actual.length !== expected.length) throw new Error(`${actual.length} values where ${expected.length} were expected`);
  return expected.reduce((most, value, at) => Math.max(most, Math.abs(value - actual[at])), 0);
}

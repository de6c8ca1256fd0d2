/** Copies of fixture folders with some files left out, and their golden values. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const FIXTURES = fileURLToPath(new URL('../../fixtures', import.meta.url));

/** The nine tokenizers and the hub layout that has only spm.model. */
export const FOLDERS = [
  'bert',
  'distilbert',
  'roberta',
  'xlm-roberta',
  'mpnet',
  'deberta-v3',
  'electra',
  'albert',
  'modernbert',
  'deberta-v3-hub',
];

export interface GoldenTokenizer {
  strings: { text: string; ids: number[]; ids_special: number[] }[];
  pairs: { text: string; pair: string; ids_special: number[]; token_type_ids: number[] }[];
  truncated: { text: string; max_length: number; ids_special: number[] };
}

export interface GoldenBatch {
  name: string;
  input_ids: number[][];
  attention_mask: number[][];
  lmask?: number[][];
}

export interface Golden {
  tokenizer: GoldenTokenizer & { same_as?: string };
  tokenizer_old_form?: { pre_tokenizer: unknown; strings: { text: string; ids_special: number[]; same_as_new: boolean }[] };
  model: { batches: GoldenBatch[] };
}

const read = new Map<string, Golden>();

export function golden(folder: string): Golden {
  const found = read.get(folder) ?? (JSON.parse(readFileSync(join(FIXTURES, 'encoders', folder, 'golden.json'), 'utf8')) as Golden);
  read.set(folder, found);
  return found;
}

/** Golden tokenizer values of a folder, its own or those of the folder it names. */
export function goldenTokenizer(folder: string): GoldenTokenizer {
  const { tokenizer } = golden(folder);
  return tokenizer.same_as ? golden(tokenizer.same_as).tokenizer : tokenizer;
}

const made: string[] = [];

/** A copy of a fixture's tokenizer files (no weights) without those that `leaveOut` matches. */
export function copyWithout(folder: string, leaveOut: RegExp): string {
  const copy = emptyFolder();
  const from = join(FIXTURES, 'encoders', folder);
  for (const name of readdirSync(from))
    if (!/^(model|pytorch_model|golden)/.test(name) && !leaveOut.test(name)) cpSync(join(from, name), join(copy, name));
  return copy;
}

export function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'glz-tokenizer-'));
  made.push(folder);
  return folder;
}

export function removeCopies(): void {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
}

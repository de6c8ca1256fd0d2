import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadTokenizer, type Tokenizer } from '../../../src/text/tokenizer/tokenizer.ts';
import { copyWithout, emptyFolder, FOLDERS, golden, goldenTokenizer, removeCopies } from './golden-folders.ts';

afterAll(removeCopies);

const NOTHING = /^$/;
/** What is left out, and the folders that have enough left. */
const SOURCES: [name: string, leaveOut: RegExp, folders: string[]][] = [
  ['tokenizer.json', NOTHING, FOLDERS.filter((folder) => folder !== 'deberta-v3-hub')],
  ['tokenizer.json alone', /^(?!tokenizer\.json$)/, FOLDERS.filter((folder) => folder !== 'deberta-v3-hub')],
  ['vocabulary and settings', /^tokenizer\.json$/, FOLDERS.filter((folder) => folder !== 'modernbert' && folder !== 'deberta-v3-hub')],
  ['vocabulary and config.json', /^(tokenizer|special_tokens|added_tokens)/, FOLDERS.filter((folder) => folder !== 'modernbert')],
];
const CASES = SOURCES.flatMap(([name, leaveOut, folders]) => folders.map((folder) => [folder, name, leaveOut] as const));

const loaded = new Map<string, Promise<Tokenizer>>();
/** The tokenizer of a case, read once. */
function tokenizerOf(folder: string, name: string, leaveOut: RegExp): Promise<Tokenizer> {
  const key = `${folder} from ${name}`;
  const tokenizer = loaded.get(key) ?? loadTokenizer(copyWithout(folder, leaveOut));
  loaded.set(key, tokenizer);
  return tokenizer;
}

describe('ids of transformers', () => {
  it('covers nine tokenizers and 297 strings', () => {
    const nine = FOLDERS.filter((folder) => folder !== 'deberta-v3-hub');
    expect(nine).toHaveLength(9);
    expect(nine.flatMap((folder) => goldenTokenizer(folder).strings)).toHaveLength(297);
  });

  it.each(CASES)('%s from %s', async (folder, name, leaveOut) => {
    const tokenizer = await tokenizerOf(folder, name, leaveOut);
    const { strings, pairs, truncated } = goldenTokenizer(folder);
    const texts = strings.map(({ text }) => text);
    const exact = await tokenizer.encodeBatch(texts, { exact: true });
    expect(exact.map((ids) => [...ids])).toEqual(strings.map(({ ids }) => ids));
    for (const { text, ids_special } of strings) expect((await tokenizer.encodePair(text, null, { exact: true })).ids).toEqual(ids_special);
    for (const { text, pair, ids_special, token_type_ids } of pairs)
      expect(await tokenizer.encodePair(text, pair, { exact: true })).toEqual({ ids: ids_special, typeIds: token_type_ids });
    const cut = await tokenizer.encodePair(truncated.text, null, { exact: true, maxLength: truncated.max_length });
    expect(cut.ids).toEqual(truncated.ids_special);
  });

  it.each(CASES)('%s from %s: text mode differs only where special tokens are spelled', async (folder, name, leaveOut) => {
    const tokenizer = await tokenizerOf(folder, name, leaveOut);
    const { cls, sep, pad, mask } = tokenizer.special;
    let spelled = 0;
    for (const { text, ids } of goldenTokenizer(folder).strings) {
      const safe = [...(await tokenizer.encode(text))];
      for (const id of [cls, sep, pad, mask!]) expect(safe).not.toContain(id);
      if ([cls, sep, pad, mask!, tokenizer.special.unk!].some((id) => ids.includes(id)) && /\[[A-Z]{3,4}\]|<[/a-z]+>/.test(text)) spelled++;
      else expect(safe).toEqual(ids);
    }
    expect(spelled).toBeGreaterThan(0);
  });

  it('XLM-RoBERTa from the form of older files', async () => {
    const folder = copyWithout('xlm-roberta', NOTHING);
    const { pre_tokenizer, strings } = golden('xlm-roberta').tokenizer_old_form!;
    const path = join(folder, 'tokenizer.json');
    const json = JSON.parse(readFileSync(path, 'utf8'));
    json.normalizer = json.normalizer.normalizers.find((step: { type: string }) => step.type === 'Precompiled');
    json.pre_tokenizer = pre_tokenizer;
    json.decoder = { type: 'Metaspace', replacement: '\u2581', add_prefix_space: true };
    writeFileSync(path, JSON.stringify(json));
    const tokenizer = await loadTokenizer(folder);
    expect(strings.some(({ same_as_new }) => !same_as_new)).toBe(true);
    for (const { text, ids_special } of strings) expect((await tokenizer.encodePair(text, null, { exact: true })).ids).toEqual(ids_special);
  });
});

describe('a saved tokenizer', () => {
  it.each(FOLDERS)('%s: tokenizer.json alone gives the same ids and special tokens', async (folder) => {
    const original = await loadTokenizer(copyWithout(folder, NOTHING));
    for (const files of [['tokenizer.json'], ['tokenizer.json', 'tokenizer_config.json']]) {
      const copy = emptyFolder();
      for (const name of files) writeFileSync(join(copy, name), name === 'tokenizer.json' ? original.json : original.configJson);
      const again = await loadTokenizer(copy);
      expect(again.special).toEqual(original.special);
      expect(again.json).toBe(original.json);
      if (files.length === 2) expect(again.modelMaxLength).toBe(original.modelMaxLength);
      for (const { text, ids } of goldenTokenizer(folder).strings) {
        expect([...(await again.encode(text, { exact: true }))]).toEqual(ids);
        expect(await again.encode(text)).toEqual(await original.encode(text));
      }
    }
  });
});

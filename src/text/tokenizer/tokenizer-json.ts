/**
 * The form of Hugging Face's `tokenizer.json`, as far as glz reads, builds or rewrites it, and the pieces that the builders share. Must not
 * know where a tokenizer comes from or what it is used for.
 */

import { DataError } from '../../base/errors.ts';
import { isObject } from '../../base/is-object.ts';

/** One entry of `added_tokens`. */
export interface AddedToken {
  id: number;
  content: string;
  single_word: boolean;
  lstrip: boolean;
  rstrip: boolean;
  normalized: boolean;
  special: boolean;
}

/** One step of a tokenizer (normalizer, pre-tokenizer, post-processor, decoder); its fields depend on its type. */
export interface Step {
  type: string;
  [field: string]: unknown;
}

/** The model part: WordPiece and BPE have a map from token to id, Unigram a list of [token, score]. */
export interface TokenizerModel {
  type: string;
  vocab: Record<string, number> | [string, number][];
  unk_token?: string | null;
  unk_id?: number | null;
  [field: string]: unknown;
}

/** A whole `tokenizer.json`. */
export interface TokenizerJson {
  version: string;
  truncation: unknown;
  padding: unknown;
  added_tokens: AddedToken[];
  normalizer: Step | null;
  pre_tokenizer: Step | null;
  post_processor: Step | null;
  decoder: Step | null;
  model: TokenizerModel;
}

/** An added token that is special, with the flags that differ from the usual ones. */
export function specialToken(content: string, id: number, flags: Partial<AddedToken> = {}): AddedToken {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true, ...flags };
}

/** The ids of a vocabulary as a lookup; a Unigram's id is the position in its list. */
export function vocabularyLookup(model: TokenizerModel): (token: string) => number | undefined {
  const { vocab } = model;
  if (!Array.isArray(vocab)) return (token) => (Object.hasOwn(vocab, token) ? vocab[token] : undefined);
  const ids = new Map(vocab.map(([token], id) => [token, id]));
  return (token) => ids.get(token);
}

/** How a template lays out special tokens around one and two sequences, for example `[CLS] $A [SEP]`. */
export interface TemplateShape {
  cls: string;
  sep: string;
  /** XLM-R and MPNet put two separators between the sequences. */
  doubleSeparator: boolean;
  /** Token type of the second sequence: 1 for BERT, 0 for XLM-R. */
  secondType: 0 | 1;
}

/** A TemplateProcessing step as transformers writes it. */
export function templateProcessing(shape: TemplateShape, idOf: (token: string) => number): Step {
  const { cls, sep, doubleSeparator, secondType } = shape;
  const special = (id: string, type: number) => ({ SpecialToken: { id, type_id: type } });
  const sequence = (id: string, type: number) => ({ Sequence: { id, type_id: type } });
  const single = [special(cls, 0), sequence('A', 0), special(sep, 0)];
  const between = doubleSeparator ? [special(sep, 0)] : [];
  const pair = [...single, ...between, sequence('B', secondType), special(sep, secondType)];
  const entry = (token: string) => [token, { id: token, ids: [idOf(token)], tokens: [token] }];
  return { type: 'TemplateProcessing', single, pair, special_tokens: Object.fromEntries([cls, sep].map(entry)) };
}

/** Checks the parts of a parsed `tokenizer.json` that glz itself relies on; the native library checks the rest. */
export function checkTokenizerJson(value: unknown, path: string): TokenizerJson {
  const bad = (what: string) => new DataError(`${path}: ${what}: not a tokenizer.json of Hugging Face tokenizers`);
  if (!isObject(value)) throw bad('not a JSON object');
  const { model, added_tokens: added = [] } = value;
  if (!isObject(model)) throw bad('"model" is missing');
  // Files from before 2021 leave the model's type out: it follows from the fields.
  const type = model.type ?? (Array.isArray(model.vocab) ? 'Unigram' : model.merges !== undefined ? 'BPE' : 'WordPiece');
  if (typeof type !== 'string') throw bad('"model.type" is not a string');
  if (typeof model.vocab !== 'object' || model.vocab === null) throw bad('"model.vocab" is missing');
  if (!Array.isArray(added)) throw bad('"added_tokens" is not a list');
  for (const [at, token] of added.entries())
    if (!isObject(token) || typeof token.content !== 'string' || !Number.isSafeInteger(token.id) || (token.id as number) < 0)
      throw bad(`"added_tokens[${at}]" has no content and id`);
  return { version: '1.0', ...value, model: { ...model, type }, added_tokens: added } as unknown as TokenizerJson;
}

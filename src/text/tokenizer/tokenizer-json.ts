/**
 * The form of Hugging Face's `tokenizer.json`, as far as glz reads, builds or rewrites it, and the pieces that the builders share. Must not
 * know where a tokenizer comes from or what it is used for.
 */

import { randomUUID } from 'node:crypto';
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
  // A map of all would take longer than the few look-ups that there are.
  return (token) => {
    const id = vocab.findLastIndex(([piece]) => piece === token);
    return id < 0 ? undefined : id;
  };
}

/** A `tokenizer.json` as text, of whose vocabulary the text is at hand: of 250,000 pieces that is nearly all of it. */
export function tokenizerText(json: TokenizerJson, vocabulary: string): string {
  const place = randomUUID();
  return JSON.stringify({ ...json, model: { ...json.model, vocab: place } }).replace(`"${place}"`, () => vocabulary);
}

/** The text of a vocabulary, made out of that of another one most of whose entries it shares. */
export function vocabularyText(vocab: TokenizerModel['vocab'], other: TokenizerModel['vocab'], ofOther: string): string {
  if (!Array.isArray(vocab) || !Array.isArray(other) || vocab.length !== other.length) return JSON.stringify(vocab);
  // An entry begins with a bracket and a quote, which no string has: where its text is, an entry is; and entries follow each other.
  const parts: string[] = [];
  let end = 0;
  for (let at = 0; at < vocab.length; at++) {
    if (vocab[at] === other[at]) continue;
    const entry = JSON.stringify(other[at]);
    const start = ofOther.indexOf(entry, end);
    parts.push(ofOther.slice(end, start), JSON.stringify(vocab[at]));
    end = start + entry.length;
  }
  return parts.join('') + ofOther.slice(end);
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

/**
 * Checks of a `tokenizer.json` before it reaches the native library, which on some malformed files does not report an error but ends the
 * process: only what is known, by type and field, goes through.
 */
import { DataError } from '../../base/errors.ts';
import { quoted } from '../../base/printable.ts';
import { checkKnownSteps, type Fail, isId } from './step-checks.ts';
import type { AddedToken, TokenizerJson, TokenizerModel } from './tokenizer-json.ts';

/** Prefixes, suffixes and names of tokens are never longer. */
const LONGEST_AFFIX = 256;
/** WordPiece tries each end of a word: BERT's limit is 100. */
const LONGEST_WORD = 10_000;

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  BPE: ['dropout', 'unk_token', 'continuing_subword_prefix', 'end_of_word_suffix', 'fuse_unk', 'byte_fallback', 'ignore_merges', 'merges'],
  WordPiece: ['unk_token', 'continuing_subword_prefix', 'max_input_chars_per_word'],
  WordLevel: ['unk_token'],
  Unigram: ['unk_id', 'byte_fallback'],
};

function checkIds(vocab: Readonly<Record<string, number>>, fail: Fail): void {
  for (const [token, id] of Object.entries(vocab)) if (!isId(id)) throw fail(`the id of the token ${quoted(token)} is not a number`);
}

/** A merge is two tokens whose texts together are one; the library writes them into a buffer as long as the longest token. */
function checkMerges({ merges, vocab, continuing_subword_prefix: prefix }: TokenizerModel, fail: Fail): void {
  if (!Array.isArray(merges)) throw fail('"model.merges" is not a list');
  const start = typeof prefix === 'string' ? prefix : '';
  const has = (token: unknown): token is string => typeof token === 'string' && Object.hasOwn(vocab, token);
  for (const [at, merge] of merges.entries()) {
    const parts: unknown[] = typeof merge === 'string' ? merge.split(' ') : Array.isArray(merge) ? merge : [];
    // Files of old versions begin with the first line of merges.txt.
    if (typeof merge === 'string' && merge.startsWith('#version')) continue;
    const [left, right] = parts;
    if (parts.length !== 2 || !has(left) || !has(right) || !right.startsWith(start) || !has(left + right.slice(start.length)))
      throw fail(`"model.merges[${at}]" is not two tokens that make a third one`);
  }
}

/** An entry of the model that is text, where it is there. */
function checkAffix(model: TokenizerModel, name: string, fail: Fail): void {
  const value = model[name];
  if (value !== undefined && value !== null && (typeof value !== 'string' || value.length > LONGEST_AFFIX))
    throw fail(`"model.${name}" is ${quoted(value)}, expected text`);
}

function checkModel(model: TokenizerModel, fail: Fail): void {
  const { type, vocab } = model;
  const fields = Object.hasOwn(FIELDS, type) ? FIELDS[type]! : undefined;
  if (!fields) throw fail(`"model" is of the unknown type ${quoted(type)}`);
  const unknown = Object.keys(model).find((name) => name !== 'type' && name !== 'vocab' && !fields.includes(name));
  if (unknown !== undefined) throw fail(`"model" has the unknown field ${quoted(unknown)}`);
  if (Array.isArray(vocab) !== (type === 'Unigram')) throw fail(`"model.vocab" is not that of a ${type} model`);
  for (const name of ['unk_token', 'continuing_subword_prefix', 'end_of_word_suffix']) checkAffix(model, name, fail);
  for (const name of ['fuse_unk', 'byte_fallback', 'ignore_merges'])
    if (model[name] !== undefined && model[name] !== null && typeof model[name] !== 'boolean')
      throw fail(`"model.${name}" is ${quoted(model[name])}, expected true or false`);
  if (model.dropout !== undefined && model.dropout !== null && model.dropout !== 0)
    throw fail(`"model.dropout" is ${quoted(model.dropout)}: the same text would get other ids each time; set it to null`);
  if (Array.isArray(vocab)) {
    for (let at = 0; at < vocab.length; at++) {
      const entry: unknown = vocab[at];
      if (!Array.isArray(entry) || entry.length !== 2 || typeof entry[0] !== 'string' || !Number.isFinite(entry[1]))
        throw fail(`vocabulary entry ${at} is not a token with a score`);
    }
    const { unk_id: unknownId } = model;
    if (unknownId !== undefined && unknownId !== null && !(isId(unknownId) && unknownId < vocab.length))
      throw fail(`"model.unk_id" is ${quoted(unknownId)}, which is no entry of the vocabulary`);
    return;
  }
  checkIds(vocab, fail);
  if (type === 'BPE') checkMerges(model, fail);
  if (type === 'WordPiece') {
    const { max_input_chars_per_word: most } = model;
    if (!Number.isSafeInteger(most) || (most as number) < 1 || (most as number) > LONGEST_WORD)
      throw fail(`"model.max_input_chars_per_word" is ${quoted(most)}, expected a whole number from 1 to ${LONGEST_WORD}`);
  }
}

const ADDED_FLAGS = ['single_word', 'lstrip', 'rstrip', 'normalized', 'special'] as const;

function checkAddedToken(token: AddedToken, at: number, fail: Fail): void {
  const { content, id } = token;
  if (content === '' || content.length > LONGEST_AFFIX || !isId(id)) throw fail(`"added_tokens[${at}]" is no token with an id`);
  for (const name of ADDED_FLAGS)
    if (typeof token[name] !== 'boolean') throw fail(`"added_tokens[${at}].${name}" is ${quoted(token[name])}, expected true or false`);
  const unknown = Object.keys(token).find(
    (name) => name !== 'id' && name !== 'content' && !(ADDED_FLAGS as readonly string[]).includes(name),
  );
  if (unknown !== undefined) throw fail(`"added_tokens[${at}]" has the unknown field ${quoted(unknown)}`);
}

const PARTS = ['version', 'truncation', 'padding', 'added_tokens', 'normalizer', 'pre_tokenizer', 'post_processor', 'decoder', 'model'];

/** @throws DataError naming the field when a tokenizer.json has a part that is not known, or not of the kind that it should be. */
export function checkTokenizer(json: TokenizerJson, source: string): void {
  const fail: Fail = (what) => new DataError(`${source}: ${what}: damaged, or not a tokenizer.json that glz knows`);
  const unknown = Object.keys(json).find((name) => !PARTS.includes(name));
  if (unknown !== undefined) throw fail(`it has the unknown part ${quoted(unknown)}`);
  if (json.version !== '1.0') throw fail(`"version" is ${quoted(json.version)}, expected "1.0"`);
  checkKnownSteps({ ...json }, fail);
  checkModel(json.model, fail);
  for (const [at, token] of json.added_tokens.entries()) checkAddedToken(token, at, fail);
}

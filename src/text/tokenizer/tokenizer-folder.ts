/**
 * Finds the tokenizer of a model folder: reads `tokenizer.json`, or builds the same from the vocabulary files that older models have.
 * Knows file names and which family they belong to; the conversions themselves are in wordpiece, byte-level-bpe and sentencepiece.
 */
import { isUtf8 } from 'node:buffer';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError, errorMessage } from '../../base/errors.ts';
import { parseJson } from '../../base/json.ts';
import { byteLevelBpeTokenizer } from './byte-level-bpe.ts';
import { sentencePieceTokenizer } from './sentencepiece.ts';
import { type AddedToken, checkTokenizerJson, specialToken, type TokenizerJson, vocabularyLookup } from './tokenizer-json.ts';
import { wordPieceTokenizer } from './wordpiece.ts';

/** The largest tokenizer file that is read: XLM-R's, with 250,000 tokens, has 17 MB. */
const MAX_BYTES = 256 * 1024 * 1024;

/** A parsed JSON object of a settings file; empty where the file is missing. */
export type Settings = Record<string, unknown>;

/** What a model folder says about its tokenizer. */
export interface TokenizerFolder {
  json: TokenizerJson;
  /** The file that `json` was read or built from, for messages. */
  source: string;
  /** `tokenizer_config.json`. */
  config: Settings;
  /** `special_tokens_map.json`. */
  specialTokensMap: Settings;
  /** `config.json` of the model; a GliZNet checkpoint's `encoder` part. */
  modelConfig: Settings;
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw new DataError(`${path} has ${size} bytes, more than a tokenizer file can have (${MAX_BYTES})`);
    return await readFile(path);
  } catch (error) {
    if (error instanceof DataError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new DataError(`cannot read ${path}: ${errorMessage(error)}`);
  }
}

/** A file as text; undefined where it is missing. */
function decodeText(bytes: Buffer, path: string): string {
  // In a fifth of the time that a TextDecoder which refuses takes.
  if (!isUtf8(bytes)) throw new DataError(`${path} is not UTF-8 text`);
  const text = bytes.toString('utf8');
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

async function readSettings(path: string): Promise<Settings> {
  const bytes = await readIfThere(path);
  if (!bytes) return {};
  const value = parseJson(decodeText(bytes, path), path);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new DataError(`${path} is not a JSON object`);
  return value as Settings;
}

/** A token of a settings file, written as a string or as `{"content": ...}`. */
export function tokenName(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  const content = (value as { content?: unknown } | null | undefined)?.content;
  return typeof content === 'string' ? content : undefined;
}

/**
 * Added tokens that the settings name replace or extend those that the family has by itself:
 * `added_tokens_decoder` of tokenizer_config.json (exact flags), else `added_tokens.json` (names and ids only).
 */
function withListedTokens(json: TokenizerJson, config: Settings, addedTokens: Settings, folder: string): TokenizerJson {
  const byContent = new Map(json.added_tokens.map((token) => [token.content, token]));
  const decoder = config.added_tokens_decoder;
  if (typeof decoder === 'object' && decoder !== null) {
    for (const [key, value] of Object.entries(decoder)) {
      const content = tokenName(value);
      const id = Number(key);
      if (content === undefined || !Number.isSafeInteger(id) || id < 0)
        throw new DataError(`${join(folder, 'tokenizer_config.json')}: added_tokens_decoder["${key}"] is not a token with an id`);
      const { lstrip, rstrip, single_word, normalized, special } = value as Partial<AddedToken>;
      byContent.set(content, {
        id,
        content,
        single_word: single_word === true,
        lstrip: lstrip === true,
        rstrip: rstrip === true,
        normalized: normalized === true,
        special: special === true,
      });
    }
  } else {
    for (const [content, id] of Object.entries(addedTokens)) {
      if (!Number.isSafeInteger(id) || (id as number) < 0)
        throw new DataError(`${join(folder, 'added_tokens.json')}: the id of "${content}" is not a number`);
      if (!byContent.has(content)) byContent.set(content, specialToken(content, id as number, { special: false, normalized: true }));
    }
  }
  return { ...json, added_tokens: [...byContent.values()].sort((a, b) => a.id - b.id) };
}

async function buildFromVocabulary(
  folder: string,
  config: Settings,
  modelConfig: Settings,
): Promise<{ json: TokenizerJson; source: string }> {
  const family = String(modelConfig.model_type ?? config.tokenizer_class ?? '').toLowerCase();
  for (const name of ['spm.model', 'spiece.model', 'sentencepiece.bpe.model']) {
    const source = join(folder, name);
    const bytes = await readIfThere(source);
    if (bytes) return { json: sentencePieceTokenizer(bytes, { source, fileName: name, family, config }), source };
  }
  const wordPiece = join(folder, 'vocab.txt');
  const lines = await readIfThere(wordPiece);
  if (lines) return { json: wordPieceTokenizer(decodeText(lines, wordPiece), { source: wordPiece, family, config }), source: wordPiece };
  const source = join(folder, 'vocab.json');
  const mergesPath = join(folder, 'merges.txt');
  const [vocabulary, merges] = await Promise.all([readIfThere(source), readIfThere(mergesPath)]);
  if (vocabulary && merges) {
    const vocab = parseJson(decodeText(vocabulary, source), source);
    return { json: byteLevelBpeTokenizer(vocab, decodeText(merges, mergesPath), { source, mergesPath, family, config }), source };
  }
  throw new DataError(
    `${folder} has no tokenizer: none of tokenizer.json, vocab.txt, vocab.json with merges.txt, spm.model, spiece.model, sentencepiece.bpe.model`,
  );
}

/**
 * Reads or builds the tokenizer of a model folder.
 * @throws DataError when there is none or a file of it is malformed.
 */
export async function readTokenizerFolder(folder: string): Promise<TokenizerFolder> {
  const [config, specialTokensMap, addedTokens, rawConfig] = await Promise.all(
    ['tokenizer_config.json', 'special_tokens_map.json', 'added_tokens.json', 'config.json'].map((name) =>
      readSettings(join(folder, name)),
    ),
  );
  const encoder = rawConfig!.encoder;
  const modelConfig = typeof encoder === 'object' && encoder !== null ? (encoder as Settings) : rawConfig!;
  const path = join(folder, 'tokenizer.json');
  const bytes = await readIfThere(path);
  const common = { config: config!, specialTokensMap: specialTokensMap!, modelConfig };
  if (bytes) return { json: checkTokenizerJson(parseJson(decodeText(bytes, path), path), path), source: path, ...common };
  const built = await buildFromVocabulary(folder, config!, modelConfig);
  return { json: withListedTokens(built.json, config!, addedTokens!, folder), source: built.source, ...common };
}

/** The id of a token in a `tokenizer.json`: its added tokens first, then the model's vocabulary. */
export function tokenLookup(json: TokenizerJson): (token: string) => number | undefined {
  const inVocabulary = vocabularyLookup(json.model);
  const added = new Map(json.added_tokens.map((token) => [token.content, token.id]));
  return (token) => added.get(token) ?? inVocabulary(token);
}

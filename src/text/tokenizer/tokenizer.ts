/**
 * The tokenizer of a model folder, on the native library `tokenizers` (Hugging Face's own).
 *
 * Two modes. *Text mode* (the default) is for what users write: `[SEP]` or `<mask>` in it is text like any other and never becomes a
 * special token, so a text cannot pretend to be the end of the text or another label. *Exact mode* gives the ids of transformers, where
 * such strings do become special tokens. For all other strings both give the same.
 *
 * Never truncates or pads by itself, whatever tokenizer.json says. Knows no model.
 */
import { DataError, errorMessage } from '../../base/errors.ts';
import { type EncodedPair, encodedPair, type PairOptions } from './encoded-pair.ts';
import { type EncodeTexts, encodedRows, IDS, PLACED, type PlacedTokens, type RowKind } from './encoded-rows.ts';
import { createModes } from './native-modes.ts';
import { findSpecialTokens, type SpecialIds, type SpecialNames } from './special-tokens.ts';
import { checkTokenizer } from './tokenizer-checks.ts';
import { readTokenizerFolder, type Settings } from './tokenizer-folder.ts';
import { type Step, type TokenizerJson, tokenizerText } from './tokenizer-json.ts';

/** How to encode. */
export interface EncodeOptions {
  /** transformers' ids: special tokens written in the text become special tokens. For parity with it, not for users' text. */
  exact?: boolean;
  /**
   * At least this many tokens are wanted (all if there are fewer). The rest of a long text may be left unread, so that a text of 10 MB
   * costs no more than its beginning. Each returned token is the one that the whole text would give; there are fewer than wanted only if
   * the text has fewer in its first million characters.
   */
  atLeast?: number;
}

/** Text to ids. All calls run off the main thread and may overlap. */
export interface Tokenizer {
  readonly special: SpecialIds;
  /** Number of ids, special tokens included; a model's embedding table may be larger. */
  readonly vocabularySize: number;
  /** Longest sequence the model was made for, special tokens included. */
  readonly modelMaxLength: number;
  /** Byte-level BPE: a word's ids depend on the space in front of it. */
  readonly byteLevel: boolean;
  /** tokenizer.json without truncation and padding; it alone loads to the same tokenizer. */
  readonly json: string;
  /** tokenizer_config.json to go with it, so that other libraries find the special tokens as well. */
  readonly configJson: string;
  /** The id of a token by its text, special and added tokens included. */
  tokenId(token: string): number | undefined;
  /** Whether ids of a text say anything of it: not all stand for what the vocabulary does not have, or for a space. */
  isReadable(ids: Int32Array): boolean;
  /** Ids without special tokens. @throws DataError when the tokenizer cannot encode. */
  encode(text: string, options?: EncodeOptions): Promise<Int32Array>;
  /** Ids of many texts, without special tokens, on all cores. @throws DataError when the tokenizer cannot encode. */
  encodeBatch(texts: readonly string[], options?: EncodeOptions): Promise<Int32Array[]>;
  /** The same with the place of each token in its text. @throws as encodeBatch */
  placeBatch(texts: readonly string[], options?: EncodeOptions): Promise<PlacedTokens[]>;
  /**
   * One text or a pair with special tokens, cut to `maxLength` from the end of the longer one (transformers' `longest_first`), or, with
   * `keepPair`, from the end of the first as long as it has tokens (`only_first`).
   * @throws DataError when the tokenizer cannot encode.
   */
  encodePair(text: string, pair?: string | null, options?: PairOptions & { exact?: boolean }): Promise<EncodedPair>;
}

/** True where a step, or one inside it, works on bytes. */
function hasByteLevel(step: Step | null): boolean {
  if (!step) return false;
  const inner = (step.pretokenizers ?? step.normalizers ?? []) as Step[];
  return step.type === 'ByteLevel' || inner.some(hasByteLevel);
}

/** transformers writes 1e30 where a tokenizer has no limit; then the model's positions are the limit. */
function maxLength(config: Settings, modelConfig: Settings): number {
  const limits: number[] = [];
  if (typeof config.model_max_length === 'number') limits.push(config.model_max_length);
  const positions = modelConfig.max_position_embeddings;
  // RoBERTa and MPNet count positions from the padding id + 1, so two of the rows are never used.
  const offset = /^(xlm-)?roberta|^mpnet|^camembert/.test(String(modelConfig.model_type)) ? 2 : 0;
  if (typeof positions === 'number') limits.push(positions - offset);
  const limit = Math.min(...limits.filter((value) => value >= 1));
  return Number.isFinite(limit) && limit < 1e9 ? Math.floor(limit) : 512;
}

/** tokenizer_config.json, so that other libraries find the special tokens as well. */
function configText(names: SpecialNames, limit: number): string {
  const config = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    model_max_length: limit,
    cls_token: names.cls,
    sep_token: names.sep,
    pad_token: names.pad,
    ...(names.unk === undefined ? {} : { unk_token: names.unk }),
    ...(names.mask === undefined ? {} : { mask_token: names.mask }),
    clean_up_tokenization_spaces: false,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** Keeps the native tokenizers and encodes with them. */
function createTokenizer(json: TokenizerJson, source: string, special: SpecialIds, names: SpecialNames, limit: number): Tokenizer {
  const plain: TokenizerJson = { ...json, truncation: null, padding: null };
  // Kept as text: parsed, a vocabulary of 250,000 tokens takes ten times the memory.
  const vocabulary = JSON.stringify(plain.model.vocab);
  const plainText = tokenizerText(plain, vocabulary);
  const { native, tokenId } = createModes(plain, plainText, vocabulary, source, special, names);
  const failed = (error: unknown) => new DataError(`${source}: the tokenizer cannot encode a text: ${errorMessage(error)}`);

  function encodeRows<Row>(texts: readonly string[], { exact, atLeast }: EncodeOptions, rows: RowKind<Row>): Promise<Row[]> {
    const encode: EncodeTexts = async (some) => {
      try {
        return await native(exact).encodeBatch(some, { addSpecialTokens: false });
      } catch (error) {
        throw failed(error);
      }
    };
    return encodedRows(encode, texts, atLeast, rows);
  }

  const encodeBatch = (texts: readonly string[], options: EncodeOptions = {}) => encodeRows(texts, options, IDS);
  // SentencePiece puts a space in front of every text.
  const empty = new Set([special.unk, tokenId('\u2581')]);

  return {
    special,
    vocabularySize: native().getVocabSize(true),
    modelMaxLength: limit,
    byteLevel: hasByteLevel(plain.pre_tokenizer) || hasByteLevel(plain.normalizer),
    json: plainText,
    configJson: configText(names, limit),
    tokenId,
    isReadable: (ids) => ids.some((id) => !empty.has(id)),
    encode: async (text, options) => (await encodeBatch([text], options))[0]!,
    encodeBatch,
    placeBatch: (texts, options = {}) => encodeRows(texts, options, PLACED),
    async encodePair(text, pair, { exact, ...options } = {}) {
      const tokenizer = native(exact);
      try {
        return await encodedPair(tokenizer, text, pair, options);
      } catch (error) {
        throw failed(error);
      }
    },
  };
}

/**
 * Loads the tokenizer of a model folder: `tokenizer.json`, or built from `vocab.txt`, `vocab.json` + `merges.txt`, or a SentencePiece model.
 * @throws DataError naming the file when it is missing, malformed, or lacks a special token.
 */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  const found = await readTokenizerFolder(folder);
  checkTokenizer(found.json, found.source);
  const { ids, names } = findSpecialTokens(found);
  return createTokenizer(found.json, found.source, ids, names, maxLength(found.config, found.modelConfig));
}

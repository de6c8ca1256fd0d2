/**
 * The tokenizer of a model folder, on the native library `tokenizers` (Hugging Face's own).
 *
 * Two modes. *Text mode* (the default) is for what users write: `[SEP]` or `<mask>` in it is text like any other and never becomes a
 * special token, so a text cannot pretend to be the end of the text or another label. *Exact mode* gives the ids of transformers, where
 * such strings do become special tokens. For all other strings both give the same.
 *
 * Never truncates or pads by itself, whatever tokenizer.json says. Knows no model.
 */
import { type Encoding, Tokenizer as NativeTokenizer } from 'tokenizers';
import { DataError, errorMessage } from '../../base/errors.ts';
import { findSpecialTokens, type SpecialIds, type SpecialNames, withoutSpecialTokensInText } from './special-tokens.ts';
import { checkTokenizer } from './tokenizer-checks.ts';
import { readTokenizerFolder, type Settings } from './tokenizer-folder.ts';
import type { AddedToken, Step, TokenizerJson } from './tokenizer-json.ts';

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

/** One or two sequences with their special tokens, as a cross-encoder reads them. */
export interface EncodedPair {
  ids: number[]; // [T]
  typeIds: number[]; // [T]
}

/** Tokens of a text and the characters that each was made of. */
export interface PlacedTokens {
  /** Ids without special tokens. [T] */
  ids: Int32Array;
  /**
   * Token k is made of the UTF-16 units starts[k] .. ends[k] of the text as it was given, before lowercasing and the like: with the space in front
   * of it in some vocabularies, of nothing at all where a vocabulary adds one; several tokens may be parts of one character. [T], [T]
   */
  starts: Int32Array;
  ends: Int32Array;
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
  encodePair(
    text: string,
    pair?: string | null,
    options?: { maxLength?: number; keepPair?: boolean; exact?: boolean },
  ): Promise<EncodedPair>;
}

/** What is read of a text first, in UTF-16 units for each wanted token; English has about 4.5. */
const UNITS_PER_TOKEN = 8;
/** A word of WordPiece has at most 100 tokens: what the end of a prefix that cuts a word can spoil. */
const SPOILED_TOKENS = 128;
/** No more than this of a text is looked at to find the wanted tokens: a million letters without a space are no text. */
const MOST_UNITS = 1 << 20;
/** No tokenizer call is made for more than this many texts at once: the native results are large. */
const CALL_SIZE = 256;

function nativeTokenizer(text: string, addedTokens: readonly AddedToken[], source: string): NativeTokenizer {
  let tokenizer: NativeTokenizer;
  try {
    tokenizer = NativeTokenizer.fromString(text);
  } catch (error) {
    throw new DataError(`${source}: the tokenizer cannot be built: ${errorMessage(error)}`);
  }
  const normalizer = tokenizer.getNormalizer();
  for (const { content, id, normalized } of addedTokens) {
    // The library numbers added tokens anew where the file leaves gaps, without a word.
    if (tokenizer.tokenToId(content) !== id)
      throw new DataError(`${source}: the added token with id ${id} does not follow those before it`);
    // And it ends the process on a token of which normalization leaves nothing.
    if (normalized && normalizer?.normalizeString(content) === '') throw new DataError(`${source}: the added token ${id} is empty`);
  }
  return tokenizer;
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

/**
 * The beginning of a text, at most `units` UTF-16 units: up to the start of a run of white space, where every tokenizer here starts anew;
 * without white space in its second half, between two code points.
 */
export function textPrefix(text: string, units: number): string {
  if (text.length <= units) return text;
  const isSpace = (at: number) => ' \t\n\r'.includes(text[at]!);
  let end = units;
  while (end > units / 2 && !isSpace(end)) end--;
  if (end > units / 2) {
    while (end > 0 && isSpace(end - 1)) end--;
    return text.slice(0, end);
  }
  const code = text.charCodeAt(units);
  const insidePair = code >= 0xdc00 && code <= 0xdfff;
  return text.slice(0, insidePair ? units - 1 : units);
}

/** The tokens of an encoding, with their places, which the library counts in code points. */
function placedTokens(text: string, encoding: Encoding): PlacedTokens {
  const ids = Int32Array.from(encoding.getIds());
  const [starts, ends] = [new Int32Array(ids.length), new Int32Array(ids.length)];
  const units = [0];
  for (const character of text) units.push(units[units.length - 1] + character.length);
  for (const [at, [start, end]] of encoding.getOffsets().entries()) {
    starts[at] = units[start];
    ends[at] = units[end];
  }
  return { ids, starts, ends };
}

/** What is kept of encodings. */
interface RowKind<Row> {
  of(text: string, encoding: Encoding): Row;
  lengthOf(row: Row): number;
  /** The first `count` tokens. */
  first(row: Row, count: number): Row;
}

const IDS: RowKind<Int32Array> = {
  of: (_, encoding) => Int32Array.from(encoding.getIds()),
  lengthOf: ({ length }) => length,
  first: (ids, count) => ids.slice(0, count),
};

const PLACED: RowKind<PlacedTokens> = {
  of: placedTokens,
  lengthOf: ({ ids }) => ids.length,
  first: ({ ids, starts, ends }, count) => ({
    ...{ ids: ids.slice(0, count), starts: starts.slice(0, count), ends: ends.slice(0, count) },
  }),
};

/** Keeps the native tokenizers and encodes with them. */
function createTokenizer(json: TokenizerJson, source: string, special: SpecialIds, names: SpecialNames, limit: number): Tokenizer {
  const plain: TokenizerJson = { ...json, truncation: null, padding: null };
  // Kept as text: parsed, a vocabulary of 250,000 tokens takes ten times the memory.
  const plainText = JSON.stringify(plain);
  const { added_tokens: addedTokens } = plain;
  const namedIds = new Map(addedTokens.map(({ content, id }) => [content, id]));
  const specialNames: string[] = [];
  for (const role of ['cls', 'sep', 'pad', 'unk', 'mask'] as const) {
    const name = names[role];
    if (name === undefined) continue;
    specialNames.push(name);
    namedIds.set(name, special[role]!);
  }
  const safe = withoutSpecialTokensInText(plain, specialNames);
  // Ids are never turned back into text.
  const textMode = nativeTokenizer(JSON.stringify({ ...safe, decoder: null }), safe.added_tokens, source);
  // Needed for parity only, and as large as the first: made when first asked for.
  let exactMode: NativeTokenizer | undefined;
  const native = (exact: boolean | undefined): NativeTokenizer => {
    if (!exact) return textMode;
    exactMode ??= nativeTokenizer(JSON.stringify({ ...JSON.parse(plainText), decoder: null }), addedTokens, source);
    return exactMode;
  };
  const failed = (error: unknown) => new DataError(`${source}: the tokenizer cannot encode a text: ${errorMessage(error)}`);

  async function encodeWhole<Row>(texts: readonly string[], exact: boolean | undefined, rows: RowKind<Row>): Promise<Row[]> {
    const found: Row[] = [];
    for (let at = 0; at < texts.length; at += CALL_SIZE) {
      let encodings: Encoding[];
      try {
        encodings = await native(exact).encodeBatch(texts.slice(at, at + CALL_SIZE), { addSpecialTokens: false });
      } catch (error) {
        throw failed(error);
      }
      for (const [k, encoding] of encodings.entries()) found.push(rows.of(texts[at + k]!, encoding));
    }
    return found;
  }

  async function encodeRows<Row>(texts: readonly string[], { exact, atLeast }: EncodeOptions, rows: RowKind<Row>): Promise<Row[]> {
    if (atLeast === undefined) return encodeWhole(texts, exact, rows);
    const found: Row[] = [];
    // Texts whose beginning has fewer tokens than wanted (much white space, long words) are read on, four times as far each time.
    let waiting = texts.map((_, at) => at);
    for (let units = atLeast * UNITS_PER_TOKEN + 1024; waiting.length > 0; units = Math.min(4 * units, MOST_UNITS)) {
      const prefixes = waiting.map((at) => textPrefix(texts[at]!, units));
      const encoded = await encodeWhole(prefixes, exact, rows);
      const readOn: number[] = [];
      for (const [k, at] of waiting.entries()) {
        const row = encoded[k]!;
        const whole = prefixes[k]!.length === texts[at]!.length;
        const length = rows.lengthOf(row);
        if (!whole && length < atLeast + SPOILED_TOKENS && units < MOST_UNITS) readOn.push(at);
        // The end of a prefix is not what the whole text would give there.
        else found[at] = whole ? row : rows.first(row, Math.max(atLeast, length - SPOILED_TOKENS));
      }
      waiting = readOn;
    }
    return found;
  }

  const encodeBatch = (texts: readonly string[], options: EncodeOptions = {}) => encodeRows(texts, options, IDS);

  /** An encoding of a text, or of its beginning with at least `atLeast` of its tokens: what is cut anyway is not read. */
  async function beginning(tokenizer: NativeTokenizer, text: string, atLeast = MOST_UNITS): Promise<Encoding> {
    for (let units = Math.min(atLeast * UNITS_PER_TOKEN + 1024, MOST_UNITS); ; units = Math.min(4 * units, MOST_UNITS)) {
      const prefix = textPrefix(text, units);
      const encoding = await tokenizer.encode(prefix, null, { addSpecialTokens: false });
      if (prefix.length === text.length) return encoding;
      const length = encoding.getLength();
      if (length < atLeast + SPOILED_TOKENS && units < MOST_UNITS) continue;
      encoding.truncate(Math.max(atLeast, length - SPOILED_TOKENS), 0, 'right');
      return encoding;
    }
  }

  async function encodePair(
    text: string,
    pair?: string | null,
    options: { maxLength?: number; keepPair?: boolean; exact?: boolean } = {},
  ): Promise<EncodedPair> {
    const tokenizer = native(options.exact);
    try {
      const first = await beginning(tokenizer, text, options.maxLength);
      // transformers takes an empty second text as none.
      const second = pair ? await beginning(tokenizer, pair, options.maxLength) : null;
      if (options.maxLength !== undefined) {
        const empty = await tokenizer.encode('', second ? '' : null, { addSpecialTokens: true });
        let excess = first.getLength() + (second?.getLength() ?? 0) - Math.max(0, options.maxLength - empty.getLength());
        let [a, b] = [first.getLength(), second?.getLength() ?? 0];
        for (; excess > 0 && a + b > 0; excess--) a > (options.keepPair ? 0 : b) ? a-- : b--;
        first.truncate(a, 0, 'right');
        second?.truncate(b, 0, 'right');
      }
      const whole = tokenizer.postProcess(first, second, true);
      return { ids: whole.getIds(), typeIds: whole.getTypeIds() };
    } catch (error) {
      throw failed(error);
    }
  }

  const tokenId = (token: string) => namedIds.get(token) ?? textMode.tokenToId(token) ?? undefined;
  // SentencePiece puts a space in front of every text.
  const empty = new Set([special.unk, tokenId('\u2581')]);

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
  return {
    special,
    vocabularySize: textMode.getVocabSize(true),
    modelMaxLength: limit,
    byteLevel: hasByteLevel(plain.pre_tokenizer) || hasByteLevel(plain.normalizer),
    json: plainText,
    configJson: `${JSON.stringify(config, null, 2)}\n`,
    tokenId,
    isReadable: (ids) => ids.some((id) => !empty.has(id)),
    encode: async (text, options) => (await encodeBatch([text], options))[0]!,
    encodeBatch,
    placeBatch: (texts, options = {}) => encodeRows(texts, options, PLACED),
    encodePair,
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

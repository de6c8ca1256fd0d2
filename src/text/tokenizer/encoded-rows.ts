/** Tokens of many texts, or of their beginnings, with their places in the text where those are wanted. */
import type { Encoding } from 'tokenizers';
import { firstUnits, MOST_UNITS, moreUnits, SPOILED_TOKENS, textPrefix } from './text-beginning.ts';

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

/** No tokenizer call is made for more than this many texts at once: the native results are large. */
const CALL_SIZE = 256;

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
export interface RowKind<Row> {
  of(text: string, encoding: Encoding): Row;
  lengthOf(row: Row): number;
  /** The first `count` tokens. */
  first(row: Row, count: number): Row;
}

/** Ids alone. */
export const IDS: RowKind<Int32Array> = {
  of: (_, encoding) => Int32Array.from(encoding.getIds()),
  lengthOf: ({ length }) => length,
  first: (ids, count) => ids.slice(0, count),
};

/** Ids with their places. */
export const PLACED: RowKind<PlacedTokens> = {
  of: placedTokens,
  lengthOf: ({ ids }) => ids.length,
  first: ({ ids, starts, ends }, count) => ({
    ...{ ids: ids.slice(0, count), starts: starts.slice(0, count), ends: ends.slice(0, count) },
  }),
};

/** Encodes texts without special tokens. */
export type EncodeTexts = (texts: string[]) => Promise<Encoding[]>;

async function wholeRows<Row>(encode: EncodeTexts, texts: readonly string[], rows: RowKind<Row>): Promise<Row[]> {
  const found: Row[] = [];
  for (let at = 0; at < texts.length; at += CALL_SIZE) {
    const encodings = await encode(texts.slice(at, at + CALL_SIZE));
    for (const [k, encoding] of encodings.entries()) found.push(rows.of(texts[at + k]!, encoding));
  }
  return found;
}

/**
 * Rows of texts, in order.
 * @param atLeast so many tokens of each are wanted, all if there are fewer; undefined: all
 * @throws as `encode`
 */
export async function encodedRows<Row>(
  encode: EncodeTexts,
  texts: readonly string[],
  atLeast: number | undefined,
  rows: RowKind<Row>,
): Promise<Row[]> {
  if (atLeast === undefined) return wholeRows(encode, texts, rows);
  const found: Row[] = [];
  let waiting = texts.map((_, at) => at);
  for (let units = firstUnits(atLeast); waiting.length > 0; units = moreUnits(units)) {
    const prefixes = waiting.map((at) => textPrefix(texts[at]!, units));
    const encoded = await wholeRows(encode, prefixes, rows);
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

/** One text or a pair with special tokens, cut as transformers cuts it. */
import type { Encoding, Tokenizer as NativeTokenizer } from 'tokenizers';
import { firstUnits, MOST_UNITS, moreUnits, SPOILED_TOKENS, textPrefix } from './text-beginning.ts';

/** One or two sequences with their special tokens, as a cross-encoder reads them. */
export interface EncodedPair {
  ids: number[]; // [T]
  typeIds: number[]; // [T]
}

/** How a pair is cut. */
export interface PairOptions {
  /** Tokens at most, special ones included; all unless given. */
  maxLength?: number;
  /** Whether the first text is cut as long as it has tokens; the longer one unless given. */
  keepPair?: boolean;
}

/** An encoding of a text, or of its beginning with at least `atLeast` of its tokens: what is cut anyway is not read. */
async function beginning(tokenizer: NativeTokenizer, text: string, atLeast = MOST_UNITS): Promise<Encoding> {
  for (let units = Math.min(firstUnits(atLeast), MOST_UNITS); ; units = moreUnits(units)) {
    const prefix = textPrefix(text, units);
    const encoding = await tokenizer.encode(prefix, null, { addSpecialTokens: false });
    if (prefix.length === text.length) return encoding;
    const length = encoding.getLength();
    if (length < atLeast + SPOILED_TOKENS && units < MOST_UNITS) continue;
    encoding.truncate(Math.max(atLeast, length - SPOILED_TOKENS), 0, 'right');
    return encoding;
  }
}

/** Encodes a text, or a pair of texts. @throws what the tokenizer does */
export async function encodedPair(
  tokenizer: NativeTokenizer,
  text: string,
  pair: string | null | undefined,
  { maxLength, keepPair }: PairOptions,
): Promise<EncodedPair> {
  const first = await beginning(tokenizer, text, maxLength);
  // transformers takes an empty second text as none.
  const second = pair ? await beginning(tokenizer, pair, maxLength) : null;
  if (maxLength !== undefined) {
    const empty = await tokenizer.encode('', second ? '' : null, { addSpecialTokens: true });
    let excess = first.getLength() + (second?.getLength() ?? 0) - Math.max(0, maxLength - empty.getLength());
    let [a, b] = [first.getLength(), second?.getLength() ?? 0];
    for (; excess > 0 && a + b > 0; excess--) a > (keepPair ? 0 : b) ? a-- : b--;
    first.truncate(a, 0, 'right');
    second?.truncate(b, 0, 'right');
  }
  const whole = tokenizer.postProcess(first, second, true);
  return { ids: whole.getIds(), typeIds: whole.getTypeIds() };
}

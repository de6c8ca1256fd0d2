/** The native tokenizers of a file: one for users' text, in which no special token can be written, and one with the ids of transformers. */
import { Tokenizer as NativeTokenizer } from 'tokenizers';
import { DataError, errorMessage } from '../../base/errors.ts';
import { type SpecialIds, type SpecialNames, withoutSpecialTokensInText } from './special-tokens.ts';
import { type AddedToken, type TokenizerJson, tokenizerText, vocabularyText } from './tokenizer-json.ts';

/** Both modes. */
export interface NativeModes {
  /** The tokenizer of users' text, or, with `exact`, transformers'. @throws DataError where that cannot be built */
  native(exact?: boolean): NativeTokenizer;
  /** The id of a token by its text, special and added tokens included. */
  tokenId(token: string): number | undefined;
}

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

/**
 * Makes the modes.
 * @param plain without truncation and padding; not kept
 * @param plainText the same as text
 * @param plainVocabulary the text of its vocabulary
 * @throws DataError, which names `source`, where the tokenizer of users' text cannot be built
 */
export function createModes(
  plain: TokenizerJson,
  plainText: string,
  plainVocabulary: string,
  source: string,
  special: SpecialIds,
  names: SpecialNames,
): NativeModes {
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
  const vocabulary = vocabularyText(safe.model.vocab, plain.model.vocab, plainVocabulary);
  const textMode = nativeTokenizer(tokenizerText({ ...safe, decoder: null }, vocabulary), safe.added_tokens, source);
  // Needed for parity only, and as large as the first: made when first asked for.
  let exactMode: NativeTokenizer | undefined;
  return {
    native(exact) {
      if (!exact) return textMode;
      exactMode ??= nativeTokenizer(JSON.stringify({ ...JSON.parse(plainText), decoder: null }), addedTokens, source);
      return exactMode;
    },
    tokenId: (token) => namedIds.get(token) ?? textMode.tokenToId(token) ?? undefined,
  };
}

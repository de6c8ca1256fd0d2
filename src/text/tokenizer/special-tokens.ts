/** Special tokens: which ones a tokenizer has, and the form of a tokenizer in which text cannot produce them. */
import { randomUUID } from 'node:crypto';
import { DataError } from '../../base/errors.ts';
import { type TokenizerFolder, tokenLookup, tokenName } from './tokenizer-folder.ts';
import type { Step, TokenizerJson } from './tokenizer-json.ts';

/** Ids of the special tokens; `unk` and `mask` where the model has them. */
export interface SpecialIds {
  cls: number;
  sep: number;
  pad: number;
  unk: number | undefined;
  mask: number | undefined;
}

/** Their texts, as tokenizer_config.json has them. */
export interface SpecialNames {
  cls: string;
  sep: string;
  pad: string;
  unk: string | undefined;
  mask: string | undefined;
}

type Role = keyof SpecialIds;

/** Names that models use, likeliest first within a style; the style that fits the model's own [CLS] goes first. */
const USUAL: Record<Role, [bert: string[], roberta: string[]]> = {
  cls: [['[CLS]'], ['<s>']],
  sep: [['[SEP]'], ['</s>']],
  pad: [['[PAD]'], ['<pad>', '<|padding|>', '<|endoftext|>']],
  unk: [['[UNK]'], ['<unk>']],
  mask: [['[MASK]'], ['<mask>']],
};

/** The tokens that a post-processor puts before and after a single sequence. */
function postProcessorTokens(step: Step | null): { cls?: string; sep?: string } {
  if (!step) return {};
  if (Array.isArray(step.processors)) {
    for (const inner of step.processors as Step[]) {
      const found = postProcessorTokens(inner);
      if (found.cls !== undefined) return found;
    }
    return {};
  }
  if (Array.isArray(step.cls) && Array.isArray(step.sep)) return { cls: String(step.cls[0]), sep: String(step.sep[0]) };
  if (!Array.isArray(step.single)) return {};
  const parts = step.single as { SpecialToken?: { id: string }; Sequence?: unknown }[];
  const text = parts.findIndex((part) => part.Sequence !== undefined);
  return {
    cls: parts.slice(0, Math.max(0, text)).find((part) => part.SpecialToken)?.SpecialToken?.id,
    sep: parts.slice(text + 1)[0]?.SpecialToken?.id,
  };
}

/**
 * Finds the special tokens. In order: tokenizer_config.json, special_tokens_map.json, the tokenizer's own post-processor, padding and
 * model settings, and the usual names. The last ones suffice for every supported family, so tokenizer.json alone is enough.
 * @throws DataError when there is no token to start, separate or pad with.
 */
export function findSpecialTokens(folder: TokenizerFolder): { ids: SpecialIds; names: SpecialNames } {
  const { json, config, specialTokensMap, source } = folder;
  const idOf = tokenLookup(json);
  const processor = postProcessorTokens(json.post_processor);
  const { model } = json;
  const unigramUnk = Array.isArray(model.vocab) && typeof model.unk_id === 'number' ? model.vocab[model.unk_id]?.[0] : undefined;
  const inFile: Partial<Record<Role, string | undefined>> = {
    ...processor,
    pad: tokenName((json.padding as { pad_token?: unknown } | null)?.pad_token),
    unk: model.unk_token ?? unigramUnk,
  };
  const named = (role: Role) => [config, specialTokensMap].map((settings) => tokenName(settings[`${role}_token`]));
  const known = (names: (string | undefined)[]) => names.find((name) => name !== undefined && idOf(name) !== undefined);

  const cls = known([...named('cls'), inFile.cls, ...USUAL.cls.flat()]);
  const style = cls?.startsWith('<') ? 1 : 0;
  const find = (role: Role) => known([...named(role), inFile[role], ...USUAL[role][style], ...USUAL[role][1 - style]!]);
  const required = (role: Role, purpose: string): string => {
    const name = role === 'cls' ? cls : find(role);
    if (name === undefined) throw new DataError(`${source}: no ${role} token to ${purpose}: set "${role}_token" in tokenizer_config.json`);
    return name;
  };
  const names: SpecialNames = {
    cls: required('cls', 'start a sequence with'),
    sep: required('sep', 'separate text and labels with'),
    pad: required('pad', 'fill a batch with'),
    unk: find('unk'),
    mask: find('mask'),
  };
  const id = (name: string | undefined) => (name === undefined ? undefined : idOf(name));
  return { names, ids: { cls: id(names.cls)!, sep: id(names.sep)!, pad: id(names.pad)!, unk: id(names.unk), mask: id(names.mask) } };
}

/**
 * The same tokenizer with special tokens that no text can spell: `[SEP]` in a text becomes ordinary tokens, as any other characters do.
 * All ids stay. Special are the added tokens marked so, the names in `alsoSpecial`, and `[unusedN]` (used as label markers).
 *
 * A token of the vocabulary gets a name with a space at its end, which no pre-tokenizer lets through, and stops being an added token.
 * One that lies behind the vocabulary has to stay an added token to keep the ids of the others: its name gets a random suffix.
 */
export function withoutSpecialTokensInText(json: TokenizerJson, alsoSpecial: Iterable<string>): TokenizerJson {
  const special = new Set(alsoSpecial);
  for (const token of json.added_tokens) if (token.special || /^\[unused\d+\]$/.test(token.content)) special.add(token.content);

  const { model } = json;
  const vocabulary = model.vocab;
  const inVocabulary = Array.isArray(vocabulary)
    ? new Set(vocabulary.filter(([piece]) => special.has(piece)).map(([piece]) => piece))
    : new Set([...special].filter((token) => Object.hasOwn(vocabulary, token)));
  const nonce = randomUUID();
  const added = json.added_tokens
    .filter((token) => !inVocabulary.has(token.content))
    .map((token) => (special.has(token.content) ? { ...token, content: `${token.content}${nonce}` } : token));

  // The unknown token keeps its name, by which the model finds it; WordPiece and BPE cannot make it out of its characters.
  const renamed = (token: string) => inVocabulary.has(token) && token !== model.unk_token;
  if (Array.isArray(vocabulary)) {
    const vocab = vocabulary.map((entry): [string, number] => (renamed(entry[0]) ? [`${entry[0]} `, entry[1]] : entry));
    return { ...json, added_tokens: added, model: { ...model, vocab } };
  }
  const vocab = { ...vocabulary };
  for (const token of inVocabulary) {
    if (!renamed(token)) continue;
    const id = vocab[token]!;
    delete vocab[token];
    vocab[`${token} `] = id;
  }
  return { ...json, added_tokens: added, model: { ...model, vocab } };
}

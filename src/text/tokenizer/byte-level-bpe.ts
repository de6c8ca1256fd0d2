/**
 * Builds a byte-level BPE `tokenizer.json` from `vocab.json` and `merges.txt` (RoBERTa, BART), as transformers 4.57 converts them. Must not
 * read files.
 */
import { DataError } from '../../base/errors.ts';
import { specialToken, type TokenizerJson } from './tokenizer-json.ts';

/** Where the vocabulary comes from and what the settings say. */
export interface ByteLevelBpeSource {
  /** File names for messages. */
  source: string;
  mergesPath: string;
  /** `model_type` of config.json, or the tokenizer's class, in lower case. */
  family: string;
  /** tokenizer_config.json. */
  config: Record<string, unknown>;
}

/** `merges.txt`: an optional `#version` line, then two pieces a line. */
function parseMerges(text: string, path: string): [string, string][] {
  const merges: [string, string][] = [];
  for (const [at, raw] of text.split('\n').entries()) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (line === '' || (at === 0 && line.startsWith('#version'))) continue;
    const pieces = line.split(' ');
    if (pieces.length !== 2 || pieces.includes('')) throw new DataError(`${path}, line ${at + 1}: not two pieces separated by a space`);
    merges.push([pieces[0]!, pieces[1]!]);
  }
  return merges;
}

/** @throws DataError when a file is malformed, a special token is missing, or the family has another kind of BPE. */
export function byteLevelBpeTokenizer(vocabulary: unknown, merges: string, from: ByteLevelBpeSource): TokenizerJson {
  const { source, mergesPath, family, config } = from;
  if (family.startsWith('clip'))
    throw new DataError(`${source}: CLIP's word-end BPE is read from tokenizer.json only; put one in the folder`);
  if (typeof vocabulary !== 'object' || vocabulary === null || Array.isArray(vocabulary))
    throw new DataError(`${source} is not a JSON object of tokens and ids`);
  const vocab = vocabulary as Record<string, number>;
  for (const [token, id] of Object.entries(vocab))
    if (!Number.isSafeInteger(id) || id < 0) throw new DataError(`${source}: the id of "${token}" is not a number`);
  const idOf = (token: string): number => {
    if (!Object.hasOwn(vocab, token)) throw new DataError(`${source} has no token ${token}: not a vocabulary of RoBERTa's form`);
    return vocab[token]!;
  };

  const addPrefixSpace = config.add_prefix_space === true;
  const added = ['<s>', '<pad>', '</s>', '<unk>'].map((token) => specialToken(token, idOf(token), { normalized: true }));
  added.push(specialToken('<mask>', idOf('<mask>'), { lstrip: true }));
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added.sort((a, b) => a.id - b.id),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: addPrefixSpace, trim_offsets: true, use_regex: true },
    post_processor: {
      type: 'RobertaProcessing',
      sep: ['</s>', idOf('</s>')],
      cls: ['<s>', idOf('<s>')],
      trim_offsets: true,
      add_prefix_space: addPrefixSpace,
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges: parseMerges(merges, mergesPath),
    },
  };
}

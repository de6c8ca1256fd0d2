/**
 * Builds a WordPiece `tokenizer.json` from `vocab.txt` (BERT, DistilBERT, ELECTRA, MPNet), as transformers 4.57 converts them. Must not
 * read files.
 */
import { DataError } from '../../base/errors.ts';
import { type AddedToken, specialToken, type TokenizerJson, templateProcessing } from './tokenizer-json.ts';

/** Where the vocabulary comes from and what the settings say. */
export interface WordPieceSource {
  /** File name for messages. */
  source: string;
  /** `model_type` of config.json, or the tokenizer's class, in lower case. */
  family: string;
  /** tokenizer_config.json. */
  config: Record<string, unknown>;
}

/**
 * A vocabulary with capital letters can only be meant for text whose case is kept; without any the text is lower-cased.
 * Used where tokenizer_config.json does not say `do_lower_case`.
 */
function isUncased(tokens: Iterable<string>): boolean {
  for (const token of tokens) if (!/^[[<].*[\]>]$/.test(token) && token.toLowerCase() !== token) return false;
  return true;
}

/** @throws DataError when a special token is missing. */
export function wordPieceTokenizer(vocabulary: string, { source, family, config }: WordPieceSource): TokenizerJson {
  const lines = vocabulary.split(/\r\n|\r|\n/);
  if (lines.at(-1) === '') lines.pop();
  const vocab = Object.fromEntries(lines.map((token, id) => [token, id]));
  const idOf = (token: string): number => {
    if (!Object.hasOwn(vocab, token)) throw new DataError(`${source} has no token ${token}: not a WordPiece vocabulary of this model`);
    return vocab[token]!;
  };

  const mpnet = family.startsWith('mpnet');
  const [cls, sep, pad, mask] = mpnet ? ['<s>', '</s>', '<pad>', '<mask>'] : ['[CLS]', '[SEP]', '[PAD]', '[MASK]'];
  const flags: Partial<AddedToken> = mpnet ? { normalized: true } : {};
  const added = [cls, pad, sep, '[UNK]'].map((token) => specialToken(token!, idOf(token!), flags));
  added.push(specialToken(mask!, idOf(mask!), { ...flags, lstrip: mpnet }));

  const lowercase = typeof config.do_lower_case === 'boolean' ? config.do_lower_case : isUncased(lines);
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added.sort((a, b) => a.id - b.id),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: config.tokenize_chinese_chars !== false,
      strip_accents: typeof config.strip_accents === 'boolean' ? config.strip_accents : null,
      lowercase,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: templateProcessing({ cls: cls!, sep: sep!, doubleSeparator: mpnet, secondType: 1 }, idOf),
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: { type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100, vocab },
  };
}

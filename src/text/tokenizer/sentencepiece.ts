/**
 * Builds a Unigram `tokenizer.json` from a SentencePiece model (DeBERTa-v2/v3, XLM-RoBERTa, ALBERT), as transformers 4.57 converts them
 * (convert_slow_tokenizer.py: SpmConverter and its subclasses). Must not read files.
 */
import { DataError } from '../../base/errors.ts';
import { PIECE_TYPE, type Piece, parseSentencePieceModel, type SentencePieceModel } from './sentencepiece-proto.ts';
import { type AddedToken, type Step, specialToken, type TemplateShape, type TokenizerJson, templateProcessing } from './tokenizer-json.ts';

/** Where the model comes from and what the settings say. */
export interface SentencePieceSource {
  /** Path for messages. */
  source: string;
  /** `spm.model`, `spiece.model` or `sentencepiece.bpe.model`: tells the family where the settings do not. */
  fileName: string;
  /** `model_type` of config.json, or the tokenizer's class, in lower case. */
  family: string;
  /** tokenizer_config.json. */
  config: Record<string, unknown>;
}

/** What differs between the families. */
interface Conversion {
  vocab: [string, number][];
  unkId: number;
  normalizers: Step[];
  preTokenizer: Step;
  template: TemplateShape;
  /** Special tokens with their flags; those that the vocabulary lacks are put behind it. */
  specials: [string, Partial<AddedToken>][];
}

const METASPACE: Step = { type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'always', split: true };
const collapseSpaces = (content: string): Step => ({ type: 'Replace', pattern: { Regex: ' {2,}' }, content });

function characterMap(model: SentencePieceModel): Step[] {
  if (model.charsMap.length === 0) return [];
  return [{ type: 'Precompiled', precompiled_charsmap: Buffer.from(model.charsMap).toString('base64') }];
}

function scored(pieces: Piece[]): [string, number][] {
  return pieces.map(({ piece, score }) => [piece, score]);
}

function debertaConversion(model: SentencePieceModel, config: Record<string, unknown>): Conversion {
  const punctuation: Step[] = config.split_by_punct === true ? [{ type: 'Punctuation', behavior: 'Isolated' }] : [];
  return {
    vocab: scored(model.pieces),
    unkId: model.unkId,
    normalizers: [
      ...(config.do_lower_case === true ? [{ type: 'Lowercase' }] : []),
      { type: 'Strip', strip_left: true, strip_right: true },
      ...characterMap(model),
      collapseSpaces(' '),
    ],
    preTokenizer: { type: 'Sequence', pretokenizers: [...punctuation, METASPACE] },
    template: { cls: '[CLS]', sep: '[SEP]', doubleSeparator: false, secondType: 1 },
    specials: [
      ['[PAD]', {}],
      ['[CLS]', {}],
      ['[SEP]', {}],
      ['[UNK]', { normalized: true }],
      ['[MASK]', {}],
    ],
  };
}

function xlmRobertaConversion(model: SentencePieceModel): Conversion {
  // fairseq puts its own four tokens in front and drops SentencePiece's three (<unk>, <s>, </s>), so ids shift by one.
  const front: [string, number][] = ['<s>', '<pad>', '</s>', '<unk>'].map((token) => [token, 0]);
  return {
    vocab: [...front, ...scored(model.pieces.slice(3)), ['<mask>', 0]],
    unkId: 3,
    normalizers: [...characterMap(model), { type: 'Strip', strip_left: false, strip_right: true }, collapseSpaces('\u2581')],
    preTokenizer: METASPACE,
    template: { cls: '<s>', sep: '</s>', doubleSeparator: true, secondType: 0 },
    specials: [
      ['<s>', {}],
      ['<pad>', {}],
      ['</s>', {}],
      ['<unk>', {}],
      ['<mask>', { lstrip: true, normalized: true }],
    ],
  };
}

function albertConversion(model: SentencePieceModel, config: Record<string, unknown>): Conversion {
  // ALBERT's own tokenizer splits a comma off a digit; transformers gets the same by making such pieces improbable.
  const digitAndComma = /\p{Nd},$/u;
  const quotes = ['``', "''"].map((text): Step => ({ type: 'Replace', pattern: { String: text }, content: '"' }));
  return {
    vocab: model.pieces.map(({ piece, score }) => [piece, digitAndComma.test(piece) ? score - 100 : score]),
    unkId: model.unkId,
    normalizers: [
      ...quotes,
      ...(config.keep_accents === true ? [] : [{ type: 'NFKD' }, { type: 'StripAccents' }]),
      ...(config.do_lower_case === false ? [] : [{ type: 'Lowercase' }]),
      ...characterMap(model),
      collapseSpaces(' '),
    ],
    preTokenizer: METASPACE,
    template: { cls: '[CLS]', sep: '[SEP]', doubleSeparator: false, secondType: 1 },
    specials: [
      ['<pad>', {}],
      ['<unk>', {}],
      ['[CLS]', {}],
      ['[SEP]', {}],
      ['[MASK]', { lstrip: true }],
    ],
  };
}

function conversionOf(model: SentencePieceModel, { fileName, family, config, source }: SentencePieceSource): Conversion {
  if (family.startsWith('deberta')) return debertaConversion(model, config);
  if (family.startsWith('xlm-roberta') || family.startsWith('xlmroberta')) return xlmRobertaConversion(model);
  if (family.startsWith('albert')) return albertConversion(model, config);
  if (family !== '')
    throw new DataError(
      `${source}: no conversion for model type "${family}" (deberta-v2, xlm-roberta, albert); put a tokenizer.json in the folder`,
    );
  if (fileName === 'spm.model') return debertaConversion(model, config);
  return fileName === 'spiece.model' ? albertConversion(model, config) : xlmRobertaConversion(model);
}

/**
 * Builds the tokenizer.
 * @throws DataError when the file is malformed, trained as something else than unigram, or lacks a special token.
 */
export function sentencePieceTokenizer(bytes: Uint8Array, from: SentencePieceSource): TokenizerJson {
  const { source } = from;
  const model = parseSentencePieceModel(bytes, source);
  if (model.modelType !== 1)
    throw new DataError(`${source} is not a unigram model (type ${model.modelType}); put a tokenizer.json in the folder`);
  const { vocab, unkId, normalizers, preTokenizer, template, specials } = conversionOf(model, from);
  if (unkId >= vocab.length) throw new DataError(`${source}: the id of the unknown token, ${unkId}, is outside the ${vocab.length} pieces`);

  const ids = new Map(vocab.map(([piece], id) => [piece, id]));
  const added = new Map<string, AddedToken>();
  for (const { piece, type } of model.pieces) {
    const id = ids.get(piece);
    if (id === undefined || (type !== PIECE_TYPE.control && type !== PIECE_TYPE.userDefined)) continue;
    added.set(piece, specialToken(piece, id, { special: type === PIECE_TYPE.control }));
  }
  let next = vocab.length;
  for (const [token, flags] of specials) {
    // Only the mask may be missing: DeBERTa's spm.model does not have it, and its id is the first free one.
    if (!ids.has(token) && token !== '[MASK]') throw new DataError(`${source} has no piece ${token}: not the vocabulary of this model`);
    added.set(token, specialToken(token, ids.get(token) ?? next++, flags));
  }
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [...added.values()].sort((a, b) => a.id - b.id),
    normalizer: { type: 'Sequence', normalizers },
    pre_tokenizer: preTokenizer,
    post_processor: templateProcessing(template, (token) => added.get(token)!.id),
    decoder: METASPACE,
    model: { type: 'Unigram', unk_id: unkId, vocab, byte_fallback: false },
  };
}

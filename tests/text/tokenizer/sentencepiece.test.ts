import { DataError } from '../../../src/base/errors.ts';
import { type SentencePieceSource, sentencePieceTokenizer } from '../../../src/text/tokenizer/sentencepiece.ts';
import { parseSentencePieceModel } from '../../../src/text/tokenizer/sentencepiece-proto.ts';

/** A protocol buffer field: a number as varint, bytes with their length. */
function field(number: number, value: number | Buffer): Buffer {
  const varint = (n: number): number[] => (n < 128 ? [n] : [(n % 128) + 128, ...varint(Math.floor(n / 128))]);
  if (typeof value === 'number') return Buffer.from([...varint(number * 8), ...varint(value)]);
  return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(value.length)]), value]);
}

function piece(text: string, score: number, type: number): Buffer {
  const float = Buffer.alloc(5);
  float[0] = 2 * 8 + 5;
  float.writeFloatLE(score, 1);
  return field(1, Buffer.concat([field(1, Buffer.from(text)), float, field(3, type)]));
}

function model(pieces: Buffer[], unkId: number, type = 1): Buffer {
  return Buffer.concat([...pieces, field(2, Buffer.concat([field(3, type), field(40, unkId)]))]);
}

const from = (family: string, config = {}): SentencePieceSource => ({ source: 'spm.model', fileName: 'spm.model', family, config });

const ALBERT = [piece('<pad>', 0, 3), piece('<unk>', 0, 2), piece('[CLS]', 0, 3), piece('[SEP]', 0, 3), piece('[MASK]', 0, 4)];
const DEBERTA = [piece('[PAD]', 0, 3), piece('[CLS]', 0, 3), piece('[SEP]', 0, 3), piece('[UNK]', 0, 2)];

describe('sentencePieceTokenizer', () => {
  it('makes ALBERT pieces of a digit and a comma improbable', () => {
    const { model: unigram } = sentencePieceTokenizer(
      model([...ALBERT, piece('9,', -2, 1), piece(',', -3, 1), piece('a,', -4, 1)], 1),
      from('albert'),
    );
    expect((unigram.vocab as [string, number][]).slice(5)).toEqual([
      ['9,', -102],
      [',', -3],
      ['a,', -4],
    ]);
  });

  it('follows the settings of ALBERT and DeBERTa', () => {
    const albert = sentencePieceTokenizer(model(ALBERT, 1), from('albert', { keep_accents: true, do_lower_case: false }));
    expect((albert.normalizer!.normalizers as { type: string }[]).map(({ type }) => type)).toEqual(['Replace', 'Replace', 'Replace']);
    const deberta = sentencePieceTokenizer(model(DEBERTA, 3), from('deberta-v2', { do_lower_case: true, split_by_punct: true }));
    expect((deberta.normalizer!.normalizers as { type: string }[]).map(({ type }) => type)).toEqual(['Lowercase', 'Strip', 'Replace']);
    expect((deberta.pre_tokenizer!.pretokenizers as { type: string }[]).map(({ type }) => type)).toEqual(['Punctuation', 'Metaspace']);
  });

  it("keeps user-defined pieces whole and puts DeBERTa's mask behind the vocabulary", () => {
    const { added_tokens: added } = sentencePieceTokenizer(model([...DEBERTA, piece('<url>', 0, 4)], 3), from('deberta-v2'));
    expect(added.map(({ content, id, special }) => [content, id, special])).toEqual([
      ['[PAD]', 0, true],
      ['[CLS]', 1, true],
      ['[SEP]', 2, true],
      ['[UNK]', 3, true],
      ['<url>', 4, false],
      ['[MASK]', 5, true],
    ]);
  });

  it.each<[string, Buffer, string, string]>([
    ['a BPE model', model(DEBERTA, 3, 2), 'deberta-v2', 'not a unigram model'],
    ['an unknown id outside the pieces', model(DEBERTA, 4), 'deberta-v2', 'outside the 4 pieces'],
    ['another family', model(DEBERTA, 3), 'albert', 'no piece <pad>'],
    ['a score that is no number', model([...DEBERTA, piece('x', Number.NaN, 1)], 3), 'deberta-v2', 'score of piece 4'],
    ['a piece that is no text', model([...DEBERTA, field(1, field(1, Buffer.of(0xff)))], 3), 'deberta-v2', 'piece 4 is not UTF-8'],
    ['a field longer than the file', Buffer.of(10, 200, 1, 0), 'deberta-v2', 'a field of 200 bytes where 1 are left'],
    ['an endless number', Buffer.alloc(12, 0xff), 'deberta-v2', 'more than 10 bytes'],
  ])('refuses %s', (_what, bytes, family, message) => {
    expect(() => sentencePieceTokenizer(bytes, from(family))).toThrow(DataError);
    expect(() => sentencePieceTokenizer(bytes, from(family))).toThrow(message);
  });

  it('skips unknown fields', () => {
    const fixed64 = Buffer.concat([Buffer.of(9 * 8 + 1), Buffer.alloc(8)]);
    expect(parseSentencePieceModel(Buffer.concat([fixed64, model(DEBERTA, 3), field(99, Buffer.from('x'))]), 'spm.model')).toMatchObject({
      unkId: 3,
      modelType: 1,
    });
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createUnknownScript } from '../../../src/text/tokenizer/unknown-script.ts';
import { ROOT } from '../../tiny-checkpoint.ts';

const english = createUnknownScript(readFileSync(join(ROOT, 'checkpoints/glz-mini/tokenizer.json'), 'utf8'), false);
const tokenizer = (pieces: string[]) => JSON.stringify({ model: { vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])) } });

describe('a script that a vocabulary knows little of', () => {
  it.each([
    ['这个包裹一直没有到', 'Han'],
    ['荷物が届きません', 'Hiragana'],
    ['소포가 오지 않았어요', 'Hangul'],
    ['Посылка так и не пришла', 'Cyrillic'],
    ['لم يصل الطرد أبدا', 'Arabic'],
    ['Το δέμα δεν έφτασε', 'Greek'],
    ['สินค้ายังไม่มาถึง', 'Thai'],
    ['The parcel never came', undefined],
    ['Das Paket kam nie an, schöne Grüße', undefined],
    ['x', undefined],
    ['12 € 🙂 — ...', undefined],
    ['', undefined],
    // A word of another script in an English text.
    ['The word Посылка means parcel', undefined],
    ['The α and β values were measured', undefined],
  ])('is, of %j to the checkpoint that ships, %j', (text, script) => {
    expect(english(text)).toBe(script);
  });

  it('is none where the vocabulary has pieces of it: whole words, or for Chinese many characters', () => {
    const letters = 'абвгдежзик'.split('');
    const cyrillic = createUnknownScript(tokenizer(letters.flatMap((a) => letters.map((b) => a + b))), false);
    expect([cyrillic('где'), cyrillic('这个')]).toEqual([undefined, 'Han']);
    expect(createUnknownScript(tokenizer(letters), false)('где')).toBe('Cyrillic');
    const chinese = createUnknownScript(tokenizer(Array.from({ length: 1600 }, (_, at) => String.fromCodePoint(0x4e00 + at))), false);
    expect([chinese('丁七'), chinese('где')]).toEqual([undefined, 'Cyrillic']);
  });

  it('counts pieces, not letters or merges, of a list with scores too', () => {
    const letters = 'абвгдежзик'.split('');
    const pieces = letters.flatMap((a) => letters.slice(0, 5).map((b) => a + b));
    const list = (some: string[]) => JSON.stringify({ model: { vocab: [['<unk>', 0], ...some.map((piece) => [piece, -1.5])] } });
    expect(createUnknownScript(list(pieces), false)('где')).toBeUndefined();
    expect(createUnknownScript(list(pieces.slice(1)), false)('где')).toBe('Cyrillic');
    expect(createUnknownScript(list(['абвгдежзик'.repeat(20)]), false)('где')).toBe('Cyrillic');
    const merges = pieces.map((piece) => [...piece].join(' '));
    const withMerges = JSON.stringify({ model: { vocab: Object.fromEntries(letters.map((letter, id) => [letter, id])), merges } });
    expect(createUnknownScript(withMerges, false)('где')).toBe('Cyrillic');
  });

  it('is told from the bytes of a byte-level vocabulary', () => {
    // Each byte of UTF-8 as GPT-2 writes it; all that these letters have are printable but for those from 0x80 to 0xa0, which begin at U+0122.
    const written = (text: string) =>
      [...Buffer.from(text)]
        .map((byte) => String.fromCodePoint(byte >= 161 || (byte > 32 && byte < 127) ? byte : byte + 0x122 - 0x80))
        .join('');
    const letters = 'абвгдежзик'.split('');
    const pairs = letters.flatMap((a) => letters.map((b) => written(a + b)));
    expect(createUnknownScript(tokenizer(pairs), true)('где')).toBeUndefined();
    expect(createUnknownScript(tokenizer(letters.map(written)), true)('где')).toBe('Cyrillic');
  });
});

/** Regular expressions of tokenizers: those of public models pass, those that take more than time in proportion to the text do not. */
import { patternFault } from '../../../src/text/tokenizer/regular-expression.ts';

describe('the patterns of public tokenizers are run', () => {
  it.each([
    ['CLIP', String.raw`<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`],
    ['CLIP, white space', String.raw`\s+`],
    ['GPT-2', String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`],
    ['GPT-2, short', String.raw`'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`],
    [
      'Llama 3',
      String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
    ],
    ['Qwen 2', String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`],
    [
      'GPT-4o',
      String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
    ],
    [
      'DeepSeek V3',
      '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+',
    ],
    ['BLOOM', ' ?[^(\\s|[.,!?…。，、।۔،])]+'],
    ['XLM-R, ALBERT, DeBERTa', ' {2,}'],
    ['line breaks', '[\r\n]'],
    ['SentencePiece unigrams', String.raw`\n|\r\n|\p{C}|(?<=a)b`],
  ])('%s', (_, pattern) => {
    expect(patternFault(pattern)).toBeUndefined();
  });
});

describe('others are not', () => {
  it.each([
    ['(a+)+$', 'a group with several ways to match is repeated'],
    ['(a|a)*b', 'a group with several ways to match is repeated'],
    ['(a|aa)+c', 'a group with several ways to match is repeated'],
    ['(?:a{1,3})*b', 'a group with several ways to match is repeated'],
    ['((a?){9})b', 'a group with several ways to match is repeated'],
    ['a+b', 'it goes over a run of a again'],
    [String.raw`\s+$`, String.raw`it goes over a run of \s again`],
    [String.raw`\s*x|\s|\s+`, String.raw`it goes over a run of \s again`],
    [String.raw`\s+x| |\s+`, String.raw`it goes over a run of \s again`],
    [String.raw`\s*\s*x|\s+`, 'it repeats without limit in front of something that repeats'],
    ['a{0,200}a{0,200}b|a+', 'it repeats without limit in front of something that repeats'],
    ['a?a?a?a?a?aaaaa', 'too many ways'],
    ['(?:a|b)(?:a|b)(?:a|b)(?:a|b)(?:a|b)c', 'too many ways'],
    [String.raw`x(?=\s*y)`, 'looks ahead or back without a limit'],
    ['a*', 'matches where there is nothing'],
    ['a|', 'matches where there is nothing'],
    ['^', 'matches where there is nothing'],
    [String.raw`(a)\1`, 'is not known here'],
    [String.raw`\g<0>`, 'is not known here'],
    ['(?x: a )', 'unknown kind of group'],
    ['(?(1)a|b)', 'unknown kind of group'],
    ['a**', 'a repetition is repeated'],
    ['a{1,2}{3}', 'a repetition is repeated'],
    ['(?!a)*b', 'something without characters is repeated'],
    ['a{100000}', 'too large'],
    ['((((((((((a))))))))))', 'nested too deeply'],
    ['[a', 'not closed'],
    ['(a', 'not closed'],
    ['a)', 'closed that was not opened'],
    ['[]a]', 'begins with a bracket'],
    ['x'.repeat(5000), 'it has 5000 characters'],
  ])('%j', (pattern, why) => {
    expect(patternFault(pattern)).toContain(why);
  });
});

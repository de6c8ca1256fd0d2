/** Where tokens and words stand in a text as it was given, for every kind of tokenizer. */
import fc from 'fast-check';
import { loadTokenizer } from '../../src/text/tokenizer/tokenizer.ts';
import { textSentences, textWords, wordsOfTokens } from '../../src/text/words.ts';
import { copyWithout, FOLDERS, removeCopies } from './tokenizer/golden-folders.ts';

afterAll(removeCopies);

const NOTHING = /^$/;
/** Half of a character that has two. */
const HALF = /\p{Surrogate}/u;
const slices = (text: string, places: readonly { start: number; end: number }[]) => places.map(({ start, end }) => text.slice(start, end));

const TEXTS = [
  'Café Übung 😀 naïve',
  'a 日本 😀😀 b',
  'x\u0301yz e\u0301a  e\u0301b',
  'İstanbul ﬁne ½ ﬃ',
  "don't   stop!!! (e-mail: me@example.org)\r\n\tnow…",
  '[SEP] a [MASK]<mask></s> b',
  '\ud83d half \ude00 pairs \ud83d',
  '  in front\u00a0and behind  ',
  'nul\u0000and\u200bzero width\ufeff',
  '👩‍👩‍👧 family 🇩🇪 flag',
  'สวัสดีครับ 今日は良い天気です',
  `${'long'.repeat(60)} word`,
];

describe('textWords', () => {
  it.each([
    ["I don't know.", ['I', "don't", 'know', '.']],
    ['Stop!!! Now?!', ['Stop', '!!!', 'Now', '?', '!']],
    ['e-mail: 3.50€', ['e', '-', 'mail', ':', '3.50', '€']],
    ['a 😀😀 b', ['a', '😀😀', 'b']],
    ['今日は良い', ['今日', 'は', '良い']],
    ['a - - b', ['a', '-', '-', 'b']],
    [' \n\t ', []],
  ])('cuts %j as a reader does', (text, words) => {
    expect(slices(text, textWords(text))).toEqual(words);
  });

  it('goes no further than it is asked, to the end of the word', () => {
    const text = 'one two three';
    expect(slices(text, textWords(text, 5))).toEqual(['one', 'two']);
    expect(slices(text, textWords(text, 4))).toEqual(['one']);
  });
});

describe.each([
  ['sentences of any length', `${'One sentence. '.repeat(300)}${'A long one '.repeat(600)}. End.`],
  ['scripts without spaces', '今日は良い天気です。สวัสดีครับ 😀'.repeat(150)],
  ['one word', 'x'.repeat(9000)],
  ['marks', `${'!'.repeat(5000)}${'e\u0301👩‍👩‍👧 '.repeat(700)}`],
])('a long text of %s', (_, text) => {
  it('is cut as the segmenter cuts it whole', () => {
    const whole = (granularity: 'word' | 'sentence') => [...new Intl.Segmenter('en', { granularity }).segment(text)];
    const words = whole('word').filter(({ segment }) => segment.trim() !== '' && segment !== '!');
    expect(slices(text, textWords(text)).filter((word) => !word.startsWith('!'))).toEqual(words.map(({ segment }) => segment));
    expect(slices(text, textSentences(text))).toEqual(
      whole('sentence')
        .map(({ segment }) => segment.trim())
        .filter(Boolean),
    );
  });
});

it('sentences have no white space round them', () => {
  const text = 'One. Two!  Three?\n\nFour';
  expect(slices(text, textSentences(text))).toEqual(['One.', 'Two!', 'Three?', 'Four']);
});

describe.each(FOLDERS)('the tokenizer of %s', (folder) => {
  const loading = loadTokenizer(copyWithout(folder, NOTHING));

  async function check(texts: readonly string[], atLeast?: number): Promise<void> {
    const tokenizer = await loading;
    const [ids, placed] = [await tokenizer.encodeBatch(texts, { atLeast }), await tokenizer.placeBatch(texts, { atLeast })];
    for (const [at, text] of texts.entries()) {
      const { starts, ends, ids: own } = placed[at];
      expect(own).toEqual(ids[at]);
      const { words, wordOf } = wordsOfTokens(text, placed[at]);
      // Looked at together: a call of expect takes longer than all that is checked of a word.
      const wrong: object[] = [];
      let last = 0;
      for (const { start, end } of words) {
        const isHalf = !HALF.test(text) && HALF.test(text.slice(start, end));
        if (!(start >= last && end > start && end <= text.length) || isHalf) wrong.push({ text, start, end, last });
        last = end;
      }
      for (const [token, word] of wordOf.entries()) {
        const [start, end] = [starts[token], ends[token]];
        const piece = text.slice(start, end);
        // Its characters are within its word.
        const isWithin = () =>
          start + piece.length - piece.trimStart().length >= words[word].start && start + piece.trimEnd().length <= words[word].end;
        if (!(start <= end && end <= text.length) || (piece.trim() !== '' && !isWithin())) wrong.push({ text, token, start, end });
      }
      expect(wrong).toEqual([]);
      expect(new Set(wordOf)).toEqual(new Set(words.keys()));
    }
  }

  it('says where its tokens stand, whatever it makes of accents, capitals, emojis and spaces', () => check(TEXTS));

  it('says it of any text', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'binary', maxLength: 30 }), { minLength: 1, maxLength: 8 }), (texts) => check(texts)),
      { numRuns: 25 },
    ));

  it('says it of the beginning of a long text', () => check([`Ein 😀 Übungstext, ${'mit vielen wörtern 😀 '.repeat(600)}`, 'short'], 40));

  it('gives the words of a text that it knows', async () => {
    const text = 'The Déjà-vu: 😀 3 parcels!!';
    const [placed] = await (await loading).placeBatch([text]);
    const words = slices(text, wordsOfTokens(text, placed).words);
    expect(words).toEqual(['The', 'Déjà', '-', 'vu', ':', '😀', '3', 'parcels', '!!']);
  });
});

it('what one token covers is one word, and a token of nothing is the next one', () => {
  const text = 'a 😀 😀 b';
  const places = { starts: Int32Array.of(0, 2, 2, 8), ends: Int32Array.of(1, 2, 7, 9) };
  const { words, wordOf } = wordsOfTokens(text, places);
  expect(slices(text, words)).toEqual(['a', '😀 😀', 'b']);
  expect([...wordOf]).toEqual([0, 1, 1, 2]);
  expect(wordsOfTokens('', { starts: new Int32Array(0), ends: new Int32Array(0) })).toEqual({ words: [], wordOf: new Int32Array(0) });
});

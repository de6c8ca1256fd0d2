import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '../../../src/base/errors.ts';
import { textPrefix } from '../../../src/text/tokenizer/text-beginning.ts';
import { loadTokenizer } from '../../../src/text/tokenizer/tokenizer.ts';
import { copyWithout, emptyFolder, FIXTURES, FOLDERS, removeCopies } from './golden-folders.ts';

afterAll(removeCopies);

const NOTHING = /^$/;

/** A parsed tokenizer.json that a test is about to break. */
// biome-ignore lint/suspicious/noExplicitAny: tests reach into any depth of it
type Loose = Record<string, any>;

function edited(folder: string, name: string, edit: (json: Loose) => void): string {
  const copy = copyWithout(folder, NOTHING);
  const json = JSON.parse(readFileSync(join(copy, name), 'utf8'));
  edit(json);
  writeFileSync(join(copy, name), JSON.stringify(json));
  return copy;
}

describe('settings', () => {
  it('never truncates or pads, whatever tokenizer.json says', async () => {
    const folder = edited('bert', 'tokenizer.json', (json) => {
      json.truncation = { max_length: 4, strategy: 'LongestFirst', stride: 0, direction: 'Right' };
      json.padding = {
        strategy: { Fixed: 128 },
        direction: 'Right',
        pad_to_multiple_of: null,
        pad_id: 0,
        pad_type_id: 0,
        pad_token: '[PAD]',
      };
    });
    const plain = await loadTokenizer(copyWithout('bert', NOTHING));
    const tokenizer = await loadTokenizer(folder);
    const text = 'The teacher asked the children to draw their favourite animal';
    for (const exact of [false, true]) expect(await tokenizer.encode(text, { exact })).toEqual(await plain.encode(text));
    expect(await tokenizer.encodePair(text)).toEqual(await plain.encodePair(text));
    expect(JSON.parse(tokenizer.json)).toMatchObject({ truncation: null, padding: null });
  });

  it('knows lengths, ids and tokens', async () => {
    const bert = await loadTokenizer(copyWithout('bert', NOTHING));
    expect(bert.special).toEqual({ pad: 0, unk: 3, cls: 4, sep: 5, mask: 6 });
    expect([bert.modelMaxLength, bert.vocabularySize, bert.byteLevel]).toEqual([64, 800, false]);
    expect([bert.tokenId('[unused1]'), bert.tokenId('no such token'), bert.tokenId('constructor')]).toEqual([2, undefined, undefined]);
    // Two of the 66 positions are never used; tokenizer_config.json is left out.
    const mpnet = await loadTokenizer(copyWithout('mpnet', /^tokenizer_config/));
    expect([mpnet.modelMaxLength, mpnet.special.unk]).toEqual([64, 6]);
    const modernbert = await loadTokenizer(copyWithout('modernbert', NOTHING));
    expect([modernbert.byteLevel, modernbert.special.pad, modernbert.tokenId('[MASK]')]).toEqual([true, 610, 611]);
    const deberta = await loadTokenizer(copyWithout('deberta-v3-hub', NOTHING));
    expect(deberta.special).toEqual({ pad: 0, cls: 1, sep: 2, unk: 3, mask: 700 });
  });

  it('reads do_lower_case, and goes by the vocabulary where it is not there', async () => {
    const uncased = await loadTokenizer(copyWithout('bert', /^tokenizer/));
    expect(await uncased.encode('HELLO')).toEqual(await uncased.encode('hello'));
    // BERT's own uncased vocabulary has this capital, which has no small form.
    const withCapital = copyWithout('bert', /^tokenizer/);
    appendFileSync(join(withCapital, 'vocab.txt'), 'ℝ\n');
    expect(await (await loadTokenizer(withCapital)).encode('HELLO')).toEqual(await uncased.encode('hello'));
    const cased = await loadTokenizer(copyWithout('distilbert', /^tokenizer/));
    expect(await cased.encode('HELLO')).not.toEqual(await cased.encode('hello'));
    const said = copyWithout('bert', /^tokenizer/);
    writeFileSync(join(said, 'tokenizer_config.json'), '{"do_lower_case": false}');
    expect(await (await loadTokenizer(said)).encode('HELLO')).not.toEqual(await uncased.encode('HELLO'));
  });
});

describe('text mode', () => {
  it('keeps added tokens that are ordinary text, and refuses those that serve as markers', async () => {
    const folder = edited('modernbert', 'tokenizer.json', (json) => {
      const last = Math.max(...json.added_tokens.map((token: { id: number }) => token.id));
      const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: false };
      json.added_tokens.push({ ...plain, id: last + 1, content: '[unused0]' }, { ...plain, id: last + 2, content: '<url>' });
    });
    const tokenizer = await loadTokenizer(folder);
    const [marker, url, spaces] = ['[unused0]', '<url>', '   '].map((token) => tokenizer.tokenId(token)!);
    const ids = await tokenizer.encode('see <url> [unused0] [SEP]   end');
    expect(ids).toContain(url);
    expect(ids).toContain(spaces);
    expect(ids).not.toContain(marker);
    expect(ids).not.toContain(tokenizer.special.sep);
    const exact = await tokenizer.encode('see <url> [unused0] [SEP]   end', { exact: true });
    for (const id of [url, spaces, marker, tokenizer.special.sep]) expect(exact).toContain(id);
  });

  it('splits a special token that a text spells into ordinary pieces (SentencePiece)', async () => {
    const tokenizer = await loadTokenizer(copyWithout('deberta-v3', NOTHING));
    const { cls, sep, pad, mask, unk } = tokenizer.special;
    const ids = await tokenizer.encode('good [SEP] bad ; [CLS][PAD] [MASK][MASK] [SEP]');
    for (const id of [cls, sep, pad, mask]) expect(ids).not.toContain(id);
    expect([...ids].filter((id) => id !== unk).length).toBeGreaterThan(10);
  });
});

describe('texts', () => {
  it('takes empty texts, NUL and lone surrogates', async () => {
    for (const folder of FOLDERS) {
      const tokenizer = await loadTokenizer(copyWithout(folder, NOTHING));
      expect(await tokenizer.encode('')).toHaveLength(0);
      expect((await tokenizer.encode('a\u0000b \ud83d c')).length).toBeGreaterThan(0);
      expect(await tokenizer.encodeBatch([])).toEqual([]);
    }
  });

  it('answers overlapping calls', async () => {
    const tokenizer = await loadTokenizer(copyWithout('bert', NOTHING));
    const texts = Array.from({ length: 600 }, (_, i) => `text number ${i}`);
    const [together, alone] = await Promise.all([tokenizer.encodeBatch(texts), Promise.all(texts.map((text) => tokenizer.encode(text)))]);
    expect(together).toEqual(alone);
  });

  it('gives the beginning of a long text as the whole would', async () => {
    const words = readFileSync(join(FIXTURES, 'encoders', 'corpus.txt'), 'utf8').split(/\s+/);
    const texts = [
      words.join(' ').slice(0, 60_000),
      words.join('').slice(0, 60_000), // no white space to cut at
      words.slice(0, 600).join('\n'.repeat(300)), // few tokens in much text
      '語'.repeat(20_000),
      '😀'.repeat(20_000),
      'short',
    ];
    for (const folder of FOLDERS) {
      const tokenizer = await loadTokenizer(copyWithout(folder, NOTHING));
      const whole = await tokenizer.encodeBatch(texts);
      const part = await tokenizer.encodeBatch(texts, { atLeast: 61 });
      for (const [at, row] of part.entries()) {
        expect(row).toEqual(whole[at]!.subarray(0, row.length));
        expect(row.length).toBeGreaterThanOrEqual(Math.min(61, whole[at]!.length));
      }
      expect(part[0]!.length).toBeLessThan(whole[0]!.length / 4);
    }
  });

  it('reads little of a text of 10 MB', async () => {
    const tokenizer = await loadTokenizer(copyWithout('bert', NOTHING));
    const [words, blank, letters] = await tokenizer.encodeBatch(['word '.repeat(2e6), ' '.repeat(1e7), 'x'.repeat(1e7)], { atLeast: 509 });
    expect(words!.length).toBeGreaterThanOrEqual(509);
    expect(words!.length).toBeLessThan(10_000);
    expect([...blank!]).toEqual([]);
    expect([...letters!]).toEqual([tokenizer.special.unk]);
  });

  it('cuts at white space, and never inside a code point', () => {
    expect(textPrefix('short', 10)).toBe('short');
    expect(textPrefix('some words here', 12)).toBe('some words');
    expect(textPrefix('some words   here', 12)).toBe('some words');
    expect(textPrefix('😀😀😀😀', 5)).toBe('😀😀');
  });

  it('cuts a pair from the longer side', async () => {
    const tokenizer = await loadTokenizer(copyWithout('bert', NOTHING));
    const { cls, sep } = tokenizer.special;
    const [a] = await tokenizer.encodeBatch(['a']);
    const cut = await tokenizer.encodePair('a a a a a a', 'a a', { maxLength: 8 });
    expect(cut.ids).toEqual([cls, ...Array(3).fill(a![0]), sep, a![0], a![0], sep]);
    expect(cut.typeIds).toEqual([0, 0, 0, 0, 0, 1, 1, 1]);
  });

  it('reads of the long side of a pair no more than what is kept, and gives what reading all gives', async () => {
    const tokenizer = await loadTokenizer(copyWithout('bert', NOTHING));
    const words = (count: number) => Array.from({ length: count }, (_, i) => ['a', 'b c', 'dog', 'cats-and'][i % 4]).join(' ');
    for (const [text, pair] of [
      [words(3000), 'a b'],
      ['a', words(3000)],
      [words(3000), words(4000)],
      [`${' '.repeat(20_000)}a b c`, words(10)],
    ] as const)
      for (const keepPair of [false, true]) {
        const { ids } = await tokenizer.encodePair(text, pair, { maxLength: 40, keepPair });
        const [first, second] = await tokenizer.encodeBatch([text, pair]);
        expect(ids.length).toBe(Math.min(40, first!.length + second!.length + 3));
        const { cls, sep } = tokenizer.special;
        const between = ids.indexOf(sep, 1);
        expect([ids[0], ids[ids.length - 1]]).toEqual([cls, sep]);
        expect(ids.slice(1, between)).toEqual([...first!.slice(0, between - 1)]);
        expect(ids.slice(between + 1, -1)).toEqual([...second!.slice(0, ids.length - between - 2)]);
      }
    // A text of tens of millions of letters costs no more than its beginning.
    const { ids } = await tokenizer.encodePair('a '.repeat(2e7), 'b', { maxLength: 16 });
    expect(ids).toHaveLength(16);
    expect((await tokenizer.encodePair('ab'.repeat(2e7))).ids.length).toBeGreaterThan(2);
  });
});

describe('broken files', () => {
  const nestedSteps = (depth: number): Loose =>
    depth === 0 ? { type: 'NFC' } : { type: 'Sequence', normalizers: [nestedSteps(depth - 1)] };
  const charsMap = (json: Loose) => json.normalizer.normalizers.find((step: { type: string }) => step.type === 'Precompiled');

  it.each<[string, string, (json: Loose) => void, string]>([
    ['bert', 'no model', (json) => delete json.model, '"model" is missing'],
    ['bert', 'no vocabulary', (json) => delete json.model.vocab, '"model.vocab" is missing'],
    ['bert', 'an id that is no number', (json) => (json.model.vocab.the = 'x'), 'the id of the token "the"'],
    ['bert', 'an added token without id', (json) => delete json.added_tokens[1].id, 'added_tokens[1]'],
    [
      'bert',
      'an added token behind a gap',
      (json) => json.added_tokens.push({ ...json.added_tokens[0], id: 900, content: '[NEW]' }),
      'the added token with id 900',
    ],
    ['bert', 'a template of undefined tokens', (json) => (json.post_processor.special_tokens = {}), 'uses the token "[CLS]"'],
    ['bert', 'an unknown step', (json) => (json.normalizer = { type: 'Sorcery' }), '"normalizer" is of the unknown type "Sorcery"'],
    [
      'albert',
      'an empty pattern',
      (json) => (json.normalizer.normalizers[0].pattern.String = ''),
      '"normalizer.normalizers[0].pattern" is empty',
    ],
    ['albert', 'a vocabulary entry without score', (json) => (json.model.vocab[7] = ['x']), 'vocabulary entry 7'],
    ['deberta-v3', 'a character map that is no base64', (json) => (charsMap(json).precompiled_charsmap = 'x*'), 'not base64'],
    [
      'deberta-v3',
      'a character map that is cut',
      (json) => (charsMap(json).precompiled_charsmap = charsMap(json).precompiled_charsmap.slice(0, 4000)),
      'precompiled_charsmap" is damaged',
    ],
    [
      'mpnet',
      'a token of which nothing is left',
      (json) => json.added_tokens.push({ ...json.added_tokens[0], id: 701, content: '\u0001', special: false }),
      'added token 701 is empty',
    ],
  ])('%s: %s', async (folder, _what, edit, message) => {
    const loading = loadTokenizer(edited(folder, 'tokenizer.json', edit));
    await expect(loading).rejects.toThrow(DataError);
    await expect(loading).rejects.toThrow(message);
    await expect(loading).rejects.toThrow('tokenizer.json');
  });

  // Each of these once ended the process, in the library's own loading or with the first text.
  const template = (json: Loose) => json.post_processor;
  it.each<[string, string, (json: Loose) => void, string]>([
    [
      'bert',
      'a template of an unknown type',
      (json) => (template(json).type = 'Sorcery'),
      '"post_processor" is of the unknown type "Sorcery"',
    ],
    [
      'bert',
      'the second sequence alone',
      (json) => (template(json).single[1].Sequence.id = 'B'),
      '"post_processor.single" has the sequences "B"',
    ],
    ['bert', 'a sequence twice', (json) => (template(json).pair[1].Sequence.id = 'B'), '"post_processor.pair" has the sequences "B,B"'],
    ['bert', 'a token without ids', (json) => (template(json).special_tokens['[CLS]'].ids = []), 'has no ids for "[CLS]"'],
    [
      'bert',
      'special tokens twice',
      (json) => (json.post_processor = { type: 'Sequence', processors: [template(json), template(json)] }),
      'adds special tokens twice',
    ],
    ['bert', 'pieces of length 0', (json) => (json.pre_tokenizer = { type: 'FixedLength', length: 0 }), '"pre_tokenizer.length" is 0'],
    ['bert', 'nothing in front', (json) => (json.normalizer = { type: 'Prepend', prepend: '' }), '"normalizer.prepend" is empty'],
    ['bert', 'an unknown field', (json) => (json.normalizer.speed = 9), '"normalizer" has the unknown field "speed"'],
    [
      'bert',
      'a field of another kind',
      (json) => (json.normalizer.lowercase = 'yes'),
      '"normalizer.lowercase" is "yes", expected true or false',
    ],
    ['bert', 'an unknown part', (json) => (json.extra = {}), 'the unknown part "extra"'],
    ['bert', 'an unknown version', (json) => (json.version = '2.0'), '"version" is "2.0"'],
    ['bert', 'a step without end', (json) => (json.normalizer = nestedSteps(40)), 'nested too deeply'],
    ['bert', 'an empty added token', (json) => (json.added_tokens[0].content = ''), '"added_tokens[0]" is no token'],
    [
      'roberta',
      'a prefix that no merge has',
      (json) => (json.model.continuing_subword_prefix = '##'),
      '"model.merges[0]" is not two tokens',
    ],
    ['roberta', 'a merge of nothing', (json) => (json.model.merges[3] = ['x'.repeat(90), 'y']), '"model.merges[3]" is not two tokens'],
    ['roberta', 'dropout', (json) => (json.model.dropout = 0.1), '"model.dropout" is 0.1: the same text would get other ids'],
    ['albert', 'an unknown token that is none', (json) => (json.model.unk_id = 1e6), '"model.unk_id" is 1000000'],
    [
      'albert',
      'a regular expression that goes back without end',
      (json) => (json.normalizer = { type: 'Replace', pattern: { Regex: '(a+)+$' }, content: 'b' }),
      'is a regular expression that is not run: a group with several ways to match is repeated',
    ],
    [
      'albert',
      'steps that make a text a million times longer',
      (json) =>
        (json.normalizer = {
          type: 'Sequence',
          normalizers: Array(10).fill({ type: 'Replace', pattern: { String: 'a' }, content: 'aaaa' }),
        }),
      '"normalizer" makes a text up to',
    ],
  ])('%s: %s is refused', async (folder, _what, edit, message) => {
    const loading = loadTokenizer(edited(folder, 'tokenizer.json', edit));
    await expect(loading).rejects.toThrow(DataError);
    await expect(loading).rejects.toThrow(message);
  });

  it('says what a folder without a tokenizer lacks', async () => {
    await expect(loadTokenizer(emptyFolder())).rejects.toThrow('has no tokenizer: none of tokenizer.json, vocab.txt');
    await expect(loadTokenizer(copyWithout('roberta', /^tokenizer.json$|^merges/))).rejects.toThrow('has no tokenizer');
  });

  it.each<[string, RegExp, string, string | Uint8Array, string]>([
    ['bert', NOTHING, 'tokenizer.json', '{"model": ', 'not JSON'],
    ['bert', NOTHING, 'tokenizer.json', Uint8Array.of(0xff, 0xfe, 0), 'not UTF-8'],
    ['bert', NOTHING, 'tokenizer_config.json', '[]', 'not a JSON object'],
    ['bert', /^tokenizer.json$/, 'vocab.txt', 'just\nwords\n', 'no token [CLS]'],
    ['roberta', /^tokenizer.json$/, 'vocab.json', '[1]', 'not a JSON object of tokens'],
    ['roberta', /^tokenizer.json$/, 'vocab.json', '{"a": "b"}', 'the id of "a"'],
    ['roberta', /^tokenizer.json$/, 'merges.txt', '#version: 0.2\nh e\nonlyone\n', 'merges.txt, line 3'],
    ['roberta', /^tokenizer.json$/, 'merges.txt', '#version: 0.2\nqqq zzz\n', '"model.merges[0]" is not two tokens'],
    ['deberta-v3-hub', NOTHING, 'spm.model', 'not a protocol buffer', 'not a SentencePiece model'],
    ['deberta-v3-hub', NOTHING, 'spm.model', '', 'holds no pieces'],
    ['deberta-v3-hub', NOTHING, 'config.json', '{"model_type": "t5"}', 'no conversion for model type "t5"'],
  ])('%s without %s: broken %s', async (folder, leaveOut, name, content, message) => {
    const copy = copyWithout(folder, leaveOut);
    writeFileSync(join(copy, name), content);
    const loading = loadTokenizer(copy);
    await expect(loading).rejects.toThrow(DataError);
    await expect(loading).rejects.toThrow(message);
  });

  it('survives a SentencePiece model cut or changed anywhere', async () => {
    const copy = copyWithout('deberta-v3-hub', NOTHING);
    const path = join(copy, 'spm.model');
    const good = readFileSync(path);
    let seed = 11;
    const next = (n: number) => {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      return seed % n;
    };
    let refused = 0;
    for (let round = 0; round < 60; round++) {
      const bad = Buffer.from(good.subarray(0, round % 2 === 0 ? next(good.length) : good.length));
      for (let k = round % 2 === 0 ? 0 : 1 + next(40); k > 0; k--) bad[next(bad.length)] = next(256);
      writeFileSync(path, bad);
      try {
        await (await loadTokenizer(copy)).encode('Hello ﬁne ＡＢ e\u0323\u0302 😀');
      } catch (error) {
        expect(error).toBeInstanceOf(DataError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(30);
  });
});

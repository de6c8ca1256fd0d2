import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../src/base/errors.ts';
import {
  buildJointSequence,
  type JointBatch,
  type JointSequence,
  padBatch,
  prepareLayout,
  type SequenceLayout,
} from '../../src/text/joint-sequence.ts';
import { createLabelEncoder } from '../../src/text/labels.ts';
import { loadTokenizer, type Tokenizer } from '../../src/text/tokenizer/tokenizer.ts';
import { copyWithout, FIXTURES, FOLDERS, golden, removeCopies } from './tokenizer/golden-folders.ts';

afterAll(removeCopies);

const ARTICLE: SequenceLayout = { labelStyle: 'separator', token: ';', labelMaskOn: 'label', maxLength: 64 };
const MARKER: SequenceLayout = { labelStyle: 'marker', token: '[unused0]', labelMaskOn: 'marker', maxLength: 64 };
const bertFolder = join(FIXTURES, 'encoders', 'bert');

async function batchOf(tokenizer: Tokenizer, layout: SequenceLayout, examples: { text: string; labels: string[] }[]): Promise<JointBatch> {
  const ready = await prepareLayout(tokenizer, layout);
  const encoder = createLabelEncoder(tokenizer, ready.labelLimit);
  const sequences: JointSequence[] = [];
  for (const { text, labels } of examples)
    sequences.push(buildJointSequence(ready, await tokenizer.encode(text), await encoder.encode(labels)));
  return padBatch(sequences, tokenizer.special.pad);
}

/** Row-major values as rows. */
function rows(values: Int32Array, length: number): number[][] {
  return Array.from({ length: values.length / length }, (_, row) => [...values.slice(row * length, (row + 1) * length)]);
}

describe('golden sequences', () => {
  it.each(['dot', 'bilinear', 'linear'])('training fixture %s', async (similarity) => {
    const { examples, inputs } = JSON.parse(readFileSync(join(FIXTURES, 'gliznet', similarity, 'expected.json'), 'utf8'));
    const batch = await batchOf(await loadTokenizer(bertFolder), ARTICLE, examples);
    expect(rows(batch.inputIds, batch.length)).toEqual(inputs.input_ids);
    expect(rows(batch.attentionMask, batch.length)).toEqual(inputs.attention_mask);
    expect(rows(batch.labelMask, batch.length)).toEqual(inputs.lmask);
    expect([...batch.labelCounts]).toEqual(examples.map((example: { labels: string[] }) => example.labels.length));
    expect([batch.batch, batch.labels]).toEqual([5, 4]);
  });

  it.each(FOLDERS)('labels batch of %s', async (folder) => {
    const expected = golden(folder).model.batches.find(({ name }) => name === 'labels')!;
    const batch = await batchOf(await loadTokenizer(copyWithout(folder, /^$/)), ARTICLE, [
      { text: 'The striker scored twice.', labels: ['sports', 'politics', 'science and technology'] },
      { text: 'My package never arrived', labels: ['complaint', 'praise'] },
    ]);
    expect(rows(batch.inputIds, batch.length)).toEqual(expected.input_ids);
    expect(rows(batch.attentionMask, batch.length)).toEqual(expected.attention_mask);
    expect(rows(batch.labelMask, batch.length)).toEqual(expected.lmask);
  });
});

describe('marker style', () => {
  it('puts the marker in front of each label and reads the label there or at its tokens', async () => {
    const tokenizer = await loadTokenizer(bertFolder);
    const { cls, sep } = tokenizer.special;
    const marker = tokenizer.tokenId('[unused0]')!;
    const at = await prepareLayout(tokenizer, MARKER);
    const sequence = buildJointSequence(at, [20, 21], [[30], [31, 32]]);
    expect([...sequence.inputIds]).toEqual([cls, 20, 21, sep, marker, 30, marker, 31, 32, sep]);
    expect([...sequence.labelMask]).toEqual([0, 0, 0, 0, 1, 0, 2, 0, 0, 0]);
    const onLabel = buildJointSequence({ ...at, labelMaskOn: 'label' }, [20, 21], [[30], [31, 32]]);
    expect([...onLabel.labelMask]).toEqual([0, 0, 0, 0, 0, 1, 0, 2, 2, 0]);
  });

  it('makes blocks of the text and of each label with its marker, whose positions count from their own start', async () => {
    const tokenizer = await loadTokenizer(bertFolder);
    const { cls, sep } = tokenizer.special;
    const layout = await prepareLayout(tokenizer, { ...MARKER, token: '[CLS]', labelMaskOn: 'label', blocks: true });
    const sequences = [
      [[30], [31, 32]],
      [[31, 32], [30]],
    ].map((labels) => buildJointSequence(layout, [20, 21], labels));
    expect([...sequences[0].inputIds]).toEqual([cls, 20, 21, sep, cls, 30, cls, 31, 32]);
    expect([...sequences[0].labelMask]).toEqual([0, 0, 0, 0, 0, 1, 0, 2, 2]);
    expect([...sequences[0].blocks!.numbers]).toEqual([0, 0, 0, 0, 1, 1, 2, 2, 2]);
    expect([...sequences[0].blocks!.positions]).toEqual([0, 1, 2, 3, 0, 1, 0, 1, 2]);
    const batch = padBatch([sequences[0], buildJointSequence(layout, [20], [[30]])], tokenizer.special.pad);
    expect([...batch.blocks!.numbers.subarray(9)]).toEqual([0, 0, 0, 1, 1, 0, 0, 0, 0]);
    expect([...batch.blocks!.positions.subarray(9)]).toEqual([0, 1, 2, 0, 1, 0, 0, 0, 0]);
    await expect(prepareLayout(tokenizer, { ...ARTICLE, blocks: true })).rejects.toThrow('only with label style');
  });

  it('cuts no more off a text in blocks the more labels there are', async () => {
    const layout = await prepareLayout(await loadTokenizer(bertFolder), { ...MARKER, labelMaskOn: 'label', blocks: true });
    const text = Array.from({ length: 90 }, (_, i) => 1000 + i);
    const [one, many] = [1, 12].map((count) => buildJointSequence(layout, text, Array(count).fill([30])));
    for (const { inputIds, textStart, textEnd, cutTokens, blocks } of [one, many]) {
      expect([...inputIds.subarray(textStart, textEnd)]).toEqual(text.slice(0, 61));
      expect(cutTokens).toBe(29);
      expect(Math.max(...blocks!.positions)).toBeLessThan(layout.maxLength);
    }
    expect(many.inputIds.length).toBe(1 + 61 + 1 + 12 * 2);
    expect(() => buildJointSequence(layout, text, Array(16).fill([30]))).toThrow('16 labels take 32 tokens, which leaves 29 of 64');
  });

  it('cannot be written in a text', async () => {
    const tokenizer = await loadTokenizer(bertFolder);
    expect(await tokenizer.encode('[unused0] [SEP] [CLS] [PAD]')).not.toContain(tokenizer.tokenId('[unused0]'));
  });
});

describe('capacity', () => {
  const random = (seed: number) => () => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    return seed / 0x7fffffff;
  };

  it.each([ARTICLE, MARKER])('keeps labels whole and the text at least at its share ($labelStyle)', async (style) => {
    const tokenizer = await loadTokenizer(bertFolder);
    const next = random(7);
    let cut = 0;
    let refused = 0;
    for (let round = 0; round < 500; round++) {
      const layout = await prepareLayout(tokenizer, { ...style, maxLength: 16 + Math.floor(next() * 48) });
      const text = Array.from({ length: Math.floor(next() * 80) }, (_, i) => 1000 + i);
      const labels = Array.from({ length: 1 + Math.floor(next() * 8) }, (_, k) =>
        Array.from({ length: 1 + Math.floor(next() * 4) }, (_, i) => 5000 + 10 * k + i),
      );
      const needed = labels.flat().length + (style === ARTICLE ? labels.length - 1 : labels.length);
      const share = Math.min(text.length, layout.textShare);
      if (needed > layout.capacity - share) {
        refused++;
        expect(() => buildJointSequence(layout, text, labels)).toThrow(UsageError);
        continue;
      }
      const sequence = buildJointSequence(layout, text, labels);
      const ids = [...sequence.inputIds];
      const kept = ids.slice(sequence.textStart, sequence.textEnd);
      expect(ids.length).toBeLessThanOrEqual(layout.maxLength);
      expect(kept).toEqual(text.slice(0, kept.length));
      expect(kept.length).toBeGreaterThanOrEqual(share);
      expect(kept.length + sequence.cutTokens).toBe(text.length);
      if (sequence.cutTokens > 0) {
        cut++;
        expect(ids).toHaveLength(layout.maxLength);
      }
      const read = labels.map((_, k) => ids.filter((_, at) => sequence.labelMask[at] === k + 1));
      if (style === ARTICLE) expect(read).toEqual(labels);
      else expect(read).toEqual(labels.map(() => [tokenizer.tokenId('[unused0]')]));
      expect(ids.filter((id) => id >= 5000)).toEqual(labels.flat());
      expect(Math.max(...sequence.labelMask)).toBe(labels.length);
    }
    expect(cut).toBeGreaterThan(50);
    expect(refused).toBeGreaterThan(10);
  });

  it('refuses what cannot be built', async () => {
    const tokenizer = await loadTokenizer(bertFolder);
    await expect(prepareLayout(tokenizer, { ...ARTICLE, maxLength: 65 })).rejects.toThrow('not between 16 and the encoder');
    await expect(prepareLayout(tokenizer, { ...ARTICLE, maxLength: 15.5 })).rejects.toThrow(UsageError);
    await expect(prepareLayout(tokenizer, { ...ARTICLE, token: '' })).rejects.toThrow('separator between labels is empty');
    await expect(prepareLayout(tokenizer, { ...ARTICLE, labelMaskOn: 'marker' })).rejects.toThrow('only if they have one');
    await expect(prepareLayout(tokenizer, { ...MARKER, token: '[nosuch]' })).rejects.toThrow('"[nosuch]" is not a token');
    const layout = await prepareLayout(tokenizer, ARTICLE);
    expect(() => buildJointSequence(layout, [1], [[1], []])).toThrow('label 2 has no tokens');
  });
});

describe('padBatch', () => {
  it('marks text, labels and padding', async () => {
    const tokenizer = await loadTokenizer(bertFolder);
    const layout = await prepareLayout(tokenizer, ARTICLE);
    const batch = padBatch([buildJointSequence(layout, [20, 21, 22], [[30, 31]]), buildJointSequence(layout, [], [[40], [41]])], 9);
    const [semicolon] = layout.separatorIds;
    expect(rows(batch.inputIds, batch.length)).toEqual([
      [4, 20, 21, 22, 5, 30, 31, 5],
      [4, 5, 40, semicolon, 41, 5, 9, 9],
    ]);
    expect(rows(batch.textMask, batch.length)).toEqual([
      [0, 1, 1, 1, 0, 0, 0, 0],
      [0, 0, 0, 0, 0, 0, 0, 0],
    ]);
    expect(rows(batch.attentionMask, batch.length)[1]).toEqual([1, 1, 1, 1, 1, 1, 0, 0]);
    expect([...batch.labelCounts]).toEqual([1, 2]);
    expect(padBatch([], 0)).toMatchObject({ batch: 0, length: 0, labels: 0 });
  });
});

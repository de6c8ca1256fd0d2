import { UsageError } from '../../src/base/errors.ts';
import { createClassifier } from '../../src/classify/classifier.ts';
import { checkpointEmbedder, loadClassifier } from '../../src/classify/load-classifier.ts';
import { choiceProbabilities, choiceScale, labelProbability } from '../../src/classify/probabilities.ts';
import { rankLabels } from '../../src/classify/rank-labels.ts';
import { ARTICLE_OPTIONS, type GliZNetOptions } from '../../src/model/options.ts';
import { textWindows } from '../../src/text/text-windows.ts';
import { loadTokenizer } from '../../src/text/tokenizer/tokenizer.ts';
import { checkpointHash, readCheckpointConfig } from '../../src/weights/checkpoint.ts';
import { random } from '../random.ts';
import { temporaryFolder, writeTinyCheckpoint } from '../tiny-checkpoint.ts';

process.env.GLZ_CACHE = temporaryFolder();
const words = 'train film game bank river music house letter doctor garden winter market bread stone light'.split(' ');
const next = random(11);
const phrase = (count: number) => Array.from({ length: count }, () => words[Math.floor(next() * words.length)]).join(' ');

describe('createClassifier', () => {
  it('scores each group as if it were asked for alone, whatever the batch size and the order of requests', async () => {
    const classifier = await loadClassifier(await writeTinyCheckpoint({ labelsPerGroup: 4 }), { threads: 1 });
    const labels = Array.from({ length: 11 }, (_, i) => `${words[i]} ${i}`);
    const requests = Array.from({ length: 20 }, (_, i) => ({ text: phrase(1 + (i % 30)), labels }));
    const reference = await classifier.logits(requests, { batchSize: 64 });
    for (const batchSize of [1, 3, 7]) {
      const results = await classifier.logits(requests, { batchSize });
      for (const [row, { logits }] of results.entries())
        for (const [k, logit] of logits.entries()) expect(logit).toBeCloseTo(reference[row].logits[k], 4);
    }
    const reversed = await classifier.logits([...requests].reverse());
    for (const [row, { logits }] of reversed.entries())
      for (const [k, logit] of logits.entries()) expect(logit).toBeCloseTo(reference[requests.length - 1 - row].logits[k], 4);
    await classifier.dispose();
  });

  it('is disposed of after the calls that run, and refuses later ones', async () => {
    const tokenizer = await loadTokenizer(await writeTinyCheckpoint());
    const events: string[] = [];
    const classifier = await createClassifier(tokenizer, ARTICLE_OPTIONS, {
      source: 'test',
      batchTokens: 60,
      score: async ({ batch, labels }) => {
        await new Promise((done) => setTimeout(done, 5));
        events.push('scored');
        return new Float32Array(batch * labels);
      },
      dispose: async () => {
        events.push('released');
      },
    });
    const requests = Array.from({ length: 20 }, () => ({ text: phrase(9), labels: ['film', 'bank'] }));
    const call = classifier.logits(requests);
    await Promise.all([classifier.dispose(), classifier.dispose()]);
    expect(await call).toHaveLength(20);
    expect(events.at(-1)).toBe('released');
    expect(events.filter((event) => event === 'released')).toHaveLength(1);
    await expect(classifier.logits(requests)).rejects.toThrow(new UsageError('the classifier is disposed: load it again'));
  });

  it('asks for its embedder again after that has failed once', async () => {
    const tokenizer = await loadTokenizer(await writeTinyCheckpoint());
    let asked = 0;
    const scorer = {
      source: 'test',
      batchTokens: 60,
      score: async ({ batch, labels }: { batch: number; labels: number }) => new Float32Array(batch * labels),
      dispose: async () => {},
    };
    const classifier = await createClassifier(tokenizer, ARTICLE_OPTIONS, scorer, 'fp32', async () => {
      if (++asked === 1) throw new Error('disk full');
      const embedIds = async (ids: readonly Int32Array[]) => ids.map((_, i) => Float32Array.of(1, i));
      return { embed: async () => [], embedIds, dispose: async () => {} };
    });
    const requests = [{ text: 'film', labels: words.slice(0, 9) }];
    await expect(classifier.logits(requests, { shortlist: 5 })).rejects.toThrow('disk full');
    expect(await classifier.logits(requests, { shortlist: 5 })).toHaveLength(1);
    expect(asked).toBe(2);
    await classifier.dispose();
  });

  it('makes batches of no more tokens than suit the scorer, but for a sequence that alone is longer', async () => {
    const shapes: number[][] = [];
    const classifier = await createClassifier(await loadTokenizer(await writeTinyCheckpoint()), ARTICLE_OPTIONS, {
      source: 'test',
      batchTokens: 60,
      score: async ({ batch, length, labels }) => {
        shapes.push([batch, length]);
        return new Float32Array(batch * labels);
      },
      dispose: async () => {},
    });
    const requests = Array.from({ length: 40 }, (_, i) => ({ text: phrase(1 + ((7 * i) % 20)), labels: ['film', 'bank'] }));
    await classifier.logits(requests, { windows: 1 });
    expect(shapes.reduce((rows, [batch]) => rows + batch, 0)).toBe(requests.length);
    for (const [batch, length] of shapes) expect(batch === 1 || batch * length <= 60).toBe(true);
    expect(shapes.some(([batch, length]) => batch === 1 && length > 60)).toBe(true);
    expect(shapes.some(([batch]) => batch > 1)).toBe(true);
    const most = shapes.length;
    await classifier.logits(requests, { windows: 1, batchTokens: 1000, batchSize: 1000 });
    expect(shapes.length - most).toBeLessThan(most);
  });

  it('reads a long text in windows: merged by label, the mean or the best one', async () => {
    const classifier = await loadClassifier(await writeTinyCheckpoint(), { threads: 1 });
    // Letters are one token each: a window of tokens can be asked for as a text of its own.
    const labels = ['x', 'y', 'z'];
    const tokens = Array.from({ length: 100 }, () => String.fromCharCode(97 + Math.floor(next() * 20)));
    const text = tokens.join(' ');
    const ids = await (await loadTokenizer(await writeTinyCheckpoint())).encode(text);
    const room = classifier.layout.capacity - 5; // three labels of one token, two separators
    const parts = textWindows(ids.length, room, 4);
    expect(parts.length).toBeGreaterThan(1);
    expect(ids.length).toBe(tokens.length);
    const alone = await classifier.logits(parts.map(({ start, end }) => ({ text: tokens.slice(start, end).join(' '), labels })));
    const [mean] = await classifier.logits([{ text, labels }]);
    const [max] = await classifier.logits([{ text, labels }], { mergeWindows: 'max' });
    for (const k of labels.keys()) {
      const logits = alone.map((each) => each.logits[k]);
      expect(mean.logits[k]).toBeCloseTo(logits.reduce((a, b) => a + b) / logits.length, 4);
      expect(max.logits[k]).toBeCloseTo(Math.max(...logits), 4);
    }
    const [one] = await classifier.logits([{ text, labels }], { windows: 1 });
    expect([mean.cutTokens, one.cutTokens > 0]).toEqual([0, true]);
    expect(one.logits[0]).toBeCloseTo((await classifier.logits([{ text: tokens.slice(0, room).join(' '), labels }]))[0].logits[0], 4);
    await classifier.dispose();
  });

  it('counts what was cut of a text, and cuts no label', async () => {
    const classifier = await loadClassifier(await writeTinyCheckpoint(), { threads: 1 });
    const [short, long] = await classifier.logits([
      { text: 'a train', labels: ['film', 'game'] },
      { text: phrase(500), labels: ['film', 'game'] },
    ]);
    expect(short.cutTokens).toBe(0);
    expect(long.cutTokens).toBeGreaterThan(0);
    await expect(classifier.logits([{ text: 'x', labels: [phrase(60)] }])).rejects.toThrow(/too long/);
    // The failure is the label's: other calls go on.
    expect((await classifier.logits([{ text: 'x', labels: ['film'] }]))[0].logits.length).toBe(1);
    await classifier.dispose();
  });
});

describe('gated cross-attention', () => {
  const gated: Partial<GliZNetOptions> = {
    textPooling: 'mean',
    labelPooling: 'mean',
    projection: null,
    similarity: 'cosine',
    labelStyle: 'marker',
    marker: '[CLS]',
    crossAttention: 'gated',
  };
  const labels = ['train', 'film game', 'bank', 'the river', 'music house letter'];

  it('gives a label the same score wherever it stands', async () => {
    const classifier = await loadClassifier(await writeTinyCheckpoint(gated), { threads: 1 });
    const text = phrase(12);
    const [{ logits }] = await classifier.logits([{ text, labels }]);
    const order = [3, 0, 4, 2, 1];
    const [{ logits: moved }] = await classifier.logits([{ text, labels: order.map((k) => labels[k]) }]);
    for (const [at, k] of order.entries()) expect(moved[at]).toBeCloseTo(logits[k], 4);
    await classifier.dispose();
  });

  it('one-way: gives a label the same score whatever other labels there are, in one sequence or several', async () => {
    const classifier = await loadClassifier(await writeTinyCheckpoint({ ...gated, crossAttention: 'one-way' }), { threads: 1 });
    const request = { text: phrase(12), labels };
    const [{ logits }] = await classifier.logits([request]);
    const [{ logits: inTwos }] = await classifier.logits([request], { maxLabelsPerGroup: 2 });
    const more = [...labels, ...Array.from({ length: 20 }, (_, i) => `letter ${i}`)];
    const [{ logits: amongMany }] = await classifier.logits([{ text: request.text, labels: more }]);
    for (const k of labels.keys()) {
      expect(inTwos[k]).toBeCloseTo(logits[k], 4);
      expect(amongMany[k]).toBeCloseTo(logits[k], 4);
    }
    // Nor do they take room from a text that is longer than one window.
    const long = phrase(200);
    const [{ logits: ofLong, cutTokens }] = await classifier.logits([{ text: long, labels }], { windows: 2 });
    const [{ logits: ofLongAmongMany, cutTokens: cutAmongMany }] = await classifier.logits([{ text: long, labels: more }], { windows: 2 });
    expect(cutTokens).toBeGreaterThan(0);
    expect(cutAmongMany).toBe(cutTokens);
    for (const k of labels.keys()) expect(ofLongAmongMany[k]).toBeCloseTo(ofLong[k], 4);
    // Free attention, of which all this is not true, as the measure of what 4 digits mean here.
    const free = await loadClassifier(await writeTinyCheckpoint({ ...gated, crossAttention: 'free' }), { threads: 1 });
    const [[{ logits: few }], [{ logits: many }]] = [
      await free.logits([request]),
      await free.logits([{ text: request.text, labels: more }]),
    ];
    expect(Math.max(...labels.map((_, k) => Math.abs(many[k] - few[k])))).toBeGreaterThan(0.001);
    await classifier.dispose();
    await free.dispose();
  });
});

describe('probabilities', () => {
  it('choice: sum to 1 and keep the order, for logits of any size', () => {
    const p = choiceProbabilities(Float32Array.of(1000, 999, -1000));
    expect(p.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
    expect(p[0]).toBeGreaterThan(p[1]);
    expect(p[2]).toBe(0);
  });
  it('choice: among many labels logits count more, among thirty as they are', () => {
    const of = (count: number) => Float32Array.from({ length: count }, (_, at) => (at === 0 ? 2 : 0));
    const many = { sharpening: 0.5, sharpenAbove: 30, flattens: false };
    expect(choiceProbabilities(of(30), many)).toEqual(choiceProbabilities(of(30)));
    const factor = 1 + 0.5 * Math.log(100 / 30);
    expect(choiceProbabilities(of(100), many)[0]).toBeCloseTo(Math.exp(2 * factor) / (Math.exp(2 * factor) + 99), 9);
    // Labels that were not read are none of them.
    const short = of(100).fill(Number.NEGATIVE_INFINITY, 10);
    expect(choiceProbabilities(short, many)[0]).toBeCloseTo(choiceProbabilities(of(10))[0], 9);
  });
  it('choice: among few labels logits count less where the checkpoint says so, and the best stays the best', () => {
    const flat = { sharpening: 0.2, sharpenAbove: 17, flattens: true };
    const factor = 1 + 0.2 * Math.log(3 / 17);
    expect(choiceProbabilities(Float32Array.of(2, 0, 0), flat)[0]).toBeCloseTo(Math.exp(2 * factor) / (Math.exp(2 * factor) + 2), 9);
    expect(choiceScale(17, flat)).toBe(1);
    expect(choiceScale(1, flat)).toBe(1);
    const [best, other] = choiceProbabilities(Float32Array.of(2, 0), { ...flat, sharpening: 3 });
    expect(best).toBeGreaterThan(other);
  });
  it('each: sigmoid of the calibrated logit', () => {
    expect(labelProbability(0, { temperature: 1, bias: 0 })).toBe(0.5);
    expect(labelProbability(2, { temperature: 2, bias: -1 })).toBe(0.5);
  });
});

describe('shortlist', () => {
  it.each([
    ['free', 8],
    ['one-way', 25],
  ] as const)(
    'of labels that are %s reads those nearest to the text, scores them the lower the less near they are, and leaves the others out',
    async (crossAttention, expected) => {
      const own = { labelsPerGroup: 4, crossAttention, labelStyle: 'marker', marker: '[unused0]', labelPooling: 'mean' } as const;
      const folder = await writeTinyCheckpoint(own);
      const classifier = await loadClassifier(folder);
      const labels = Array.from({ length: 240 }, (_, i) => `${words[i % words.length]} ${i}`);
      const text = 'the train by the river';
      const [{ logits }] = await classifier.logits([{ text, labels }], { shortlist: 8 });
      const kept = [...logits.keys()].filter((k) => Number.isFinite(logits[k]));
      expect(kept.length).toBe(8);
      const config = readCheckpointConfig(folder);
      const embedder = await checkpointEmbedder(
        checkpointHash(folder, config, temporaryFolder()),
        folder,
        config,
        await loadTokenizer(folder),
      );
      const [vector, ...others] = await embedder.embed([text, ...labels]);
      await embedder.dispose();
      const cosines = others.map((other) => other.reduce((sum, value, i) => sum + value * vector[i], 0));
      const largest = Math.max(...cosines);
      const mean = cosines.reduce((sum, cosine) => sum + cosine, 0) / cosines.length;
      const deviation = Math.sqrt(cosines.reduce((sum, cosine) => sum + (cosine - mean) ** 2, 0) / cosines.length);
      const [{ logits: alone }] = await classifier.logits([{ text, labels: kept.map((k) => labels[k]) }]);
      for (const [at, k] of kept.entries()) {
        const discount = (0.45 * Math.log(240 / expected) * (largest - cosines[k])) / deviation;
        expect(logits[k]).toBeCloseTo(alone[at] - discount, 4);
      }
      const nearest = cosines.indexOf(largest);
      expect(logits[nearest]).toBeCloseTo(alone[kept.indexOf(nearest)], 4);
      const count = async (n: number, shortlist?: number) => {
        const [result] = await classifier.logits([{ text: 'x', labels: labels.slice(0, n) }], { shortlist });
        return result.logits.filter(Number.isFinite).length;
      };
      const sizes = [await count(50), await count(60), await count(140), await count(240), await count(240, 0), await count(30, 10)];
      expect(sizes).toEqual([50, 50, 70, 100, 240, 10]);
      const ranked = rankLabels(labels, logits, classifier.options.calibration);
      expect(ranked.labels.length).toBe(8);
      expect([...ranked.scores].sort((a, b) => b - a)).toEqual(ranked.scores);
      await classifier.dispose();
    },
  );

  it('labels that need several sequences: their order changes no score, and one sequence holds the nearest to the text', async () => {
    const classifier = await loadClassifier(
      await writeTinyCheckpoint({ labelsPerGroup: 4, crossAttention: 'gated', labelStyle: 'marker', marker: '[unused0]' }),
    );
    const labels = Array.from({ length: 11 }, (_, i) => `${words[i % words.length]} ${i}`);
    const text = 'the train by the river';
    const [{ logits }] = await classifier.logits([{ text, labels }]);
    const [{ logits: turned }] = await classifier.logits([{ text, labels: [...labels].reverse() }]);
    for (const [k, logit] of [...turned].reverse().entries()) expect(logits[k]).toBeCloseTo(logit, 4);
    // Lists that share labels, in one call.
    const both = await classifier.logits([labels.slice(0, 9), labels.slice(2)].map((own) => ({ text, labels: own })));
    const [alone] = await classifier.logits([{ text, labels: labels.slice(2) }]);
    for (const [k, logit] of alone.logits.entries()) expect(both[1].logits[k]).toBeCloseTo(logit, 4);
    const [{ logits: short }] = await classifier.logits([{ text, labels }], { shortlist: 4 });
    const nearest = [...short.keys()].filter((k) => Number.isFinite(short[k]));
    expect(nearest.length).toBe(4);
    // The first of them loses nothing, the others something.
    const lost = nearest.map((k) => logits[k] - short[k]).sort((a, b) => a - b);
    expect(lost[0]).toBeCloseTo(0, 4);
    expect(lost[1]).toBeGreaterThan(0.001);
    await classifier.dispose();
  });
});

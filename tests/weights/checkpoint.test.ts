import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadClassifier } from '../../src/classify/load-classifier.ts';
import { GliZNet } from '../../src/index.ts';
import { ARTICLE_OPTIONS } from '../../src/model/options.ts';
import { checkpointHash, parseOptions, readCheckpointConfig, readCheckpointWeights } from '../../src/weights/checkpoint.ts';
import { writeSafetensors } from '../../src/weights/formats/safetensors.ts';
import { temporaryFolder, writeTinyCheckpoint } from '../tiny-checkpoint.ts';

const cache = temporaryFolder();
process.env.GLZ_CACHE = cache;
const texts = ['the train was late', 'a good film', 'x'];
const labels = ['travel', 'film', 'sport', 'food'];

describe('checkpoints', () => {
  it('give the same scores after they were saved and loaded, from the cached graph as well', async () => {
    const folder = await writeTinyCheckpoint();
    const first = await GliZNet.load(folder);
    const scores = await first.logits(texts, labels);
    await first.dispose();
    const derived = readdirSync(join(cache, 'onnx'));
    expect(derived.length).toBe(1);
    const second = await GliZNet.load(folder);
    expect(await second.logits(texts, labels)).toEqual(scores);
    await second.dispose();
    expect(readdirSync(join(cache, 'onnx'))).toEqual(derived);
  });

  it('derive the graph again when the weights change or the cached file is broken', async () => {
    const folder = await writeTinyCheckpoint();
    const config = readCheckpointConfig(folder);
    const before = checkpointHash(folder, config, cache);
    const model = await GliZNet.load(folder);
    const scores = await model.logits(texts, labels);
    await model.dispose();

    const weights = readCheckpointWeights(folder);
    weights.get('similarity.weight')!.data.fill(0.5);
    writeSafetensors(join(folder, 'model.safetensors'), weights);
    expect(checkpointHash(folder, config, cache)).not.toBe(before);
    const changed = await GliZNet.load(folder);
    const other = await changed.logits(texts, labels);
    await changed.dispose();
    expect(other).not.toEqual(scores);

    for (const name of readdirSync(join(cache, 'onnx'))) {
      const path = join(cache, 'onnx', name);
      writeFileSync(path, readFileSync(path).subarray(0, 1000));
    }
    const again = await GliZNet.load(folder);
    expect(await again.logits(texts, labels)).toEqual(other);
    await again.dispose();
  });

  it('work where the cache cannot be written', async () => {
    const folder = await writeTinyCheckpoint();
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    process.env.GLZ_CACHE = join(file, 'cache');
    try {
      const notes: string[] = [];
      const model = await loadClassifier(folder, { note: (line) => notes.push(line) });
      expect((await model.logits([{ text: 'a', labels }]))[0].logits.length).toBe(4);
      await model.dispose();
      expect(notes[1]).toBe(
        `note: ${process.env.GLZ_CACHE} cannot be written: ${folder} is prepared again at each start; GLZ_CACHE names a folder that keeps it`,
      );
    } finally {
      process.env.GLZ_CACHE = cache;
    }
  });

  it('know the labels that they were trained on, which are candidates where no others are given', async () => {
    const folder = await writeTinyCheckpoint();
    const path = join(folder, 'config.json');
    const config = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    const without = await GliZNet.load(folder);
    expect(without.labels).toBeUndefined();
    await expect(without.classify(['a'])).rejects.toThrow('labels are missing: the checkpoint was not trained on labels of its own');
    const expected = await without.classify(texts, labels, { topK: 2 });
    await without.dispose();
    writeFileSync(path, JSON.stringify({ ...config, labels }));
    const own = await GliZNet.load(folder);
    expect(own.labels).toEqual(labels);
    expect(await own.classify(texts, undefined, { topK: 2 })).toEqual(expected);
    expect((await own.logits(['a']))[0].length).toBe(labels.length);
    await own.dispose();
    for (const wrong of [[], 'travel', ['travel', ''], ['travel', 'travel'], [1]]) {
      writeFileSync(path, JSON.stringify({ ...config, labels: wrong }));
      await expect(GliZNet.load(folder)).rejects.toThrow(/config\.json: field "labels" is .*, expected a list of labels, each once/);
    }
  });

  it('name what is missing or wrong', async () => {
    const broken = async (change: (folder: string) => void): Promise<string> => {
      const folder = await writeTinyCheckpoint();
      change(folder);
      return GliZNet.load(folder).then(
        () => 'loaded',
        (error: Error) => `${error.name}: ${error.message}`,
      );
    };
    const edit = (folder: string, change: (config: { gliznet: Record<string, unknown>; encoder?: unknown }) => void) => {
      const path = join(folder, 'config.json');
      const config = JSON.parse(readFileSync(path, 'utf8')) as { gliznet: Record<string, unknown> };
      change(config);
      writeFileSync(path, JSON.stringify(config));
    };
    expect(
      await broken((folder) =>
        edit(folder, (config) => {
          config.gliznet.similarity = 'psychic';
        }),
      ),
    ).toMatch(/DataError: .*gliznet\.similarity.*one of/);
    expect(
      await broken((folder) =>
        edit(folder, (config) => {
          config.gliznet.projection = 17;
        }),
      ),
    ).toMatch(/tensor "projection\.weight" has the shape \[16,32\], the configuration asks for \[17,32\]/);
    expect(
      await broken((folder) =>
        edit(folder, (config) => {
          delete config.encoder;
        }),
      ),
    ).toMatch(/no "encoder"/);
    expect(await broken((folder) => writeFileSync(join(folder, 'tokenizer.json'), '{'))).toMatch(/DataError: .*tokenizer\.json/);
    expect(await broken((folder) => writeFileSync(join(folder, 'model.safetensors'), 'short'))).toMatch(/DataError: .*model\.safetensors/);
    expect(
      await broken((folder) => {
        const weights = readCheckpointWeights(folder);
        weights.delete('similarity.bias');
        writeSafetensors(join(folder, 'model.safetensors'), weights);
      }),
    ).toMatch(/tensor "similarity\.bias" is missing/);
    expect(
      await broken((folder) => {
        const weights = readCheckpointWeights(folder);
        const { shape, data } = weights.get('projection.weight')!;
        weights.set('projection.weight', { shape, data: new Int32Array(data.length) });
        writeSafetensors(join(folder, 'model.safetensors'), weights);
      }),
    ).toMatch(
      /model\.safetensors: tensor "projection\.weight" holds whole numbers and no scales for them \(projection\.weight\.row_scale, or of 4 bits projection\.weight\.block_scale\)/,
    );
  });

  it('are refused where their weights are of more layers than their configuration: other scores would come out', async () => {
    const folder = await writeTinyCheckpoint();
    const path = join(folder, 'config.json');
    const config = JSON.parse(readFileSync(path, 'utf8')) as { encoder: object };
    writeFileSync(path, JSON.stringify({ ...config, encoder: { ...config.encoder, num_hidden_layers: 1 } }));
    await expect(GliZNet.load(folder)).rejects.toThrow(
      /model\.safetensors: tensor ".*layer\.1\..*" is of a layer that the configuration does not have$/,
    );
  });

  it.each([801, 700])('are refused with a tokenizer of %i words and a table of 800: others would be read', async (size) => {
    const folder = await writeTinyCheckpoint();
    const path = join(folder, 'tokenizer.json');
    const json = JSON.parse(readFileSync(path, 'utf8')) as { model: { vocab: Record<string, number> } };
    const vocab = Object.fromEntries(Object.entries({ ...json.model.vocab, 'one more': 800 }).filter(([, id]) => id < size));
    writeFileSync(path, JSON.stringify({ ...json, model: { ...json.model, vocab } }));
    await expect(GliZNet.load(folder)).rejects.toThrow(
      `${folder}: its tokenizer has ${size} words, and its model a table of 800 (config.json, field "encoder.vocab_size"): they do not belong together`,
    );
  });

  it('may have more than the model reads', async () => {
    const folder = await writeTinyCheckpoint();
    const weights = readCheckpointWeights(folder);
    writeSafetensors(join(folder, 'model.safetensors'), weights.set('encoder.pooler.dense.bias', { shape: [1], data: Float32Array.of(1) }));
    await (await GliZNet.load(folder)).dispose();
  });

  it.each<[object, string]>([
    [{ calibration: { temperature: 0, bias: 0 } }, 'x: field "gliznet.calibration.temperature" is 0, expected a number above 0'],
    [{ calibration: 1 }, 'x: field "gliznet.calibration.temperature" is undefined, expected a number above 0'],
    [{ maxLength: 1e9 }, 'x: field "gliznet.maxLength" is 1000000000, expected a whole number from 16 to 1048576'],
    [{ projection: '16' }, 'x: field "gliznet.projection" is "16", expected a whole number from 1 to 65536 or null'],
    [{ crossAttention: 'both' }, 'x: field "gliznet.crossAttention" is "both", expected one of free, gated, one-way, late'],
    [{ topLayers: 2 }, 'x: field "gliznet.topLayers" is not known; the checkpoint may be of a newer version than this one'],
    [{ textPooling: undefined }, 'x: field "gliznet.textPooling" is undefined, expected one of cls, mean'],
  ])('refuse options with %j', (wrong, message) => {
    expect(() => parseOptions({ ...ARTICLE_OPTIONS, ...wrong }, 'x')).toThrow(message);
  });

  it('have what they meant before there was an option that they do not name', () => {
    const {
      crossAttention: _,
      labelsPerGroup: _labels,
      upperLayers: _upper,
      setAttention: _set,
      ...older
    } = { ...ARTICLE_OPTIONS, textPooling: 'mean' };
    expect(parseOptions(older, 'x')).toEqual({ ...ARTICLE_OPTIONS, textPooling: 'mean' });
  });

  it('may be moved', async () => {
    const folder = await writeTinyCheckpoint();
    const moved = join(temporaryFolder(), 'moved');
    cpSync(folder, moved, { recursive: true });
    expect(dirname(moved)).not.toBe(dirname(folder));
    const model = await GliZNet.load(moved);
    await model.dispose();
  });
});

describe('GliZNet', () => {
  it('gives each of many overlapping calls its own results', async () => {
    const model = await GliZNet.load(await writeTinyCheckpoint());
    const calls = Array.from({ length: 12 }, (_, i) => ({
      texts: texts.map((text) => `${text} ${i}`),
      labels: labels.slice(0, 2 + (i % 3)),
    }));
    const together = await Promise.all(calls.map((call) => model.classify(call.texts, call.labels)));
    for (const [i, call] of calls.entries()) expect(together[i]).toEqual(await model.classify(call.texts, call.labels));
    await model.dispose();
    await model.dispose();
    await expect(model.classify(['a'], ['b'])).rejects.toThrow(/disposed/);
  });

  it('does not depend on the order of labels beyond their positions in the sequence, nor on other texts of a call', async () => {
    const model = await GliZNet.load(await writeTinyCheckpoint());
    const [alone] = await model.logits([texts[0]], labels);
    const [among] = await model.logits([...texts, 'a very much longer text '.repeat(9)], labels);
    for (const [k, logit] of alone.entries()) expect(among[k]).toBeCloseTo(logit, 4);
    await model.dispose();
  });

  it('holds back labels that win too often over the texts of a call', async () => {
    const model = await GliZNet.load(await writeTinyCheckpoint());
    const many = Array.from({ length: 60 }, (_, i) => `${texts[i % texts.length]} ${i}`);
    const spread = async (balance?: number) => {
      const results = await model.classify(many, labels, { balance });
      const shares = labels.map((label) => results.reduce((sum, each) => sum + each.scores[each.labels.indexOf(label)] / many.length, 0));
      return Math.max(...shares) - Math.min(...shares);
    };
    expect(await spread(0)).toBe(await spread());
    expect(await spread(1)).toBeLessThan((await spread()) / 2);
    await expect(model.classify(many, labels, { balance: 2 })).rejects.toThrow(/from 0 to 1/);
    await expect(model.classify(['a'], labels, { balance: 0.7, multiLabel: true })).rejects.toThrow(
      /one list of labels of which one is right/,
    );
    await expect(model.classify(['a'], [['x']], { balance: 0.7 })).rejects.toThrow(/one list of labels/);
    await model.dispose();
  });

  it('takes one label list for each text and names what is wrong', async () => {
    const model = await GliZNet.load(await writeTinyCheckpoint());
    const results = await model.classify(['a', 'b'], [['x', 'y'], ['z']]);
    expect(results.map((result) => result.labels.length)).toEqual([2, 1]);
    expect(await model.classify([], ['x'])).toEqual([]);
    expect(await model.classify([], [])).toEqual([]);
    expect(await model.logits([], [])).toEqual([]);
    await expect(model.classify(['a'], [])).rejects.toThrow(/no labels/);
    await expect(model.classify(['a'], ['x', 'x'])).rejects.toThrow(/occurs twice/);
    await expect(model.classify(['a', 'b'], [['x']])).rejects.toThrow(/1 label lists for 2 texts/);
    await expect(model.classify([5 as unknown as string], ['x'])).rejects.toThrow(/list of strings/);
    await model.dispose();
  });

  it('refuses options out of their range by name', async () => {
    const model = await GliZNet.load(await writeTinyCheckpoint());
    const wrong = {
      topK: [-1, 0, 1.5, Number.NaN, '2'],
      threshold: [Number.NaN, -0.1, 1.1, '0.5'],
      balance: [Number.NaN, 2],
      windows: [Number.NaN, 0, 1.5],
      shortlist: [Number.NaN, -1, 0.5],
      batchSize: [Number.NaN, 0, -1],
      multiLabel: ['no', 1],
    };
    for (const [name, values] of Object.entries(wrong))
      for (const value of values) {
        const refused = expect.objectContaining({ name: 'UsageError', message: expect.stringMatching(new RegExp(`^${name} must be`)) });
        await expect(model.classify(['a'], labels, { [name]: value })).rejects.toEqual(refused);
        if (['windows', 'shortlist', 'batchSize', 'multiLabel'].includes(name))
          await expect(model.logits(['a'], labels, { [name]: value })).rejects.toEqual(refused);
      }
    const least = { topK: 1, threshold: 0, balance: 0, windows: 1, shortlist: 0, batchSize: 1 };
    expect((await model.classify(['a'], labels, least))[0].labels).toHaveLength(1);
    await model.dispose();
  });

  it('refuses options that there are none of, naming the nearest', async () => {
    const folder = await writeTinyCheckpoint();
    const model = await GliZNet.load(folder);
    const misspelt = { topk: 1 } as object;
    await expect(model.classify(['a'], labels, misspelt)).rejects.toThrow('classify has no option "topk"; did you mean "topK"?');
    await expect(model.logits(['a'], labels, { windws: 1 } as object)).rejects.toThrow(
      'logits has no option "windws"; did you mean "windows"?',
    );
    await model.dispose();
    const refused = (settings: object, message: string) =>
      expect(GliZNet.load(folder, settings)).rejects.toEqual(expect.objectContaining({ name: 'UsageError', message }));
    await refused({ provider: 'nope' }, 'provider must be one of cpu, webgpu, cuda, coreml, dml, not "nope"');
    await refused({ threads: -1 }, 'threads must be a whole number from 1 to 1024, not -1');
    await refused({ precision: 'fp16' }, 'precision must be one of auto, fp32, int8, not "fp16"');
    await refused({ note: 'quiet' }, 'note must be a function, not "quiet"');
    await refused({ thread: 1 }, 'load has no option "thread"; did you mean "threads"?');
    await expect(GliZNet.load({ threads: 1 } as unknown as string)).rejects.toThrow('checkpoint must be text, not an object');
  });
});

/** Labelling a stream of records: its order, its progress, and how it ends early. */

import { DataError } from '../../../src/base/errors.ts';
import { type Classifier, createClassifier } from '../../../src/classify/classifier.ts';
import { type PredictOptions, predictRecords } from '../../../src/classify/records/predict-records.ts';
import type { SentenceEmbedder } from '../../../src/classify/session-embedder.ts';
import type { SourceRecord } from '../../../src/data/read-records.ts';
import { membersJson, type RecordMember } from '../../../src/data/record-members.ts';
import { ARTICLE_OPTIONS } from '../../../src/model/options.ts';
import { loadTokenizer } from '../../../src/text/tokenizer/tokenizer.ts';
import { TINY_ENCODER } from '../../tiny-checkpoint.ts';

/** A classifier whose batches are told of, with their texts, and whose model says nothing. */
const classifierOf = async (
  onBatch: (texts: number) => void = () => {},
  makeEmbedder?: () => Promise<SentenceEmbedder>,
): Promise<Classifier> =>
  createClassifier(
    await loadTokenizer(TINY_ENCODER),
    ARTICLE_OPTIONS,
    {
      source: 'test',
      batchTokens: 1024,
      score: async ({ batch, labels }) => {
        onBatch(batch);
        await new Promise((resolve) => setImmediate(resolve));
        return new Float32Array(batch * labels);
      },
      dispose: async () => {},
    },
    'fp32',
    makeEmbedder,
  );

const record = (id: number): SourceRecord => ({ line: id + 1, fields: { id, text: `the train was ${'very '.repeat((7 * id) % 13)}late` } });
async function* recordsOf(count: number, end?: () => Promise<void> | never): AsyncGenerator<SourceRecord> {
  for (let id = 0; id < count; id++) yield record(id);
  await end?.();
}

const OPTIONS: PredictOptions = { labels: { labels: ['travel', 'film'] }, batchSize: 8, source: 'test' };
const ids = (records: readonly Record<string, unknown>[]) => records.map(({ id }) => Number(id));
const upTo = (count: number) => Array.from({ length: count }, (_, id) => id);

/** All that comes out, and the error that ends it. */
async function all(labelled: AsyncIterable<RecordMember[]>): Promise<{ out: Record<string, unknown>[]; error?: unknown }> {
  const out: Record<string, unknown>[] = [];
  try {
    for await (const each of labelled) out.push(JSON.parse(membersJson(each)) as Record<string, unknown>);
  } catch (error) {
    return { out, error };
  }
  return { out };
}

describe('predictRecords', () => {
  it('tells of its progress after each batch of a chunk', async () => {
    for (const count of [64, 100]) {
      let done = 0;
      const batches: number[] = [];
      const told: number[] = [];
      const classifier = await classifierOf((texts) => {
        done += texts;
        batches.push(done);
      });
      const labelled = predictRecords(classifier, recordsOf(count), { ...OPTIONS, onProgress: (texts) => told.push(texts) });
      // The first chunk is done before anything comes out.
      await labelled.next();
      expect([told.length > 7, told.at(-1)]).toEqual([true, 64]);
      await all(labelled);
      expect([told, told.at(-1)]).toEqual([batches, count]);
    }
  });

  it('stops after the batch that runs: what is labelled comes out in order, no other batch begins', async () => {
    const stop = new AbortController();
    let done = 0;
    const second: number[] = [];
    const classifier = await classifierOf((texts) => {
      if (done >= 64 && second.push(texts) === 3) stop.abort(); // the third batch of the second chunk
      done += texts;
    });
    const cutShort: number[][] = [];
    const onCutShort = (...counts: number[]) => void cutShort.push(counts);
    const { out, error } = await all(predictRecords(classifier, recordsOf(500), { ...OPTIONS, signal: stop.signal, onCutShort }));
    expect(error).toBeUndefined();
    expect(second).toHaveLength(3);
    expect(cutShort).toEqual([[done - 64, 256]]);
    expect(ids(out).slice(0, 64)).toEqual(upTo(64));
    expect(ids(out)).toEqual([...ids(out)].sort((a, b) => a - b));
    expect(new Set(ids(out)).size).toBe(done);
  });

  it('stops also while labels are chosen for a shortlist', async () => {
    const stop = new AbortController();
    let embedded = 0;
    const embedIds = async (each: readonly unknown[]) => {
      embedded += each.length;
      if (embedded > 64 + labels.length) stop.abort(); // in the second chunk
      return each.map(() => Float32Array.of(1, 0));
    };
    const makeEmbedder = async () => ({ embedIds, embed: async () => [], dispose: async () => {} });
    const labels = Array.from({ length: 20 }, (_, i) => `label ${i}`);
    const options = { ...OPTIONS, labels: { labels }, shortlist: 4, signal: stop.signal };
    const { out } = await all(predictRecords(await classifierOf(() => {}, makeEmbedder), recordsOf(500), options));
    expect(ids(out)).toEqual(upTo(64));
    expect(embedded).toBeLessThan(64 + 20 + 256);
  });

  it('stopped while it waits for records labels those it has read, and waits no longer', async () => {
    const stop = new AbortController();
    const forever = () => new Promise<void>(() => setTimeout(() => stop.abort(), 20));
    const { out, error } = await all(predictRecords(await classifierOf(), recordsOf(90, forever), { ...OPTIONS, signal: stop.signal }));
    expect([error, ids(out)]).toEqual([undefined, upTo(90)]);
  });

  it('labels what came before an error of reading', async () => {
    const broken = () => {
      throw new DataError('line 90: broken');
    };
    const { out, error } = await all(predictRecords(await classifierOf(), recordsOf(89, broken), OPTIONS));
    expect([(error as Error).message, ids(out)]).toEqual(['line 90: broken', upTo(89)]);
  });

  it('labels what came before a record whose labels do not fit, or all others', async () => {
    async function* own(): AsyncGenerator<SourceRecord> {
      for (let id = 0; id < 80; id++) {
        const { line, fields } = record(id);
        yield { line, fields: { ...fields, candidate_labels: id === 70 ? ['very long '.repeat(600), 'film'] : ['travel', 'film'] } };
      }
    }
    const options = { ...OPTIONS, labels: undefined };
    const { out, error } = await all(predictRecords(await classifierOf(), own(), options));
    expect([error instanceof DataError, ids(out)]).toEqual([true, upTo(70)]);
    const bad: DataError[] = [];
    const others = await all(predictRecords(await classifierOf(), own(), { ...options, onBadRecord: (each) => bad.push(each) }));
    expect([others.error, bad.length, ids(others.out)]).toEqual([undefined, 1, upTo(80).filter((id) => id !== 70)]);
  });
});

/**
 * A checkpoint as files for other runtimes: ONNX graphs, the tokenizer, a README on inputs and outputs, and one worked example with its
 * inputs and logits, so that whoever writes the other end can check it.
 */
import { join } from 'node:path';
import { DataError } from '../base/errors.ts';
import { writeFileAtomically } from '../base/files.ts';
import { type OwnNames, writeFolderAtomically } from '../base/whole-folders.ts';
import { type Classifier, createClassifier, layoutOf } from '../classify/classifier.ts';
import { deriveInferenceGraph, type GraphKind } from '../classify/inference-graph.ts';
import { createLateClassifier } from '../classify/late/late-classifier.ts';
import { createOnnxScorer } from '../classify/onnx-scorer.ts';
import { labelFeeds, labelFeedsAsTexts } from '../classify/sequence-feeds.ts';
import { type GliZNetOptions, readsAlike, readsTokens } from '../model/options.ts';
import { ALLOWED_ERROR } from '../runtime/int8/float-products.ts';
import { createGraphSession, type Feed, type GraphSession } from '../runtime/onnx-session.ts';
import { labelBatch } from '../text/separate-sequences.ts';
import type { Tokenizer } from '../text/tokenizer/tokenizer.ts';
import { readCheckpointConfig } from '../weights/checkpoint.ts';
import { loadCheckpointTokenizer } from '../weights/checkpoint-tokenizer.ts';
import { EXPORT_FILES, type ExportPrecision, exportReadme } from './export-readme.ts';
import { LATE_FILES, lateReadme } from './late-readme.ts';
import { EXAMPLE_LABELS, EXAMPLE_TEXT } from './worked-example.ts';

/** All that an export may consist of. */
export const EXPORT_NAMES: OwnNames = new Set([
  ...Object.values(EXPORT_FILES),
  ...Object.values(LATE_FILES),
  'tokenizer.json',
  'tokenizer_config.json',
  'example.json',
  'README.md',
]);

/** Protobuf messages end here. */
const LARGEST_FILE = 2 ** 31 - 1;

type Feeds = Record<string, Feed>;

/** The integers that the graphs were last fed, by what they read. */
type Recorded = Record<'texts' | 'labels' | 'scores', Feeds>;

/** A session of a graph that remembers what it was last fed, by the output that was asked for. */
async function recordedSession(chunks: Uint8Array[], recorded: Recorded, part?: keyof Recorded): Promise<GraphSession> {
  const session = await createGraphSession(Buffer.concat(chunks));
  return {
    ...session,
    run(feeds, outputs) {
      recorded[part ?? (outputs.includes('labels') ? 'labels' : 'texts')] = Object.fromEntries(
        Object.entries(feeds).filter(([, { data }]) => data instanceof Int32Array),
      );
      return session.run(feeds, outputs);
    },
  };
}

const plain = (feeds: Feeds) =>
  Object.fromEntries(Object.entries(feeds).map(([name, { shape, data }]) => [name, { shape, data: [...data] }]));

/** What the graph of labels is fed for the example. */
async function exampleLabels(tokenizer: Tokenizer, options: GliZNetOptions): Promise<Feeds> {
  const batch = labelBatch(await layoutOf(tokenizer, options), await tokenizer.encodeBatch(EXAMPLE_LABELS));
  return readsAlike(options) ? labelFeedsAsTexts(batch) : labelFeeds(batch);
}

/** Logits of the worked example; ends the classifier. */
async function exampleLogits(classifier: Classifier): Promise<number[]> {
  try {
    const [{ logits }] = await classifier.logits([{ text: EXAMPLE_TEXT, labels: EXAMPLE_LABELS }]);
    return [...logits];
  } finally {
    await classifier.dispose();
  }
}

/** How sequences are made for a model that reads labels once, for programs that make them: ids of tokens, limits, calibration. */
async function sequenceFacts(tokenizer: Tokenizer, options: GliZNetOptions) {
  const { special, markerIds, labelMaskOn, capacity, labelLimit } = await layoutOf(tokenizer, options);
  const { cls, sep, pad } = special;
  // What stands before and behind a text, and before and behind a label.
  const [before, behind] = markerIds.length > 0 ? [[markerIds[0]], []] : [[cls], [sep]];
  return {
    ...{ text_before: [cls], text_behind: [sep], label_before: before, label_behind: behind, pad },
    ...{ label_mask_on: labelMaskOn, most_text_tokens: capacity, most_label_tokens: labelLimit },
    calibration: options.calibration,
  };
}

/** Told how far an export is: see the library's `ExportOptions`. */
export interface ExportProgress {
  onGraph?: ((file: string, place: number, graphs: number) => void) | undefined;
  onProduct?: ((done: number, products: number) => void) | undefined;
  onMade?: ((file: string, bytes: number, seconds: number) => void) | undefined;
}

/**
 * Writes the files into a new folder, whole or not there.
 * @param folder a checkpoint's own folder
 * @throws DataError when the checkpoint cannot be read or the files cannot be written
 */
export async function writeExport(
  folder: string,
  output: string,
  precisions: readonly ExportPrecision[],
  { onGraph, onProduct, onMade }: ExportProgress = {},
): Promise<void> {
  const config = readCheckpointConfig(folder);
  const { options } = config;
  const isLate = options.crossAttention === 'late';
  const tokenizer = await loadCheckpointTokenizer(folder, config);
  const files = new Map<string, string | Uint8Array[]>();
  const hasLabels = isLate && !readsAlike(options);
  const graphs = precisions.length + (isLate ? 1 : 0) + (hasLabels ? 1 : 0);
  let place = 0;
  const derive = async (file: string, kind: GraphKind): Promise<Uint8Array[]> => {
    onGraph?.(file, ++place, graphs);
    const began = performance.now();
    const chunks = await deriveInferenceGraph(folder, config, kind, ALLOWED_ERROR, onProduct);
    const size = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
    if (size > LARGEST_FILE) throw new DataError(`${file} would be larger than the 2 GiB that one ONNX file can have`);
    files.set(file, chunks);
    onMade?.(file, size, (performance.now() - began) / 1000);
    return chunks;
  };
  const labels = hasLabels ? await derive(LATE_FILES.labels, 'labels') : [];
  const reading = isLate && readsTokens(options);
  const scores = isLate ? await derive(LATE_FILES.scores, reading ? 'readings' : 'scores') : [];
  const logits: Record<string, number[]> = {};
  let inputs: Record<string, unknown> = {};
  for (const precision of precisions) {
    const file = EXPORT_FILES[precision];
    const chunks = await derive(file, precision);
    const recorded: Recorded = { texts: {}, labels: {}, scores: {} };
    const texts = await recordedSession(chunks, recorded);
    const scorer = isLate ? await recordedSession(scores, recorded, 'scores') : undefined;
    const classifier = scorer
      ? await createLateClassifier(tokenizer, options, {
          texts,
          ...(hasLabels ? { labels: await recordedSession(labels, recorded) } : {}),
          ...{ scores: scorer, ...(reading ? { readings: scorer } : {}) },
        })
      : await createClassifier(tokenizer, options, createOnnxScorer(texts, folder));
    logits[file] = await exampleLogits(classifier);
    const fed = Object.fromEntries(Object.entries(recorded).map(([graph, feeds]) => [graph, plain(feeds)]));
    // The compiler reads labels by length; a reader of the example wants them in their order.
    inputs = isLate ? { ...fed, labels: plain(await exampleLabels(tokenizer, options)) } : fed.texts;
  }
  files.set('tokenizer.json', tokenizer.json);
  files.set('tokenizer_config.json', tokenizer.configJson);
  const sequences = isLate ? { sequences: await sequenceFacts(tokenizer, options) } : {};
  files.set('example.json', `${JSON.stringify({ text: EXAMPLE_TEXT, labels: EXAMPLE_LABELS, inputs, logits, ...sequences })}\n`);
  files.set('README.md', await (isLate ? lateReadme : exportReadme)(tokenizer, config, precisions));
  writeFolderAtomically(output, EXPORT_NAMES, (temporary) => {
    for (const [name, content] of files) writeFileAtomically(join(temporary, name), content);
  });
}

/**
 * A checkpoint folder made ready to classify: tokenizer, derived graph out of the cache, session. The way to a first prediction is
 * kept short: what only the first load of a checkpoint needs (tfjs, weights) is imported when it is needed.
 */
import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DataError, errorMessage } from '../base/errors.ts';
import { refuseBrokenLink } from '../base/files.ts';
import { readsAlike, readsTokens } from '../model/options.ts';
import { checkOptions } from '../options/check.ts';
import { LOAD_OPTIONS } from '../options/predict.ts';
import { shippedFolder } from '../options/shipped-checkpoint.ts';
import { cacheFolder, derivedFile } from '../runtime/graph-cache.ts';
import { littleMemory } from '../runtime/little-memory.ts';
import { loadRuntime } from '../runtime/load-runtime.ts';
import { createGraphSession, type GraphSession } from '../runtime/onnx-session.ts';
import { createSessionPool, sessionsFor } from '../runtime/session-pool.ts';
import type { Tokenizer } from '../text/tokenizer/tokenizer.ts';
import { createUnknownScript } from '../text/tokenizer/unknown-script.ts';
import { type CheckpointConfig, checkpointFolder, checkpointHash, readCheckpointConfig, WEIGHTS } from '../weights/checkpoint.ts';
import { loadCheckpointTokenizer } from '../weights/checkpoint-tokenizer.ts';
import { type Classifier, createClassifier } from './classifier.ts';
import { createLateClassifier } from './late/late-classifier.ts';
import type { LoadSettings } from './library-types.ts';
import { madeUpFeeds } from './made-up-feeds.ts';
import { createOnnxScorer } from './onnx-scorer.ts';
import { createSessionEmbedder, type SentenceEmbedder } from './session-embedder.ts';

/** A classifier of a checkpoint folder. */
export interface LoadedClassifier extends Classifier {
  /** Hash of all that its scores depend on: weights, options, calibration, tokenizer, precision. */
  identity: string;
  /** The labels that the checkpoint was trained on, if it says so. */
  labels?: readonly string[];
  /** The script that a text is in, where the vocabulary knows little of it: its scores then mean little. */
  unknownScript(text: string): string | undefined;
}

/** The same, which names scripts of which the vocabulary knows little, in results too. */
function namingScripts(
  classifier: Classifier,
  unknownScript: LoadedClassifier['unknownScript'],
): Classifier & Pick<LoadedClassifier, 'unknownScript'> {
  return {
    ...classifier,
    unknownScript,
    async logits(requests, options) {
      const results = await classifier.logits(requests, options);
      for (const [row, result] of results.entries()) {
        const script = unknownScript(requests[row].text);
        if (script !== undefined) result.unknownScript = script;
      }
      return results;
    },
  };
}

/** Tokens of a text that its embedding for the shortlist is made of. */
const EMBEDDED_TOKENS = 256;

/** The local folder of a checkpoint: itself, one that ships by its name, or a hub id's snapshot, downloaded once. @throws DataError when there is none. */
export async function localCheckpoint(path: string, note: LoadSettings['note']): Promise<string> {
  // A path that is there wins; only a name that is none may go to the network.
  if (existsSync(path)) return checkpointFolder(path);
  refuseBrokenLink(path);
  const shipped = shippedFolder(path);
  if (shipped !== undefined) return checkpointFolder(shipped);
  const { isHubId, noSuchFolder, resolveModelFolder } = await import('../weights/hub/hub.ts');
  if (!path.includes('/') || !isHubId(path)) throw noSuchFolder(path);
  return checkpointFolder(await resolveModelFolder(path, { note }));
}

/**
 * The embedder of a checkpoint's own encoder, by which shortlists are made.
 * @param hash of the checkpoint in the folder
 */
export async function checkpointEmbedder(
  hash: string,
  folder: string,
  config: CheckpointConfig,
  tokenizer: Tokenizer,
  { threads, provider }: Pick<LoadSettings, 'threads' | 'provider'> = {},
): Promise<SentenceEmbedder> {
  const graph = await derivedFile(hash, 'embedding', async () => {
    const { deriveInferenceGraph } = await import('./inference-graph.ts');
    return deriveInferenceGraph(folder, config, 'embedding');
  });
  const maxLength = Math.min(EMBEDDED_TOKENS, config.options.maxLength, tokenizer.modelMaxLength);
  return createSessionEmbedder({ session: await createGraphSession(graph, { threads, provider }), tokenizer, maxLength });
}

/** Sequences that the precisions are timed on: they take a moment. */
const TIMED_SEQUENCES = 4;

/** What derives and opens the graphs that are timed. */
interface TimedCheckpoint {
  hash: string;
  config: CheckpointConfig;
  derived(precision: 'fp32' | 'int8'): Promise<string | Uint8Array>;
  note: LoadSettings['note'];
}

/** The precision that is faster on this processor: as measured before, or measured now. */
async function fasterPrecision({ hash, config, derived, note }: TimedCheckpoint): Promise<'fp32' | 'int8'> {
  const { keptPrecision, measurePrecision } = await import('../runtime/faster-precision.ts');
  let found = keptPrecision(hash);
  if (!found) {
    const [fp32, int8] = [await derived('fp32'), await derived('int8')];
    const sessions = { fp32: await createGraphSession(fp32, { threads: 1 }), int8: await createGraphSession(int8, { threads: 1 }) };
    try {
      const { inputs } = sessions.fp32;
      const feeds = madeUpFeeds(inputs, Number(config.encoder.vocab_size), config.options.maxLength, TIMED_SEQUENCES);
      found = await measurePrecision(hash, sessions, feeds);
    } finally {
      await Promise.all([sessions.fp32.dispose(), sessions.int8.dispose()]);
    }
  }
  note?.(`precision auto: ${found.precision}; int8 is ${found.gain.toFixed(2)} times as fast as fp32 on this processor`);
  return found.precision;
}

/** What is said where a graph could not be written: that it is made once holds no more. */
function notKept(path: string): string {
  const cache = cacheFolder();
  const why = cache === undefined ? 'this user has no home folder' : `${cache} cannot be written`;
  return `note: ${why}: ${path} is prepared again at each start; GLZ_CACHE names a folder that keeps it`;
}

/** How many sessions of a graph suit the machine. */
const sessionsBeside = (graph: string | Uint8Array, most: number | undefined): number =>
  sessionsFor(typeof graph === 'string' ? statSync(graph).size : graph.length, most);

/**
 * Loads a checkpoint: a folder, the output folder of a training run, or a hub id.
 * @throws DataError naming the file that is missing or broken; UsageError for a setting that there is none of, or a value out of its range.
 */
export async function loadClassifier(path: string, settings: LoadSettings = {}): Promise<LoadedClassifier> {
  checkOptions(LOAD_OPTIONS, settings, 'load');
  const { precision, threads, provider, sessions, labelMemory, note } = settings;
  const folder = await localCheckpoint(path, note);
  const config = readCheckpointConfig(folder);
  const tokenizer = loadCheckpointTokenizer(folder, config);
  // Awaited below; a failure of the graph must not leave this one unheard.
  tokenizer.catch(() => {});
  // So does the runtime, which loads while the cached graph is read and hashed on other threads.
  loadRuntime().catch(() => {});
  const hash = checkpointHash(folder, config, cacheFolder());
  const parameters = async () => (await import('../weights/formats/safetensors.ts')).safetensorsSize(join(folder, WEIGHTS)).elements;
  const noteMemory = async (kind: 'fp32' | 'int8', step: 'prepare' | 'run') => {
    const line = note && (await littleMemory(path, kind, step, parameters));
    if (line) note?.(line);
  };
  const derivedIn = (kind: 'fp32' | 'int8') =>
    derivedFile(hash, kind, async () => {
      await noteMemory(kind, 'prepare');
      note?.(`preparing ${path} for this machine (once${kind === 'int8' ? ', in 8 bits' : ''})`);
      const { deriveInferenceGraph } = await import('./inference-graph.ts');
      return deriveInferenceGraph(folder, config, kind);
    });
  // What was timed is the processor; 8-bit products are made for it.
  const isTimed = precision === 'auto' && (provider ?? 'cpu') === 'cpu';
  const given = precision === 'auto' ? undefined : precision;
  const chosen = isTimed ? await fasterPrecision({ hash, config, derived: derivedIn, note }) : (given ?? config.precision);
  await noteMemory(chosen, 'run');
  const graph = await derivedIn(chosen);
  if (typeof graph !== 'string') note?.(notKept(path));
  const opened: GraphSession[] = [];
  const open = async (file: string | Uint8Array, most = threads): Promise<GraphSession> => {
    try {
      opened.push(await createGraphSession(file, { threads: most, provider }));
    } catch (error) {
      throw new DataError(`${folder}: ONNX Runtime cannot load the graph: ${errorMessage(error)}`);
    }
    return opened[opened.length - 1];
  };
  const described = (classifier: Classifier, { json, byteLevel }: Tokenizer): LoadedClassifier => ({
    ...namingScripts(classifier, createUnknownScript(json, byteLevel)),
    identity: createHash('sha256')
      .update(JSON.stringify([hash, config.options.calibration, chosen, json]))
      .digest('hex'),
    labels: config.labels,
  });
  try {
    const texts = await open(graph);
    if (config.options.crossAttention === 'late') {
      const derived = async (kind: 'labels' | 'scores' | 'readings' | 'parts', most = threads) =>
        open(
          await derivedFile(hash, kind, async () => (await import('./inference-graph.ts')).deriveInferenceGraph(folder, config, kind)),
          most,
        );
      const labels = readsAlike(config.options) ? { parts: () => derived('parts') } : { labels: await derived('labels') };
      const scores = await derived('scores');
      const few = config.options.upperLayers === 0 && threads !== 1 ? { fewScores: await derived('scores', 1) } : {};
      const textPool = createSessionPool(texts, graph, (provider ?? 'cpu') === 'cpu' ? sessionsBeside(graph, sessions ?? threads) : 1);
      const readings = readsTokens(config.options) ? { readings: await derived('readings', 1) } : {};
      const late = { texts, textPool, ...labels, scores, ...readings, ...few };
      const ready = await tokenizer;
      // Calibration changes no vector, the tokenizer does; so does the precision where one graph reads texts and labels.
      const read = readsAlike(config.options) && chosen !== 'fp32' ? `${hash} ${chosen}` : hash;
      const identity = createHash('sha256').update(`${read}\n${ready.json}`).digest('hex');
      const onProgress = (done: number, labels: number) => note?.(`labels read: ${done} of ${labels}`);
      const memory = labelMemory === undefined ? undefined : labelMemory * 1e6;
      const reading = { precision: chosen, source: folder, identity, memory, onProgress };
      return described(await createLateClassifier(ready, config.options, late, reading), ready);
    }
    const ready = await tokenizer;
    // Made when a label set is first long enough to need it.
    const embedder = () => checkpointEmbedder(hash, folder, config, ready, { threads, provider });
    const classifier = await createClassifier(ready, config.options, createOnnxScorer(texts, folder), chosen, embedder);
    return described(classifier, ready);
  } catch (error) {
    await Promise.all(opened.map((session) => session.dispose()));
    throw error;
  }
}

/** The systems of bench/peers.ts that run on ONNX Runtime in its own process: glz, and what its encoder does without it. */

import { checkpointEmbedder, loadClassifier } from '../../src/classify/load-classifier.ts';
import { choiceProbabilities } from '../../src/classify/probabilities.ts';
import { COSINE_SCALE } from '../../src/eval/systems/embeddings.ts';
import { createPairClassifier } from '../../src/eval/systems/models/pair-classifier.ts';
import { createSequenceClassifier } from '../../src/eval/systems/models/sequence-classifier.ts';
import { entailmentIndex, NLI_TEMPLATE, nliScores } from '../../src/eval/systems/nli.ts';
import { cosines, rememberVectors } from '../../src/eval/systems/sentence-embeddings.ts';
import { fillTemplate, softmaxRows } from '../../src/eval/systems/system.ts';
import { cacheFolder, derivedFile } from '../../src/runtime/graph-cache.ts';
import { BATCH_TOKENS, lengthBatches } from '../../src/runtime/length-batches.ts';
import { createGraphSession, type Feed } from '../../src/runtime/onnx-session.ts';
import type { Tokenizer } from '../../src/text/tokenizer/tokenizer.ts';
import { type CheckpointConfig, checkpointHash } from '../../src/weights/checkpoint.ts';
import type { EncoderClassifier } from './encoder-classifier.ts';
import { type Peer, peerOf } from './peer.ts';

/** What the systems are made of. */
export interface OnnxPeerRequest {
  /** The checkpoint's folder. */
  folder: string;
  config: CheckpointConfig;
  tokenizer: Tokenizer;
  threads: number;
}

/** Texts in one batch at most, as `glz predict` has it. */
const BATCH_TEXTS = 32;

/** glz as a library call: probabilities of all labels. */
export async function glzPeer({ folder, threads }: OnnxPeerRequest, precision: 'fp32' | 'int8'): Promise<Peer> {
  const classifier = await loadClassifier(folder, { threads, precision });
  return peerOf(
    `glz ${precision}`,
    async (texts, labels) => {
      const scored = await classifier.logits(texts.map((text) => ({ text, labels })));
      return scored.map(({ logits }) => choiceProbabilities(logits));
    },
    () => classifier.dispose(),
  );
}

/** The cosine of text and label of the plain encoder, each label embedded once. */
export async function cosinePeer({ folder, config, tokenizer, threads }: OnnxPeerRequest): Promise<Peer> {
  const hash = checkpointHash(folder, config, cacheFolder());
  const embedder = await checkpointEmbedder(hash, folder, config, tokenizer, { threads });
  const embedLabels = rememberVectors((labels) => embedder.embed(labels));
  return peerOf(
    'cosine of the encoder',
    async (texts, labels) => {
      const labelVectors = await embedLabels(labels);
      return softmaxRows(cosines(await embedder.embed(texts), labelVectors), labels.length, COSINE_SCALE);
    },
    () => embedder.dispose(),
  );
}

/**
 * The floor of everything that reads texts with this encoder: its graph alone, in a loop over batches of ids that are made beforehand. Labels do not
 * occur. Made for the texts that it will be given, as these are in glz's batches.
 */
export async function floorPeer({ folder, config, tokenizer, threads }: OnnxPeerRequest, texts: readonly string[]): Promise<Peer> {
  // The cosine's graph, which is made where it is not in the cache yet.
  const hash = checkpointHash(folder, config, cacheFolder());
  const graph = await derivedFile(hash, 'embedding', async () => {
    const { deriveInferenceGraph } = await import('../../src/classify/inference-graph.ts');
    return deriveInferenceGraph(folder, config, 'embedding');
  });
  const session = await createGraphSession(graph, { threads });
  const { cls, sep, pad } = tokenizer.special;
  const feedsOf = (rows: readonly Int32Array[]): Record<string, Feed> => {
    const length = Math.max(...rows.map((row) => row.length)) + 2;
    const shape = [rows.length, length];
    const ids = new Int32Array(rows.length * length).fill(pad); // [B, T]
    const mask = new Int32Array(ids.length); // [B, T]
    for (const [at, row] of rows.entries()) {
      ids.set([cls, ...row, sep], at * length);
      mask.fill(1, at * length, at * length + row.length + 2);
    }
    const positions = { data: Int32Array.from({ length }, (_, i) => i), shape: [length] };
    return { input_ids: { data: ids, shape }, attention_mask: { data: mask, shape }, positions };
  };
  const encoded = await tokenizer.encodeBatch(texts);
  const longestFirst = [...encoded].sort((a, b) => b.length - a.length);
  const limits = { tokens: BATCH_TOKENS.processor, rows: BATCH_TEXTS };
  const batches = [...lengthBatches(longestFirst, ({ length }) => length + 2, limits)].map(feedsOf);
  const alone = new Map(texts.map((text, at) => [text, [feedsOf([encoded[at]])]]));
  return peerOf(
    'encoder alone',
    async (part) => {
      for (const feeds of part.length === 1 ? alone.get(part[0])! : batches) await session.run(feeds, ['embedding']);
    },
    () => session.dispose(),
  );
}

/** An NLI cross-encoder: one pass a label, on ONNX Runtime. */
export async function nliPeer(model: EncoderClassifier, tokenizer: Tokenizer, threads: number): Promise<Peer> {
  const classifier = await createPairClassifier({
    model: createSequenceClassifier(model.config),
    weights: model.weights,
    tokenizer,
    session: { threads },
  });
  const entailment = entailmentIndex(model.config);
  return peerOf(
    'NLI cross-encoder',
    async (texts, labels) => {
      const hypotheses = labels.map((label) => fillTemplate(NLI_TEMPLATE, label));
      const pairs = texts.flatMap((text) => hypotheses.map((hypothesis): [string, string] => [text, hypothesis]));
      return nliScores(await classifier.logits(pairs), texts.length, labels.length, classifier.classes, entailment);
    },
    () => classifier.dispose(),
  );
}

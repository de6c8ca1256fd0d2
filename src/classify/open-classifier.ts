/** A classifier of a model in memory, without a checkpoint or cached graphs: what a run that trains evaluates with. */
import { ENCODER_PREFIX } from '../model/gliznet.ts';
import type { GraphSession } from '../runtime/onnx-session.ts';
import type { Tokenizer } from '../text/tokenizer/tokenizer.ts';
import type { TraceRequest } from '../trace/trace.ts';
import type { FloatWeights } from '../weights/checkpoint.ts';
import { type Classifier, createClassifier } from './classifier.ts';
import { type GliZNetModel, inferenceFunction } from './gliznet-graph.ts';
import { createLateClassifier } from './late/late-classifier.ts';
import { lateFunctions } from './late/late-graphs.ts';
import { createOnnxScorer } from './onnx-scorer.ts';
import { createSentenceEmbedder } from './sentence-embedder.ts';

/** Classifies with these weights as `glz predict` would, where `createSession` runs graphs. */
export async function openClassifier(
  model: GliZNetModel & { tokenizer: Tokenizer },
  weights: FloatWeights,
  createSession: (pass: TraceRequest) => Promise<GraphSession>,
): Promise<Classifier> {
  const { encoder, options, tokenizer } = model;
  if (options.crossAttention === 'late') {
    const { texts, labels, scores, readings, parts } = lateFunctions(model, weights);
    return createLateClassifier(tokenizer, options, {
      texts: await createSession(texts),
      ...(labels ? { labels: await createSession(labels) } : {}),
      scores: await createSession(scores),
      ...(readings ? { readings: await createSession(readings) } : {}),
      ...(parts ? { parts: () => createSession(parts) } : {}),
    });
  }
  // Shortlists are made with the model's own encoder.
  const embedder = () =>
    createSentenceEmbedder({
      encoder,
      weights: new Map([...weights].map(([name, tensor]) => [name.replace(ENCODER_PREFIX, ''), tensor])),
      tokenizer,
      createSession,
    });
  return createClassifier(tokenizer, options, createOnnxScorer(await createSession(inferenceFunction(model, weights))), 'fp32', embedder);
}

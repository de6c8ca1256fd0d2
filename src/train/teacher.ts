/**
 * The teacher of distillation: the start encoder's own embedding similarity of a text and its labels, as a distribution over the
 * labels of an example. Keeps fine-tuning from forgetting what the encoder knew. Label embeddings are computed once.
 */
import type { SentenceEmbedder } from '../engine/sentence-embedder.ts';
import type { Dataset } from './dataset.ts';
import type { SampledBatch } from './sampling.ts';

/** Gives the teacher's distribution [B, N] of a batch; rows of sources without distillation are 0. */
export interface Teacher {
  distribution(sampled: SampledBatch): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** Makes a teacher; owns the embedder, whose vectors have `width` elements. `scale` multiplies the cosine before the softmax. */
export function createTeacher(embedder: SentenceEmbedder, width: number, dataset: Dataset, scale: number): Teacher {
  const known = new Uint8Array(dataset.labelNames.length);
  const vectors = new Float32Array(dataset.labelNames.length * width);
  return {
    async distribution({ batch, examples }) {
      const taught = [...examples.keys()].filter((row) => dataset.sources[examples[row].source].distill);
      const missing = [...new Set(taught.flatMap((row) => examples[row].labels))].filter((label) => !known[label]);
      const embedded = await embedder.embedIds(missing.map((label) => dataset.labelIds.at(label)));
      for (const [at, label] of missing.entries()) {
        vectors.set(embedded[at], label * width);
        known[label] = 1;
      }
      const texts = await embedder.embedIds(taught.map((row) => dataset.sources[examples[row].source].texts.at(examples[row].row)));
      const result = new Float32Array(batch.batch * batch.labels); // [B, N]
      for (const [at, row] of taught.entries()) {
        const { labels } = examples[row];
        const text = texts[at];
        const scores = labels.map((label) => {
          let cosine = 0;
          for (let i = 0; i < width; i++) cosine += text[i] * vectors[label * width + i];
          return Math.exp(scale * (cosine - 1));
        });
        const sum = scores.reduce((a, b) => a + b, 0);
        for (const [k, score] of scores.entries()) result[row * batch.labels + k] = score / sum;
      }
      return result;
    },
    dispose: () => embedder.dispose(),
  };
}

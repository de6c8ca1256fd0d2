/** Sentence embeddings: the cosine of text and label, with or without a template around the label. */

import { cosines, loadSentenceVectors } from './sentence-embeddings.ts';
import { fillTemplate, type System, type SystemKind, softmaxRows } from './system.ts';
import { templateOption, wordOption } from './system-spec.ts';

/** Factor on cosines before the softmax: the scale that sentence-transformers trains with. Changes probabilities, never the order. */
export const COSINE_SCALE = 20;

/** Sentence embeddings by cosine. */
export const EMBEDDINGS: SystemKind = {
  description: 'sentence embeddings, cosine of text and label (mean or cls pooling)',
  defaultModel: 'sentence-transformers/all-MiniLM-L6-v2',
  takesModel: true,
  modelSource: 'folder',
  options: {
    template: 'sentence with {} for the label (default: the bare label, whatever --template or a suite says)',
    pooling: 'mean or cls, where the folder does not say (default mean)',
    query: 'put in front of texts, as E5 models want (query: )',
    passage: 'put in front of labels',
  },
  async create({ spec, model, threads }): Promise<System> {
    const pooling = spec.options.pooling === undefined ? undefined : wordOption(spec, 'pooling', ['mean', 'cls'] as const, 'mean');
    const vectors = await loadSentenceVectors(model, threads, pooling);
    const { query = '', passage = '' } = spec.options;
    const template = templateOption(spec, '{}');
    return {
      notes: { template, pooling: vectors.pooling, 'longest input': vectors.maxLength },
      async score(texts, labels) {
        const labelVectors = await vectors.embedLabels(labels.map((label) => passage + fillTemplate(template, label)));
        const each = cosines(await vectors.embed(texts.map((text) => query + text)), labelVectors); // [R, N]
        return { rows: texts.length, columns: labels.length, each, choice: softmaxRows(each, labels.length, COSINE_SCALE) };
      },
      dispose: () => vectors.dispose(),
    };
  },
};

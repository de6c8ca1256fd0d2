/**
 * Natural language inference and cross-encoders: the text is the premise, a template with the label the hypothesis, one pass for each
 * label. Scores as the zero-shot-classification pipeline of Hugging Face transformers.
 */

import { DataError } from '../../base/errors.ts';
import { sigmoid } from '../../base/probability.ts';
import { modelWeights, readConfig } from './model-folder.ts';
import {
  fillTemplate,
  type ScoreMatrix,
  type ScoreOptions,
  type System,
  type SystemContext,
  type SystemKind,
  softmaxRows,
} from './system.ts';
import { templateOption } from './system-spec.ts';

/** The template of the transformers pipeline. */
export const NLI_TEMPLATE = 'This example is {}.';

/** Index of the class that means entailment, as the pipeline finds it; undefined if no class is called so. */
export function entailmentIndex(config: Readonly<Record<string, unknown>>): number | undefined {
  const named = Object.entries((config.label2id ?? {}) as Record<string, unknown>).find(([name]) =>
    name.toLowerCase().startsWith('entail'),
  );
  if (named) return Number(named[1]);
  const listed = Object.entries((config.id2label ?? {}) as Record<string, unknown>).find(([, name]) =>
    String(name).toLowerCase().startsWith('entail'),
  );
  return listed ? Number(listed[0]) : undefined;
}

/**
 * Scores from pair logits.
 * @param logits [R * N, C]
 * @param entailment index of the entailment class; undefined for models with one output, a score
 */
export function nliScores(
  logits: Float32Array,
  rows: number,
  columns: number,
  classes: number,
  entailment: number | undefined,
): ScoreMatrix {
  const size = rows * columns;
  const each = new Float32Array(size); // [R, N]
  const chosen = new Float32Array(size); // [R, N]
  // The pipeline: against the first class, or the last one if entailment is the first.
  const contradiction = entailment === 0 ? classes - 1 : 0;
  for (let cell = 0; cell < size; cell++) {
    const at = cell * classes;
    chosen[cell] = logits[at + (entailment ?? 0)];
    const against = entailment === undefined ? 0 : logits[at + contradiction];
    each[cell] = sigmoid(chosen[cell] - against);
  }
  return { rows, columns, each, choice: softmaxRows(chosen, columns) };
}

async function create(context: SystemContext, template: string): Promise<System> {
  const [{ createSequenceClassifier }, { createPairClassifier }, { loadTokenizer }] = await Promise.all([
    import('./models/sequence-classifier.ts'),
    import('./models/pair-classifier.ts'),
    import('../../text/tokenizer/tokenizer.ts'),
  ]);
  const config = readConfig(context.model);
  const model = createSequenceClassifier(config);
  const entailment = entailmentIndex(config);
  if (model.classes > 1 && entailment === undefined)
    throw new DataError(
      `${context.model}: config.json names no entailment class (it has ${model.classNames.join(', ')}); this is no NLI model`,
    );
  const classifier = await createPairClassifier({
    model,
    weights: modelWeights(context.model, model.parameterShapes()),
    tokenizer: await loadTokenizer(context.model),
    session: { threads: context.threads },
  });
  // A model with one output was trained on plain pairs, not on sentences about them.
  const own = templateOption(context.spec, model.classes === 1 ? '{}' : template);
  const templateOf = (options: ScoreOptions) => (context.spec.options.template === undefined ? options.template : undefined) ?? own;
  return {
    notes: { template: own, classes: model.classNames.join(', ') },
    async score(texts, labels, options) {
      const hypotheses = labels.map((label) => fillTemplate(templateOf(options), label));
      const pairs = texts.flatMap((text) => hypotheses.map((hypothesis): [string, string] => [text, hypothesis]));
      const logits = await classifier.logits(pairs, options.onPart);
      return nliScores(logits, texts.length, labels.length, model.classes, entailment);
    },
    dispose: () => classifier.dispose(),
  };
}

const OPTIONS = { template: 'sentence with {} for the label; goes before --template and the suite' };

/** NLI models. */
export const NLI: SystemKind = {
  description: 'natural language inference, one pass a label: BART, (m)DeBERTa, RoBERTa, BERT, DistilBERT, ... with an entailment class',
  defaultModel: 'facebook/bart-large-mnli',
  takesModel: true,
  modelSource: 'folder',
  options: OPTIONS,
  create: (context) => create(context, NLI_TEMPLATE),
};

/** Cross-encoders: NLI models published as such, or rerankers with one output. */
export const CROSS_ENCODER: SystemKind = {
  description: 'cross-encoder, one pass a label: NLI classes, or one output that scores text and label',
  defaultModel: 'cross-encoder/nli-deberta-v3-base',
  takesModel: true,
  modelSource: 'folder',
  options: OPTIONS,
  create: (context) => create(context, NLI_TEMPLATE),
};

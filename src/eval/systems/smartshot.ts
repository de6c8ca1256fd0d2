/**
 * SmartShot (Gafni 2023): an NLI model fine-tuned on a few labelled examples of the task. Each example makes pairs of its text and a
 * hypothesis: entailment with its own labels, contradiction with others. Then it scores as any NLI model.
 */

import { DataError } from '../../base/errors.ts';
import { seededRandom, shuffle } from '../../base/random.ts';
import { type Example, examplesOf, fewShots, readExampleFile } from './few-shot-examples.ts';
import { modelWeights, readConfig } from './model-folder.ts';
import type { PairClassifier } from './models/pair-classifier.ts';
import type { TrainingPair } from './models/pair-training.ts';
import { entailmentIndex, NLI_TEMPLATE, nliScores } from './nli.ts';
import { fillTemplate, type ScoreOptions, type System, type SystemKind } from './system.ts';
import { numberOption, templateOption, wholeOption } from './system-spec.ts';

/** Entailment pairs of the true labels, and as many contradictions with `negatives` other labels each. */
export function entailmentPairs(
  examples: readonly Example[],
  labels: readonly string[],
  hypothesis: (label: string) => string,
  classes: { entailment: number; contradiction: number },
  negatives: number,
  random: () => number,
): TrainingPair[] {
  return examples.flatMap(({ text, labels: truth }) => {
    const others = labels.filter((label) => !truth.includes(label));
    const wrong = Array.from(
      { length: Math.min(negatives * truth.length, others.length) },
      () => others.splice(Math.floor(random() * others.length), 1)[0],
    );
    return [
      ...truth.map((label) => ({ first: text, second: hypothesis(label), target: classes.entailment })),
      ...wrong.map((label) => ({ first: text, second: hypothesis(label), target: classes.contradiction })),
    ];
  });
}

/** SmartShot. */
export const SMARTSHOT: SystemKind = {
  description: 'SmartShot: an NLI model fine-tuned on a few examples (train.jsonl of the set, or ,examples=FILE) by entailment pairs',
  defaultModel: 'cross-encoder/nli-distilroberta-base',
  takesModel: true,
  modelSource: 'folder',
  options: {
    examples: 'file of labelled records (default: train.jsonl of each set)',
    shots: 'examples of each label (default 8)',
    epochs: 'passes over the pairs (default 3)',
    batch: 'pairs a step (default 8)',
    rate: 'learning rate (default 2e-5)',
    negatives: 'wrong labels for each right one (default 1)',
    seed: 'seed of order and wrong labels (default 1)',
    template: `sentence with {} for the label; goes before --template and the suite (default ${NLI_TEMPLATE})`,
  },
  fileOptions: ['examples'],
  async create({ spec, model: folder, threads }): Promise<System> {
    const [{ createSequenceClassifier }, { createPairClassifier }, { createPairTrainer }, { loadTokenizer }] = await Promise.all([
      import('./models/sequence-classifier.ts'),
      import('./models/pair-classifier.ts'),
      import('./models/pair-training.ts'),
      import('../../text/tokenizer/tokenizer.ts'),
    ]);
    const shots = wholeOption(spec, 'shots', 8);
    const epochs = wholeOption(spec, 'epochs', 3);
    const batch = wholeOption(spec, 'batch', 8);
    const negatives = wholeOption(spec, 'negatives', 1);
    const seed = wholeOption(spec, 'seed', 1, 0);
    const rate = numberOption(spec, 'rate', 2e-5, 0, 1);
    const own = templateOption(spec, NLI_TEMPLATE);
    const templateOf = (options: ScoreOptions = {}) => (spec.options.template === undefined ? options.template : undefined) ?? own;
    const config = readConfig(folder);
    const model = createSequenceClassifier(config);
    const entailment = entailmentIndex(config);
    if (model.classes < 2 || entailment === undefined)
      throw new DataError(`${folder}: SmartShot needs an NLI model, with an entailment class`);
    const contradiction = entailment === 0 ? model.classes - 1 : 0;
    const weights = modelWeights(folder, model.parameterShapes());
    const tokenizer = await loadTokenizer(folder);
    const listed = spec.options.examples ? await readExampleFile(spec.options.examples) : undefined;
    let classifier: PairClassifier | undefined;
    const notes: Record<string, string | number> = { shots, epochs, 'pairs a step': batch, 'learning rate': rate, template: own };
    return {
      notes,
      async prepare(set, options) {
        const template = templateOf(options);
        await classifier?.dispose();
        classifier = undefined;
        const random = seededRandom(seed);
        const chosen = fewShots(examplesOf(set, listed, 'SmartShot'), shots);
        const pairs = entailmentPairs(
          chosen,
          set.labels,
          (label) => fillTemplate(template, label),
          { entailment, contradiction },
          negatives,
          random,
        );
        const trainer = await createPairTrainer({ model, weights, tokenizer, session: { threads } });
        try {
          const total = epochs * Math.ceil(pairs.length / batch);
          let step = 0;
          let loss = 0;
          for (let epoch = 0; epoch < epochs; epoch++) {
            const order = shuffle([...pairs], random);
            for (let at = 0; at < order.length; at += batch) {
              loss = await trainer.step(order.slice(at, at + batch), rate * (1 - step / total)); // linear decay
              step++;
              options?.onPart?.(step, total);
            }
          }
          notes[`${set.name}`] = `${chosen.length} examples, ${pairs.length} pairs, ${step} steps, last loss ${loss.toPrecision(3)}`;
          classifier = await createPairClassifier({ model, weights: trainer.weights, tokenizer, session: { threads } });
        } finally {
          await trainer.dispose();
        }
      },
      async score(texts, labels, options) {
        if (!classifier) throw new Error('SmartShot scores after prepare()');
        const hypotheses = labels.map((label) => fillTemplate(templateOf(options), label));
        const logits = await classifier.logits(
          texts.flatMap((text) => hypotheses.map((hypothesis): [string, string] => [text, hypothesis])),
          options.onPart,
        );
        return nliScores(logits, texts.length, labels.length, model.classes, entailment);
      },
      async dispose() {
        await classifier?.dispose();
      },
    };
  },
};

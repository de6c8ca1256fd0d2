/** GliZNet itself, measured through the same interface as its rivals. */
import { randomStream, shuffle } from '../../base/random.ts';
import type { Classifier } from '../../classify/classifier.ts';
import type { LabelBalance } from '../../classify/label-balance.ts';
import { LABEL_PROBLEMS } from '../report/results.ts';
import type { EvalSet } from '../sets/eval-set.ts';
import type { System, SystemKind } from './system.ts';
import { numberOption } from './system-spec.ts';

/** What is wrong with the labels of a set for a model, or of the first of its texts whose labels have something. */
async function firstProblem(classifier: Classifier, { labels, recordLabels }: EvalSet): Promise<string | undefined> {
  for (const list of recordLabels ?? [labels]) {
    const problem = await classifier.labelProblem(list);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** A GliZNet checkpoint. */
export const GLIZNET: SystemKind = {
  description: 'a GliZNet checkpoint (what --checkpoint takes)',
  takesModel: true,
  modelSource: 'folder',
  options: { balance: 'hold back labels that win too often over texts of a set, with this strength from 0 to 1 (predict --balance: 0.7)' },
  async create({ spec, model, threads, precision }): Promise<System> {
    const strength = numberOption(spec, 'balance', 0, 0, 1);
    const { loadClassifier } = await import('../../classify/load-classifier.ts');
    const { choiceProbabilities, labelProbability } = await import('../../classify/probabilities.ts');
    const { BALANCE_TEXTS, balanceLogits, labelExcess, sampleLogits } = await import('../../classify/label-balance.ts');
    // One session, as the others have: how fast systems are is compared.
    const classifier = await loadClassifier(model, { threads, precision, sessions: 1 });
    const { calibration } = classifier.options;
    let mergeWindows: 'mean' | 'max' = 'mean';
    let balance: LabelBalance | undefined;
    let cut = 0;
    let unreadable = 0;
    let scored = 0;
    // Such labels are scored all the same: a set's numbers stay what they were.
    const problems = new Map<string, string>();
    return {
      get notes() {
        return {
          precision: classifier.precision,
          'texts cut': cut,
          'texts of which nothing can be read': unreadable,
          'texts scored': scored,
          ...(problems.size ? { [LABEL_PROBLEMS]: [...problems].map(([set, problem]) => `${set}: ${problem}`).join('; ') } : {}),
        };
      },
      async prepare(set) {
        const problem = await firstProblem(classifier, set);
        if (problem !== undefined) problems.set(set.name, problem);
        mergeWindows = set.multiLabel ? 'max' : 'mean'; // as glz predict does
        balance = undefined;
        // Sets with several true labels are ranked by the labels' own probabilities, which no balance changes.
        if (strength === 0 || set.recordLabels || set.multiLabel) return;
        const texts = shuffle([...set.texts], randomStream(BALANCE_TEXTS)).slice(0, BALANCE_TEXTS);
        balance = { strength, excess: labelExcess(await sampleLogits(classifier, texts, set.labels, { mergeWindows })) };
      },
      // GliZNet reads bare labels; a template would only take room from the text.
      async score(texts, labels, { onPart }) {
        const [rows, columns] = [texts.length, labels.length];
        const each = new Float32Array(rows * columns); // [R, N]
        const choice = new Float32Array(rows * columns); // [R, N]
        const results = await classifier.logits(
          texts.map((text) => ({ text, labels })),
          { mergeWindows, onProgress: (done) => onPart?.(done, rows) },
        );
        for (const [row, { logits, cutTokens, unreadable: isUnreadable }] of results.entries()) {
          each.set(
            logits.map((logit) => labelProbability(logit, calibration)),
            row * columns,
          );
          choice.set(choiceProbabilities(balance ? balanceLogits(logits, balance) : logits, calibration), row * columns);
          if (cutTokens > 0) cut++;
          if (isUnreadable) unreadable++;
        }
        scored += rows;
        return { rows, columns, each, choice };
      },
      dispose: () => classifier.dispose(),
    };
  },
};

/** GliZNet itself, measured through the same interface as its rivals. */
import type { System, SystemKind } from '../system.ts';

/** A GliZNet checkpoint. */
export const GLIZNET: SystemKind = {
  description: 'a GliZNet checkpoint (what --checkpoint takes)',
  takesModel: true,
  modelSource: 'folder',
  options: {},
  async create({ model, threads, precision }): Promise<System> {
    const [{ loadClassifier }, { choiceProbabilities, labelProbability }] = await Promise.all([
      import('../../engine/load-classifier.ts'),
      import('../../engine/classifier.ts'),
    ]);
    const classifier = await loadClassifier(model, { threads, precision });
    const { calibration } = classifier.options;
    let mergeWindows: 'mean' | 'max' = 'mean';
    let cut = 0;
    let scored = 0;
    return {
      get notes() {
        return { precision: classifier.precision, 'texts cut': cut, 'texts scored': scored };
      },
      async prepare(set) {
        mergeWindows = set.multiLabel ? 'max' : 'mean'; // as glz predict does
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
        for (const [row, { logits, cutTokens }] of results.entries()) {
          each.set(
            logits.map((logit) => labelProbability(logit, calibration)),
            row * columns,
          );
          choice.set(choiceProbabilities(logits), row * columns);
          if (cutTokens > 0) cut++;
        }
        scored += rows;
        return { rows, columns, each, choice };
      },
      dispose: () => classifier.dispose(),
    };
  },
};

/** One system against another on the same texts, and one system under several wordings. Pure arithmetic over results. */
import { accuracyStatistic, macroF1Statistic, mcnemar, type PredictedRows, pairedBootstrap } from '../metrics/significance.ts';
import type { Comparison, SetResult, SetSummary, WordingSensitivity } from './result-types.ts';

type Answered = Pick<SetResult, 'system' | 'set' | 'predicted' | 'truth'>;

/** Answers of several results over the labels that occur in them, numbered anew: a file may name label 2147483647. */
function answersOf(...results: Answered[]): PredictedRows[] {
  const columns = new Map<number, number>();
  const columnOf = (label: number): number => {
    if (label < 0) return label;
    const known = columns.get(label) ?? columns.size;
    columns.set(label, known);
    return known;
  };
  const renumbered = results.map(({ predicted, truth }) => ({
    predicted: predicted.map(columnOf),
    truth: truth.map((labels) => labels.map(columnOf)),
  }));
  return renumbered.map((answers) => ({ ...answers, columns: columns.size }));
}

const isRight = ({ predicted, truth }: Answered): boolean[] => predicted.map((label, row) => truth[row].includes(label));

/** Compares two results on the same texts. Throws RangeError when the numbers of texts differ. */
export function compareResults(reference: Answered, other: Answered, resamples = 1000): Comparison {
  const [first, second] = answersOf(reference, other);
  const test = mcnemar(isRight(reference), isRight(other));
  return {
    set: reference.set,
    reference: reference.system,
    system: other.system,
    accuracy: pairedBootstrap(first, second, accuracyStatistic, resamples),
    macro_f1: pairedBootstrap(first, second, macroF1Statistic, resamples),
    mcnemar: { onlyReference: test.onlyFirst, onlySystem: test.onlySecond, p: test.p },
  };
}

/** Every system against the reference, on every set that both have answered. */
export function compareSystems(
  sets: readonly Pick<SetSummary, 'name'>[],
  results: readonly SetResult[],
  reference: string | null,
  resamples = 1000,
): Comparison[] {
  return sets.flatMap(({ name }) => {
    const onSet = results.filter(({ set }) => set === name);
    const first = onSet.find(({ system }) => system === reference);
    return first ? onSet.filter((result) => result !== first).map((result) => compareResults(first, result, resamples)) : [];
  });
}

/** How much each system's score hangs on the words of the labels: a set and its paraphrases have the same texts and label order. */
export function wordingSensitivity(
  sets: readonly Pick<SetSummary, 'name' | 'paraphraseOf'>[],
  results: readonly SetResult[],
): WordingSensitivity[] {
  const originals = sets.filter(({ name }) => sets.some(({ paraphraseOf }) => paraphraseOf === name));
  const systems = [...new Set(results.map(({ system }) => system))];
  return originals.flatMap(({ name }) =>
    systems.flatMap((system) => {
      const wordings = sets
        .filter((set) => set.name === name || set.paraphraseOf === name)
        .flatMap((set) => results.find((result) => result.set === set.name && result.system === system) ?? []);
      if (wordings.length < 2) return [];
      const scores = wordings.map(({ metrics }) => metrics.macro_f1);
      const [first, ...others] = wordings;
      const agreeing = first.predicted.filter((label, row) => others.every(({ predicted }) => predicted[row] === label)).length;
      return [
        {
          system,
          set: name,
          macro_f1: Object.fromEntries(
            wordings.map(({ set, metrics }) => [set === name ? 'original' : set.slice(name.length + 1), metrics.macro_f1]),
          ),
          range: Math.max(...scores) - Math.min(...scores),
          agreement: agreeing / first.predicted.length,
        },
      ];
    }),
  );
}

/** One system against another on the same texts, and one system under several wordings. Pure arithmetic over results. */
import { type Answers, accuracyStatistic, macroF1Statistic, mcnemar, pairedBootstrap } from '../metrics/significance.ts';
import type { Comparison, SetResult, SetSummary, WordingSensitivity } from './results.ts';

type Answered = Pick<SetResult, 'system' | 'set' | 'predicted' | 'truth'>;

const answersOf = ({ predicted, truth }: Answered, columns: number): Answers => ({ truth, predicted, columns });
const isRight = ({ predicted, truth }: Answered): boolean[] => predicted.map((label, row) => truth[row].includes(label));

/** Number of columns that the label indices of results need. */
const columnsOf = (...results: Answered[]): number =>
  1 + results.reduce((most, { predicted, truth }) => Math.max(most, maximum(predicted), maximum(truth.flat())), 0);
const maximum = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value), 0);

/** Compares two results on the same texts. Throws RangeError when the numbers of texts differ. */
export function compareResults(reference: Answered, other: Answered, resamples = 1000): Comparison {
  const columns = columnsOf(reference, other);
  const [first, second] = [answersOf(reference, columns), answersOf(other, columns)];
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

/**
 * Data of NLI benchmarks (BTZSC): a row for each pair of a text and a hypothesis, and whether it follows. The rows of a text become one
 * example whose candidates are the hypotheses. Knows records; nothing of files.
 */
import { DataError } from '../../base/errors.ts';
import type { LabelledExample } from '../examples.ts';
import type { ClassNames } from './class-names.ts';

/** A row. */
export interface SentencePair {
  text: string;
  hypothesis: string;
  /** Whether it follows from the text. */
  isTrue: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** A record as a pair, undefined where it is none: 1 says that it follows, unless the names of the labels say which does. */
export function sentencePair(fields: Fields, names: ClassNames, labelField: string | undefined): SentencePair | undefined {
  const { text, hypothesis } = fields;
  if (typeof text !== 'string' || typeof hypothesis !== 'string') return undefined;
  const field = [labelField ?? 'labels', 'label'].find((name) => fields[name] !== undefined);
  const value = field === undefined ? undefined : fields[field];
  if (!(value === 0 || value === 1 || value === '0' || value === '1')) return undefined;
  const entails = names.get(field!)?.findIndex((name) => /^entail/i.test(name)) ?? -1;
  return { text, hypothesis, isTrue: Number(value) === (entails < 0 ? 1 : entails) };
}

/** Pairs of one text. */
export interface PairGroup {
  pairs: SentencePair[];
  where: string;
}

/** Whether a pair goes on with a group: the same text, and a hypothesis that it has not yet. */
export const belongsTo = ({ pairs }: PairGroup, { text, hypothesis }: SentencePair): boolean =>
  pairs[0].text === text && pairs.every((pair) => pair.hypothesis !== hypothesis);

/** The example of a group. @throws DataError for a text with one hypothesis: there is nothing to choose between */
export function pairExample({ pairs, where }: PairGroup): LabelledExample {
  if (pairs.length < 2) throw new DataError(`${where}: a text with one hypothesis; the rows of a text stand one behind the other`);
  const hypotheses = (isTrue: boolean) => pairs.filter((pair) => pair.isTrue === isTrue).map(({ hypothesis }) => hypothesis);
  return {
    text: pairs[0].text,
    labels: hypotheses(true),
    notLabels: hypotheses(false),
    candidates: pairs.map(({ hypothesis }) => hypothesis),
  };
}

/** What a model makes of the labels of sets, before it is evaluated on them. */
import { DataError } from '../../base/errors.ts';
import { createLabelEncoder, labelProblem } from '../../text/labels.ts';
import type { Tokenizer } from '../../text/tokenizer/tokenizer.ts';
import type { EvalSet } from './eval-set.ts';

/** Finds before the first step what would stop the run at its first evaluation, and says what it cannot tell apart. @throws DataError naming set and label */
export async function checkSetLabels(
  sets: readonly EvalSet[],
  tokenizer: Tokenizer,
  labelLimit: number,
  note: (line: string) => void,
): Promise<void> {
  const encoder = createLabelEncoder(tokenizer, labelLimit);
  for (const { name, labels, recordLabels } of sets) {
    let problem: string | undefined;
    for (const list of recordLabels ?? [labels]) {
      const ids = await encoder.encode(list).catch((error: Error) => {
        throw new DataError(`set ${name}: ${error.message}`);
      });
      problem ??= labelProblem(list, ids, tokenizer);
    }
    if (problem !== undefined) note(`note: set ${name}: ${problem}`);
  }
}

/** Label sets made ready once: their ids, and how they split into the labels that are read together. */
import type { JointLayout } from '../../text/joint-sequence.ts';
import { groupLabels } from '../../text/label-groups.ts';
import { labelName, labelReading, labelReadings, type ReadLabel } from '../../text/label-texts.ts';
import { createLabelEncoder, labelProblem, readingProblem } from '../../text/labels.ts';
import type { Tokenizer } from '../../text/tokenizer/tokenizer.ts';

/** A label set made ready. */
export interface PreparedLabels {
  ids: Int32Array[];
  lengths: number[];
  /** Groups of labels that are read with a text of `textLength` tokens, in one joint sequence each. */
  groupsFor(textLength: number, maxLabelsPerGroup: number | undefined): number[][];
  /** What the model cannot read or tell apart of them, as a message; undefined for nothing. */
  problem(): Promise<string | undefined>;
}

/** Makes label sets ready, each array once. @throws DataError for a label without tokens or longer than the layout's limit */
export type ReadyLabels = (labels: readonly ReadLabel[]) => Promise<PreparedLabels>;

/** Makes what makes them ready. */
export function createReadyLabels(tokenizer: Tokenizer, layout: JointLayout): ReadyLabels {
  const encoder = createLabelEncoder(tokenizer, layout.labelLimit);
  // By array: a caller's label list is the same object for all of a call's texts, and often for all its calls.
  const prepared = new WeakMap<readonly ReadLabel[], Promise<PreparedLabels>>();

  async function prepare(labels: readonly ReadLabel[]): Promise<PreparedLabels> {
    const ids = await encoder.encode(labels.map(labelReading));
    const lengths = ids.map((each) => each.length);
    const groups = new Map<number, number[][]>();
    let problem: Promise<string | undefined> | undefined;
    async function findProblem(): Promise<string | undefined> {
      // Descriptions are read together with names, but have to say something by themselves; examples are not read here.
      const described = labels.filter((label) => typeof label !== 'string' && label.readings.length > (label.examples ?? 0) + 1);
      const descriptions = await tokenizer.encodeBatch(described.map((label) => labelReadings(label)[1]));
      const rows = descriptions.map((description) => [description, description]);
      return readingProblem(described, rows, tokenizer) ?? labelProblem(labels.map(labelName), ids, tokenizer);
    }
    return {
      ids,
      lengths,
      groupsFor(textLength, maxLabelsPerGroup) {
        // Groups depend on the text's length class only; one key for each class keeps them by class.
        const key = Math.min(layout.textShare, textLength) * 4096 + Math.min(4095, maxLabelsPerGroup ?? 4095);
        const known = groups.get(key);
        if (known) return known;
        const split = groupLabels(lengths, textLength, layout, { maxLabelsPerGroup });
        groups.set(key, split);
        return split;
      },
      problem() {
        problem ??= findProblem();
        return problem;
      },
    };
  }

  return (labels) => {
    let ready = prepared.get(labels);
    if (!ready) {
      ready = prepare(labels);
      ready.catch(() => prepared.delete(labels));
      prepared.set(labels, ready);
    }
    return ready;
  };
}

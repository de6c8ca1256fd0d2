/** One output of `glz predict`: the records of its inputs, read one after the other, labelled and written. */
import type { DataError } from '../../base/errors.ts';
import { labelledRecord } from '../../classify/records/labelled-record.ts';
import { type PredictOptions, predictRecords } from '../../classify/records/predict-records.ts';
import { blockOf, numberOfBlock, withPlaces } from '../../classify/records/record-blocks.ts';
import type { FilesEstimate } from '../../classify/records/record-estimate.ts';
import type { PartOutput } from '../../classify/shards/part-output.ts';
import { hasBlock, readsInput, type Share } from '../../classify/shards/shard.ts';
import type { ParquetColumn } from '../../data/parquet/parquet-field.ts';
import { type ReadOptions, readRecords, sourceName, type TableForm } from '../../data/read-records.ts';
import type { RecordMember } from '../../data/record-members.ts';
import { type LabelSet, labelNames } from '../../text/label-texts.ts';
import type { Progress } from '../terminal/progress.ts';
import type { Labelling } from './predict-flags.ts';
import { readingOf } from './reading.ts';
import type { RecordTallies } from './record-tallies.ts';
import type { Results } from './results.ts';
import type { Target } from './targets.ts';

/** What all outputs of a run have in common, and what is counted over all of them. */
export interface LabellingRun extends Pick<Labelling, 'classifier' | 'flags'> {
  /** How records are labelled. */
  how: Omit<PredictOptions, 'source'>;
  /** Labels of all records, where they share some. */
  shared?: LabelSet;
  /** Whether notes have to say of which input they are. */
  hasSeveral: boolean;
  tallies: RecordTallies;
  progress: Progress;
  estimate: FilesEstimate;
  stop: AbortSignal;
  /** Told of a malformed record, which is then left out. */
  onBad?: (error: DataError) => void;
  /** Told which input is read. */
  onInput(input: string): void;
  /** Records that were written. */
  done: number;
  /** Those of blocks that are whole, of outputs that can be gone on with. */
  whole: number;
  /** Inputs without any record. */
  empty: string[];
}

/** A part that is written, and what falls to it. */
export interface PartWork {
  part: PartOutput;
  share: Share;
  /** Records of each input that were read or passed over; null of inputs that fall to others. */
  places: (number | null)[];
}

/** The first result of all inputs: columns of every part are its, and so is the form. */
async function firstResult(
  run: LabellingRun,
  inputs: readonly string[],
  onTable: ReadOptions['onTable'],
): Promise<RecordMember[] | undefined> {
  for (const input of inputs) {
    const all = readRecords(input, { ...readingOf(run.flags), onBadLine: () => {}, onTable });
    const how = { ...run.how, source: sourceName(input), onBadRecord: () => {}, signal: run.stop };
    for await (const first of predictRecords(run.classifier, all, how)) return first;
  }
  return undefined;
}

/**
 * Labels the inputs of an output, until all are done or the run is stopped. The output is left open.
 * @returns what is missing of the last records, in words; empty for nothing
 * @throws as predictRecords and the output
 */
export async function labelTarget(run: LabellingRun, { inputs }: Target, results: Results, work?: PartWork): Promise<string> {
  const { classifier, flags, tallies, progress, estimate, stop } = run;
  const { output, format } = results;
  let form: TableForm | undefined;
  const onTable = (found: TableForm): void => {
    form ??= found;
  };
  const writer = format.open(output.write, {
    isMultiLabel: flags.multiLabel,
    formOfInput: () => ({ ...form, delimiter: flags.delimiter ?? form?.delimiter }),
    ...(flags.wide ? { wide: labelNames(run.shared!.labels) } : {}),
  });
  results.writer = writer;
  let isBegun = false;
  const begin = async (record: RecordMember[]) => {
    isBegun = true;
    await writer.begin?.(record);
    await output.endBlock?.('header', 0);
  };
  const onColumns = (columns: readonly ParquetColumn[]): void => {
    const own = flags.idField === undefined ? columns : columns.filter(({ name }) => name === flags.idField);
    const record = { line: 0, fields: {}, typed: { columns: own, values: own.map(() => null) } };
    writer.empty?.(labelledRecord(record, { labels: [], scores: [] }));
  };
  // Of what this run does not label itself the columns are to be known all the same.
  if (work && format.isTable && (work.share.shard.of > 1 || work.part.isDone('header'))) {
    const first = await firstResult(run, inputs, onTable);
    if (first) await begin(first);
  }
  let whole = 0;
  let missing = '';
  for (const [at, input] of inputs.entries()) {
    if (work && !readsInput(work.share, at)) continue;
    run.onInput(input);
    let places = 0;
    const isWanted = (place: number): boolean => {
      places = place + 1;
      if (!work) return true;
      work.places[at] = places;
      const block = blockOf(place);
      return hasBlock(work.share, at, block) && !work.part.isDone(numberOfBlock(at, block));
    };
    if (work) work.places[at] = 0;
    const total = estimate.of(input);
    const reading = {
      ...readingOf(flags),
      onBadLine: run.onBad,
      onBytes: total.onBytes,
      onTotal: total.onTotal,
      onColumns,
      onTable,
      isWanted,
    };
    const before = run.done;
    const labelled = predictRecords(classifier, total.counted(withPlaces(readRecords(input, reading), isWanted)), {
      ...run.how,
      ...tallies.of(run.hasSeveral ? sourceName(input) : undefined),
      source: sourceName(input),
      signal: stop,
      onBadRecord: run.onBad,
      onProgress: (texts) => {
        const records = estimate.estimate();
        if (records !== undefined) progress.setTotal(records);
        progress.update(before + texts);
      },
      onCutShort: (texts, of) => {
        missing = ` (of the last ${of} records ${texts} were done)`;
      },
      onBlock: async (block) => {
        if (!output.endBlock) return;
        await output.endBlock(numberOfBlock(at, block), results.done - whole);
        run.whole += results.done - whole;
        whole = results.done;
      },
    });
    for await (const record of labelled) {
      if (!isBegun) await begin(record);
      await writer.write(record);
      results.done++;
      run.done++;
    }
    if (stop.aborted) return missing;
    if (places === 0) run.empty.push(sourceName(input));
  }
  return missing;
}

/** All that a training run needs before its first step: device, start, data and plan, each checked and told. */
import { layoutOf } from '../classify/classifier.ts';
import { numbersNote } from '../data/labelled/named-labels.ts';
import type { EvalSet } from '../eval/sets/eval-set.ts';
import { readEvalSets } from '../eval/sets/eval-set.ts';
import { checkSetLabels } from '../eval/sets/set-labels.ts';
import type { JointLayout } from '../text/joint-sequence.ts';
import { readDataFiles } from '../train/data/data-files.ts';
import type { DataReport } from '../train/data/data-report.ts';
import { type Dataset, tokenizedDataset } from '../train/data/dataset.ts';
import { samplerOf } from '../train/data/run-sampler.ts';
import type { Sampler } from '../train/data/sampling.ts';
import { openDevice, type TrainingDevice } from '../train/engine/devices.ts';
import { checkDiskSpace, nearLabelsPath } from '../train/run/run-folder.ts';
import { claimRunFolder } from '../train/run/run-record.ts';
import type { TrainSettings } from '../train/settings-schema.ts';
import { loadAverageWith, loadStart, type StartModel } from '../train/start.ts';
import { loadTeacherModel, type TeacherModel } from '../train/teacher.ts';
import { totalSteps } from '../train/trainer.ts';
import type { FloatWeights } from '../weights/checkpoint.ts';
import type { TrainOptions } from './library-types.ts';

/** A run that is ready to begin. */
export interface PreparedRun {
  settings: TrainSettings;
  device: TrainingDevice;
  start: StartModel;
  averageWith: readonly FloatWeights[];
  teacher: TeacherModel | undefined;
  /** What it is evaluated on. */
  sets: EvalSet[];
  /** What its temperature and bias are fitted to, beside training examples. */
  calibrationSets: EvalSet[];
  dataset: Dataset;
  /** What is odd about the data. */
  report: DataReport;
  sampler: Sampler;
  /** Steps of the whole run. */
  steps: number;
  layout: JointLayout;
  /** Tokens of a text that are kept. */
  textTokens: number;
}

type Call = Pick<TrainOptions, 'output' | 'threads' | 'onError' | 'note'> & {
  /** Nothing is written, and all that is wrong with the data is named, not only the first. */
  dryRun: boolean;
};

function tellData({ dataset, report }: Pick<PreparedRun, 'dataset' | 'report'>, note: (line: string) => void): void {
  note(
    `data: ${dataset.rows} rows, ${dataset.labelNames.length} labels, ${report.cutTexts} texts cut, ${report.duplicates + report.duplicatesAcross} duplicate texts`,
  );
  if (report.contradictions.length)
    note(
      `  ${report.contradictions.length} labels are true of a text in one row and a hard negative of it in another (--dry-run names some)`,
    );
  for (const { name, labelSet } of dataset.sources) {
    const numbers = numbersNote(
      Array.from(labelSet, (label) => dataset.labelNames[label]),
      name,
    );
    if (numbers !== undefined) note(`  ${numbers}`);
  }
  if (report.labelProblem !== undefined) note(`  note: ${report.labelProblem}`);
  for (const [reason, count] of Object.entries(report.skipped)) note(`  left out ${count}: ${reason}`);
}

function tellPlan(
  { settings, dataset, sampler, steps }: Pick<PreparedRun, 'settings' | 'dataset' | 'sampler' | 'steps'>,
  note: (line: string) => void,
) {
  dataset.sources.forEach((source, at) => {
    note(`  ${source.name}: ${source.rows} rows, ${source.labelSet.length} labels, ${(100 * sampler.shares[at]).toFixed(1)} % of the mix`);
  });
  note(
    `plan: ${steps} steps of ${sampler.batchSize * settings.accumulation} examples, ${((steps * settings.accumulation) / sampler.batchesPerEpoch).toFixed(2)} epochs`,
  );
}

/** Opens, loads and reads what settings name. @throws UsageError, DataError naming what is wrong with them, the model or the data */
export async function prepareRun(
  settings: TrainSettings,
  { output, threads, onError, note = () => {}, dryRun }: Call,
): Promise<PreparedRun> {
  const device = await openDevice(settings.device, { threads });
  note(`device: ${device.description}`);
  const names = {
    textField: settings.text_field,
    labelField: settings.label_field,
    labelSeparator: settings.label_separator,
    labelNames: settings.label_names,
  };
  // Before the model, which takes longer to load, or to download.
  const files = await readDataFiles(settings.data, { ...names, skipBadRows: onError === 'skip' || dryRun });
  const start = await loadStart(settings, note);
  const averageWith = await loadAverageWith(settings, start, note);
  checkDiskSpace(output, start.weights, settings.keep);
  const setsOf = async (from: { data: string; limit?: number } | undefined) =>
    from ? readEvalSets(from.data, { limit: from.limit, ...names }) : [];
  const sets = await setsOf(settings.dev);
  const calibrationSets = await setsOf(settings.calibration);
  const teacher = await loadTeacherModel(settings, start, note);
  const layout = await layoutOf(start.tokenizer, start.options);
  await checkSetLabels([...sets, ...calibrationSets], start.tokenizer, layout.labelLimit, note);
  const textTokens = Math.min(settings.max_text_tokens, layout.capacity - layout.labelLimit);
  const { dataset, report } = await tokenizedDataset(files, start.tokenizer, {
    maxTextTokens: textTokens,
    maxLabelTokens: layout.labelLimit,
    negations: settings.labels.negated_share > 0,
    ...(teacher?.ownIds ? { teacherTokenizer: teacher.tokenizer } : {}),
    measureTexts: dryRun,
  });
  tellData({ dataset, report }, note);
  if (!dryRun) claimRunFolder(output);
  const nearLabelsFile = dryRun ? undefined : nearLabelsPath(output);
  const sampler = await samplerOf({ settings, start, teacher, dataset, device, note, nearLabelsFile });
  const steps = totalSteps(settings, sampler.batchesPerEpoch);
  tellPlan({ settings, dataset, sampler, steps }, note);
  return { settings, device, start, averageWith, teacher, sets, calibrationSets, dataset, report, sampler, steps, layout, textTokens };
}

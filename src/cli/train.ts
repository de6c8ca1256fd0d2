/** `glz train`: options, wiring and messages; the work is in src/train. */
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { Command, CommanderError } from 'commander';
import { DataError, UsageError } from '../base/errors.ts';
import { writeFileAtomically } from '../base/files.ts';
import { layoutOf } from '../classify/classifier.ts';
import { devScore, readDevSets } from '../eval/sets/dev-score.ts';
import { labelledLogits } from '../eval/sets/labelled-logits.ts';
import { checkSetLabels } from '../eval/sets/set-labels.ts';
import type { Filled } from '../options/declaration.ts';
import { type SettingFlag, settingsText } from '../options/settings-table.ts';
import { SHIPPED_CHECKPOINT } from '../options/shipped-checkpoint.ts';
import type { TRAIN_FLAGS } from '../options/train.ts';
import { memory } from '../report/html.ts';
import { dataStatistics, exampleLines, statisticsLines } from '../train/data/data-statistics.ts';
import { ownLabels, readDataset } from '../train/data/dataset.ts';
import { samplerOf } from '../train/data/run-sampler.ts';
import { openDevice } from '../train/engine/devices.ts';
import { checkDiskSpace, checkOutputFolder, diskSpace, holdsRun, nearLabelsPath, readRunLog, savedSteps } from '../train/run/run-folder.ts';
import { runIdentity } from '../train/run/run-identity.ts';
import { claimRunFolder, lockRunFolder, refuseForeignFiles } from '../train/run/run-record.ts';
import { runReport } from '../train/run/run-report.ts';
import { trainingRecord } from '../train/run/training-record.ts';
import {
  checkSettings,
  lossSettings,
  overrideSettings,
  readSettingsFile,
  SETTING_FLAGS,
  type TrainSettings,
  trainFlags,
  trainSettingsSchema,
} from '../train/settings.ts';
import { loadAverageWith, loadStart } from '../train/start.ts';
import { loadTeacherModel } from '../train/teacher.ts';
import { totalSteps, train } from '../train/trainer.ts';
import { tryOut } from '../train/trial.ts';
import { CALIBRATION_BATCHES } from '../train/unseen-scores.ts';
import { evaluationTable } from './evaluation-table.ts';
import { addFlags } from './flags.ts';
import { onInterrupt } from './interrupts.ts';
import { presetPath } from './presets.ts';
import { formatDuration, type Progress, startProgress } from './progress.ts';
import { noteLine, printText } from './terminal.ts';

const EXAMPLES = `
Examples:
  The shipped checkpoint, adapted to your own labels with a few examples of each (glz init writes settings to change):
    $ glz train --data my-examples.csv --output runs/mine
    $ glz predict --checkpoint runs/mine --text "Where is my parcel?"
  A new model from an encoder, on a CPU:
    $ glz train --config minilm --encoder sentence-transformers/all-MiniLM-L6-v2 --data train.jsonl --output runs/minilm
  Look at the data and the plan without training:
    $ glz train --config article --data train.jsonl --output runs/article --dry-run
  Go on after an interruption:
    $ glz train --config minilm --data train.jsonl --output runs/minilm --resume

Data: one record a line, {"text": "...", "labels": ["true", ...], "not_labels": ["close but wrong", ...]}; CSV and TSV with "|" between labels.
Ctrl-C saves and stops; a second run with --resume goes on with the same numbers.`;

type TrainFlags = Filled<typeof TRAIN_FLAGS> & Partial<Record<keyof typeof SETTING_FLAGS, unknown>>;

/** `field.name=value` with the value as JSON, or as text where it is none. */
function parseOverride(text: string): [string, unknown] {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`--set ${text}: expected field=value, for example --set loss.margin=0.3`);
  const value = text.slice(at + 1);
  try {
    return [text.slice(0, at), JSON.parse(value)];
  } catch {
    return [text.slice(0, at), value];
  }
}

const FLAGS_OF_SETTINGS = Object.entries(SETTING_FLAGS) as [keyof typeof SETTING_FLAGS, SettingFlag][];

function settingsOf(flags: TrainFlags): TrainSettings {
  const isStartNamed =
    flags.encoder !== undefined || flags.checkpoint !== undefined || flags.set.some((text) => /^(encoder|checkpoint)=/.test(text));
  // Somebody who names data and nothing else adapts what ships.
  const config = flags.config ?? (isStartNamed ? undefined : 'few-shot');
  const where = config ? presetPath('train', config) : 'the options';
  const preset = config ? readSettingsFile(where) : {};
  const overrides: Record<string, unknown> = {
    ...Object.fromEntries(FLAGS_OF_SETTINGS.map(([name, { field }]) => [field, flags[name]])),
    ...Object.fromEntries(flags.set.map(parseOverride)),
  };
  if (flags.data.length) overrides.data = flags.data;
  // What is named on the command line replaces either kind of start that the preset names.
  if (flags.encoder || flags.checkpoint) {
    delete preset.encoder;
    delete preset.checkpoint;
  }
  const settings = overrideSettings(preset, overrides);
  if (!settings.encoder && !settings.checkpoint) settings.checkpoint = SHIPPED_CHECKPOINT;
  if (settings.checkpoint === SHIPPED_CHECKPOINT)
    noteLine(
      `starts from the checkpoint that ships${flags.config ? '' : ', with the preset few-shot'} (another start: --checkpoint, --encoder; other settings: --config)`,
    );
  if (!settings.data) throw new UsageError('no training data: give --data FILE (more than once for several files)');
  return checkSettings(settings, where);
}

/** Milliseconds after which report.html is written again without an evaluation: it reads the whole log. */
const REPORT_INTERVAL = 60_000;

/** A pass forward and backward costs about three times the pass forward that calibration makes. */
const BACKWARD = 3;

/** Batches that a dry run looks at. */
const LOOKED_AT = 200;

async function run(flags: TrainFlags): Promise<void> {
  const settings = settingsOf(flags);
  if (flags.dryRun) {
    checkOutputFolder(flags.output, false);
    return trainWith(flags, settings);
  }
  if (!flags.resume && holdsRun(flags.output) && !flags.overwrite)
    throw new UsageError(`${flags.output} holds a run already: --resume goes on with it, --overwrite starts again`);
  refuseForeignFiles(flags.output, flags.resume === true);
  checkOutputFolder(flags.output, true);
  const lock = lockRunFolder(flags.output);
  try {
    await trainWith(flags, settings);
  } finally {
    lock.release();
  }
}

async function trainWith(flags: TrainFlags, settings: TrainSettings): Promise<void> {
  const note = noteLine;
  const device = await openDevice(settings.device, { threads: flags.threads });
  note(`device: ${device.description}`);
  const start = await loadStart(settings, note);
  const averageWith = await loadAverageWith(settings, start, note);
  checkDiskSpace(flags.output, start.weights, settings.keep);
  const fields = {
    textField: settings.text_field,
    labelField: settings.label_field,
    labelSeparator: settings.label_separator,
    labelNames: settings.label_names,
  };
  const sets = settings.dev ? await readDevSets(settings.dev.data, { limit: settings.dev.limit, ...fields }) : [];
  const calibrationSets = settings.calibration
    ? await readDevSets(settings.calibration.data, { limit: settings.calibration.limit, ...fields })
    : [];
  const teacher = await loadTeacherModel(settings, start, note);
  const layout = await layoutOf(start.tokenizer, start.options);
  await checkSetLabels([...sets, ...calibrationSets], start.tokenizer, layout.labelLimit, note);
  const { dataset, report } = await readDataset(settings.data, start.tokenizer, {
    maxTextTokens: Math.min(settings.max_text_tokens, layout.capacity - layout.labelLimit),
    maxLabelTokens: layout.labelLimit,
    ...fields,
    negations: settings.labels.negated_share > 0,
    ...(teacher?.ownIds ? { teacherTokenizer: teacher.tokenizer } : {}),
    // A dry run names all that is wrong, not only the first.
    skipBadRows: flags.onError === 'skip' || flags.dryRun === true,
    measureTexts: flags.dryRun === true,
  });
  note(
    `data: ${dataset.rows} rows, ${dataset.labelNames.length} labels, ${report.cutTexts} texts cut, ${report.duplicates + report.duplicatesAcross} duplicate texts`,
  );
  if (report.contradictions.length)
    note(
      `  ${report.contradictions.length} labels are true of a text in one row and a hard negative of it in another (--dry-run names some)`,
    );
  if (report.labelProblem !== undefined) note(`  note: ${report.labelProblem}`);
  for (const [reason, count] of Object.entries(report.skipped)) note(`  left out ${count}: ${reason}`);
  if (!flags.dryRun) claimRunFolder(flags.output);
  const nearLabelsFile = flags.dryRun ? undefined : nearLabelsPath(flags.output);
  const sampler = await samplerOf({ settings, start, teacher, dataset, device, note, nearLabelsFile });
  const steps = totalSteps(settings, sampler.batchesPerEpoch);
  dataset.sources.forEach((source, at) => {
    note(`  ${source.name}: ${source.rows} rows, ${source.labelSet.length} labels, ${(100 * sampler.shares[at]).toFixed(1)} % of the mix`);
  });
  note(
    `plan: ${steps} steps of ${sampler.batchSize * settings.accumulation} examples, ${((steps * settings.accumulation) / sampler.batchesPerEpoch).toFixed(2)} epochs`,
  );
  if (flags.dryRun) {
    const kept = Math.min(settings.max_text_tokens, layout.capacity - layout.labelLimit);
    const statistics = dataStatistics(dataset, report, sampler, layout, Math.min(LOOKED_AT, sampler.batchesPerEpoch));
    const { count, tokens, largest } = statistics.batches;
    const { needed, free } = diskSpace(flags.output, start.weights, settings.keep);
    const result = (lines: readonly string[]) => printText(lines.join('\n'));
    result([...statisticsLines(statistics, report, dataset, kept, layout.capacity), ...exampleLines(sampler.batch(0), dataset)]);
    note('a few steps are tried out ...');
    const trial = await tryOut({ settings, start, teacher, dataset, sampler, device, batches: count, meanTokens: tokens, largest });
    result([
      'plan',
      `  ${'steps'.padEnd(24)}${steps}, ${(trial.secondsAStep).toPrecision(2)} s each (measured on ${trial.steps} here): ${formatDuration(steps * trial.secondsAStep)}${sets.length ? ', evaluations not counted' : ''}`,
      `  ${'calibration'.padEnd(24)}${
        calibrationSets.length
          ? `on ${calibrationSets.reduce((sum, { texts }) => sum + texts.length, 0)} texts of ${calibrationSets.length} sets`
          : `${formatDuration((CALIBRATION_BATCHES * trial.secondsAPass) / BACKWARD)} behind the last step`
      }`,
      // The runtime's pool of memory doubles where a batch is larger than all before: over 6,000 batches of mixed sizes it took 1.47 times this.
      `  ${'memory'.padEnd(24)}${memory(trial.peakBytes)}, the largest of ${count} batches included${steps * settings.accumulation > count ? '; up to half more in the whole run' : ''}`,
      `  ${'disk'.padEnd(24)}${memory(needed)} needed in ${flags.output}, ${memory(free)} free`,
    ]);
    for (const message of report.malformed) note(message);
    if (report.malformed.length > 0 && flags.onError === 'fail')
      throw new DataError(
        `${report.skipped.malformed} malformed records: a run stops at them; correct them, or leave them out with --on-error skip`,
      );
    return;
  }

  // A run that was killed before it saved a state begins again; a finished one is never thrown away.
  const resume = flags.resume === true && (savedSteps(flags.output).length > 0 || existsSync(join(flags.output, 'final/config.json')));
  const identity = runIdentity(settings, dataset.hash, resume ? flags.output : '');
  if (!resume) writeFileAtomically(join(flags.output, 'settings.json'), `${JSON.stringify(settings, null, 2)}\n`);
  let progress: Progress | undefined;
  let stop = false;
  let stepsDone = false;
  const stopListening = onInterrupt(() => {
    if (stop) {
      progress?.stop();
      process.exit(130);
    }
    stop = true;
    note(
      stepsDone
        ? 'all steps are done and saved, the checkpoint is being made (again to stop at once; --resume makes it then)'
        : 'stopping: the state is saved after this step (again to stop at once)',
    );
  });
  let reported = performance.now();
  const writeReport = (state: string) => {
    writeFileAtomically(
      join(flags.output, 'report.html'),
      runReport({
        name: basename(resolve(flags.output)),
        settings,
        dataset,
        shares: sampler.shares,
        batchSize: sampler.batchSize,
        records: readRunLog(flags.output),
        steps,
        state,
      }),
    );
    reported = performance.now();
  };
  const table = evaluationTable();
  let loss = 0;
  let recent = { examples: 0, seconds: 0 };
  try {
    const summary = await train({
      settings,
      start,
      teacher,
      averageWith,
      dataset,
      sampler,
      output: flags.output,
      resume,
      identity,
      device,
      stopRequested: () => stop,
      ...(sets.length
        ? {
            evaluate: async (classifier) => {
              const { macroF1, accuracy, loss, ...others } = await devScore(classifier, sets, lossSettings(settings));
              const metrics = { macro_f1: macroF1, accuracy, dev_loss: loss };
              const chosen = { macro_f1: macroF1, accuracy, loss }[settings.dev?.metric ?? 'macro_f1'];
              return { score: chosen, details: { ...metrics, ...others } };
            },
          }
        : {}),
      ...(settings.calibration
        ? { calibrationSets: { score: (classifier) => labelledLogits(classifier, calibrationSets), share: settings.calibration.share } }
        : {}),
      onStep: (step, total, seconds) => {
        progress ??= startProgress({ label: 'train', unit: 'steps', total, start: step.step - 1, quiet: flags.quiet, plainInterval: 30 });
        loss = loss === 0 ? step.loss : 0.98 * loss + 0.02 * step.loss;
        recent = { examples: 0.95 * recent.examples + step.examples, seconds: 0.95 * recent.seconds + seconds };
        progress.update(step.step, {
          loss: loss.toFixed(4),
          bce: step.bce.toFixed(3),
          margin: step.margin.toFixed(3),
          lr: step.learningRate.toExponential(1),
          'examples/s': (recent.examples / recent.seconds).toFixed(1),
        });
        if (performance.now() - reported > REPORT_INTERVAL) writeReport('running');
      },
      onCalibration: () => {
        stepsDone = true;
        const line = 'fitting the temperature and bias of --multi-label';
        if (progress) progress.note(line);
        else note(line);
      },
      onRescue: (step) => {
        progress?.stop();
        note(`saved at step ${step}; --resume goes on from there`);
      },
      onEvaluation: (step, evaluation, best) => {
        for (const line of table.row({ step, loss, ...evaluation.details }, best)) {
          if (progress) progress.note(line);
          else note(line);
        }
        writeReport('running');
      },
      trainingRecord: (ended) => trainingRecord({ settings, dataset, ended, records: readRunLog(flags.output) }),
    });
    progress?.stop();
    writeReport(summary.finished ? (summary.early ? 'finished early, no further gain' : 'finished') : 'stopped');
    if (!summary.finished) {
      note(`stopped at step ${summary.steps} of ${steps}; --resume goes on`);
      process.exitCode = 130;
    } else
      note(
        `${summary.early ? 'stopped early, no further gain: ' : ''}checkpoint in ${summary.best ? join(flags.output, 'best') : summary.checkpoint}`,
      );
    const own = ownLabels(dataset);
    if (summary.finished && own) note(`glz predict FILE --checkpoint ${flags.output} uses its ${own.length} labels`);
  } finally {
    stopListening();
    progress?.stop();
  }
}

/** The command's definition. */
export function command(): Command {
  const train = new Command('train').description('Fine-tune an encoder, or a checkpoint, with the hybrid loss.');
  return addFlags(train, trainFlags())
    .option('--help-settings', 'prints every field of the settings with type, default and meaning')
    .on('option:help-settings', () => {
      // While options are parsed: it needs none of the others.
      process.stdout.write(`${settingsText(trainSettingsSchema)}\n`);
      throw new CommanderError(0, 'glz.helpSettings', '');
    })
    .addHelpText('after', EXAMPLES)
    .action((flags: TrainFlags) => run(flags));
}

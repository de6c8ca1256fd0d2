/** `glz train`: flags, progress and messages; the work is in src/verbs/train.ts. */
import { Command, CommanderError } from 'commander';
import { UsageError } from '../base/errors.ts';
import type { Filled } from '../options/declaration.ts';
import { type SettingFlag, settingsText } from '../options/settings-table.ts';
import { type TRAIN_FLAGS, TRAIN_SETTING_FLAGS } from '../options/train.ts';
import { evaluationTable } from '../report/evaluation-table.ts';
import { trainFlags } from '../train/settings.ts';
import { trainSettingsSchema } from '../train/settings-schema.ts';
import type { TrainOptions } from '../verbs/library-types.ts';
import { runSettings, runTraining } from '../verbs/train.ts';
import { addFlags } from './flags.ts';
import { onInterrupt } from './terminal/interrupts.ts';
import { type Progress, startProgress } from './terminal/progress.ts';
import { noteLine } from './terminal/terminal.ts';
import { tryRun } from './train/dry-run.ts';

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
    $ glz train --output runs/minilm --resume

Data: one record a line, {"text": "...", "labels": ["true", ...], "not_labels": ["close but wrong", ...]}; CSV and TSV with "|" between labels.
Ctrl-C saves and stops; --resume goes on with the same settings, data and numbers.`;

type TrainFlags = Filled<typeof TRAIN_FLAGS> & Partial<Record<keyof typeof TRAIN_SETTING_FLAGS, unknown>>;

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

/** What flags say of fields of the settings, by their paths. */
const fieldsOf = (flags: TrainFlags): Record<string, unknown> => ({
  ...Object.fromEntries(
    Object.entries<SettingFlag>(TRAIN_SETTING_FLAGS).map(([name, { field }]) => [field, flags[name as keyof TrainFlags]]),
  ),
  ...Object.fromEntries(flags.set.map(parseOverride)),
});

/** The command that goes on with a run, for a shell: what is not among the settings that the run keeps is said again. */
function resumeCommand({ output, threads, onError }: TrainFlags): string {
  const folder = /^[\w./:@%+=-]+$/.test(output) ? output : `'${output.replaceAll("'", "'\\''")}'`;
  const others = [...(threads === undefined ? [] : [`--threads ${threads}`]), ...(onError === 'skip' ? ['--on-error skip'] : [])];
  return ['glz train --output', folder, '--resume', ...others].join(' ');
}

type Display = Required<Pick<TrainOptions, 'onStart' | 'onStep' | 'onEvaluation' | 'onCalibration' | 'onRescue'>>;

/** What is shown while a run goes on. Ctrl-C aborts it, with `controller`; a second time it ends the process. */
function displayOf(controller: AbortController, quiet: boolean | undefined, goOn: string): Display & { stop(): void } {
  let progress: Progress | undefined;
  let stepsDone = false;
  let stopListening = () => {};
  const table = evaluationTable();
  let loss = 0;
  let recent = { examples: 0, seconds: 0 };
  const note = (line: string) => {
    if (progress) progress.note(line);
    else noteLine(line);
  };
  return {
    // Not before: until then Ctrl-C loses nothing.
    onStart() {
      stopListening = onInterrupt(() => {
        if (controller.signal.aborted) {
          progress?.stop();
          process.exit(130);
        }
        controller.abort();
        noteLine(
          stepsDone
            ? 'all steps are done and saved, the checkpoint is being made (again to stop at once; --resume makes it then)'
            : 'stopping: the state is saved after this step (again to stop at once)',
        );
      });
    },
    onStep(step, total, seconds) {
      progress ??= startProgress({ label: 'train', unit: 'steps', total, start: step.step - 1, quiet, plainInterval: 30 });
      loss = loss === 0 ? step.loss : 0.98 * loss + 0.02 * step.loss;
      recent = { examples: 0.95 * recent.examples + step.examples, seconds: 0.95 * recent.seconds + seconds };
      progress.update(step.step, {
        loss: loss.toFixed(4),
        bce: step.bce.toFixed(3),
        margin: step.margin.toFixed(3),
        lr: step.learningRate.toExponential(1),
        'examples/s': (recent.examples / recent.seconds).toFixed(1),
      });
    },
    onCalibration() {
      stepsDone = true;
      note('fitting the temperature and bias of --multi-label');
    },
    onRescue(step) {
      progress?.stop();
      noteLine(`saved at step ${step}; to go on from there: ${goOn}`);
    },
    onEvaluation(step, evaluation, best) {
      for (const line of table.row({ step, loss, ...evaluation.details }, best)) note(line);
    },
    stop() {
      stopListening();
      progress?.stop();
    },
  };
}

async function run(flags: TrainFlags): Promise<void> {
  const { output } = flags;
  const call = { ...flags, fields: fieldsOf(flags), note: noteLine };
  if (flags.dryRun) return tryRun(runSettings(call), call);
  const controller = new AbortController();
  // What a run was gone on with may differ from what it was begun with.
  const goOn = flags.resume ? 'the same command again' : resumeCommand(flags);
  const display = displayOf(controller, flags.quiet, goOn);
  let total = 0;
  try {
    const { finished, early, steps, checkpoint, labels } = await runTraining({
      ...call,
      ...display,
      signal: controller.signal,
      onStart(start) {
        total = start.steps;
        display.onStart(start);
      },
    });
    display.stop();
    if (!finished) {
      noteLine(`stopped at step ${steps} of ${total}; to go on: ${goOn}`);
      process.exitCode = 130;
      return;
    }
    noteLine(`${early ? 'stopped early, no further gain: ' : ''}checkpoint in ${checkpoint}`);
    if (labels) noteLine(`glz predict FILE --checkpoint ${output} uses its ${labels.length} labels`);
  } finally {
    display.stop();
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

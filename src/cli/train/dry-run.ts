/** `glz train --dry-run`: what the data looks like, and what a run will take here. */
import { DataError } from '../../base/errors.ts';
import { memory } from '../../report/html.ts';
import { dataStatistics, exampleLines, statisticsLines } from '../../train/data/data-statistics.ts';
import { checkOutputFolder, diskSpace } from '../../train/run/run-folder.ts';
import type { TrainSettings } from '../../train/settings-schema.ts';
import { tryOut } from '../../train/trial.ts';
import { CALIBRATION_BATCHES } from '../../train/unseen-scores.ts';
import { prepareRun } from '../../verbs/prepared-run.ts';
import { formatDuration } from '../terminal/progress.ts';
import { noteLine, printText } from '../terminal/terminal.ts';

/** A pass forward and backward costs about three times the pass forward that calibration makes. */
const BACKWARD = 3;

/** Batches that are looked at. */
const LOOKED_AT = 200;

/** Prepares a run, tries a few steps and prints what it found. @throws DataError where a record is malformed that a run would stop at */
export async function tryRun(
  settings: TrainSettings,
  flags: { output: string; threads?: number; onError: 'fail' | 'skip' },
): Promise<void> {
  const { output, threads, onError } = flags;
  checkOutputFolder(output, false);
  const run = await prepareRun(settings, { output, threads, onError, note: noteLine, dryRun: true });
  const { start, teacher, dataset, report, sampler, device, layout, steps, sets, calibrationSets } = run;
  const statistics = dataStatistics(dataset, report, sampler, layout, Math.min(LOOKED_AT, sampler.batchesPerEpoch));
  const { count, tokens, largest } = statistics.batches;
  const { needed, free } = diskSpace(output, start.weights, settings.keep);
  const print = (lines: readonly string[]) => printText(lines.join('\n'));
  print([...statisticsLines(statistics, report, dataset, run.textTokens, layout.capacity), ...exampleLines(sampler.batch(0), dataset)]);
  noteLine('a few steps are tried out ...');
  const trial = await tryOut({ settings, start, teacher, dataset, sampler, device, batches: count, meanTokens: tokens, largest });
  const row = (name: string, value: string) => `  ${name.padEnd(24)}${value}`;
  const time = `${trial.secondsAStep.toPrecision(2)} s each (measured on ${trial.steps} here): ${formatDuration(steps * trial.secondsAStep)}`;
  const calibrationTexts = calibrationSets.reduce((sum, { texts }) => sum + texts.length, 0);
  print([
    'plan',
    row('steps', `${steps}, ${time}${sets.length ? ', evaluations not counted' : ''}`),
    row(
      'calibration',
      calibrationSets.length
        ? `on ${calibrationTexts} texts of ${calibrationSets.length} sets`
        : `${formatDuration((CALIBRATION_BATCHES * trial.secondsAPass) / BACKWARD)} behind the last step`,
    ),
    // The runtime's pool of memory doubles where a batch is larger than all before: over 6,000 batches of mixed sizes it took 1.47 times this.
    row(
      'memory',
      `${memory(trial.peakBytes)}, the largest of ${count} batches included${steps * settings.accumulation > count ? '; up to half more in the whole run' : ''}`,
    ),
    row('disk', `${memory(needed)} needed in ${output}, ${memory(free)} free`),
  ]);
  for (const message of report.malformed) noteLine(message);
  if (report.malformed.length > 0 && onError === 'fail')
    throw new DataError(
      `${report.skipped.malformed} malformed records: a run stops at them; correct them, or leave them out with --on-error skip`,
    );
}

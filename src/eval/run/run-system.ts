/**
 * Everything that happens to one system: it is loaded, scores its sets, is timed, measured and released. Runs in the caller's process or,
 * through system-process.ts, in one of its own. Reports by events, so that a crash loses nothing that was finished.
 */
import { errorMessage } from '../../base/errors.ts';
import type { Precision } from '../../options/predict.ts';
import type { SystemEvent } from '../report/result-types.ts';
import type { SuiteSet } from '../sets/suite.ts';
import { BASELINES } from '../systems/index.ts';
import type { System } from '../systems/system.ts';
import type { SystemSpec } from '../systems/system-spec.ts';
import { measureGrowth } from './label-growth.ts';
import { measure } from './measure.ts';
import { scoreSet } from './score-set.ts';

/** What is to be run; can be sent to another process. */
export interface SystemJob {
  spec: SystemSpec;
  /** Resolved folder or server's model name. */
  model: string;
  sets: SuiteSet[];
  /** Whether the time is measured by number of labels, on these sets. */
  growthSets: SuiteSet[];
  template?: string;
  latencyCalls: number;
  resamples: number;
  threads?: number;
  precision?: Precision;
}

type Report = (event: SystemEvent) => void;

/** Seconds between two reports of progress; more would cost time that is being measured. */
const PROGRESS_SECONDS = 0.2;

/** Passes progress on a few times a second, and always when a stage begins or ends. */
function seldom(report: Report): (event: Extract<SystemEvent, { type: 'progress' }>) => void {
  let last = 0;
  return (event) => {
    const now = performance.now();
    if (event.done > 0 && event.done < event.total && now - last < PROGRESS_SECONDS * 1000) return;
    last = now;
    report(event);
  };
}

/** The sentence around a label on a set: what was asked for goes before the set's own. */
const templateOf = (job: SystemJob, set: SuiteSet): { template?: string } => {
  const template = job.template ?? set.template;
  return template ? { template } : {};
};

/** Times a system by number of labels. One that no set has left ready gets ready for the first of the growth sets: some score only then. */
async function runGrowth(system: System, job: SystemJob, isReady: boolean, report: Report): Promise<void> {
  const progress = seldom(report);
  const [first] = job.growthSets;
  try {
    if (!isReady)
      await system.prepare?.(first, {
        ...templateOf(job, first),
        onPart: (done, total) => progress({ type: 'progress', set: first.name, stage: 'preparing', done, total }),
      });
    const growth = await measureGrowth(job.spec.name, system, job.growthSets, (done, total) =>
      progress({ type: 'progress', set: '', stage: 'label growth', done, total }),
    );
    report({ type: 'growth', growth });
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error;
    report({ type: 'failure', message: `label growth: ${errorMessage(error)}` });
  }
}

/** Runs a system over its sets. Failures of a set are events; the next set follows. @throws what loading the system throws. */
export async function runSystem(job: SystemJob, report: Report): Promise<void> {
  const kind = BASELINES.get(job.spec.kind);
  if (!kind) throw new Error(`no kind of system called ${job.spec.kind}`);
  const begin = performance.now();
  const system: System = await kind.create({ spec: job.spec, model: job.model, threads: job.threads, precision: job.precision });
  const progress = seldom(report);
  try {
    report({ type: 'loaded', seconds: (performance.now() - begin) / 1000 });
    let isReady = false;
    for (const set of job.sets) {
      isReady = false;
      try {
        const scored = await scoreSet(system, set, {
          latencyCalls: job.latencyCalls,
          onProgress: (stage, done, total) => progress({ type: 'progress', set: set.name, stage, done, total }),
          ...templateOf(job, set),
        });
        const measured = measure(set, scored.matrix, job.resamples);
        const result = { ...measured, system: job.spec.name, set: set.name, timing: scored.timing, measuredAt: new Date().toISOString() };
        report({ type: 'result', result });
        isReady = true;
      } catch (error) {
        if ((error as Error).name === 'AbortError') throw error;
        report({ type: 'failure', set: set.name, message: errorMessage(error) });
      }
    }
    if (job.growthSets.length) await runGrowth(system, job, isReady, report);
    report({ type: 'done', notes: { ...system.notes } });
  } finally {
    await system.dispose();
  }
}

/** `POST /classify`: texts against one list of labels for all, a list for each, or the labels that were fitted. */
import type { Hono } from 'hono';
import type { z } from 'zod';
import { UsageError } from '../../base/errors.ts';
import { type Classifier, type ScoreRequest, textNotes } from '../../classify/classifier.ts';
import { explainedLabels } from '../../classify/explain/explain.ts';
import type { LabelScores } from '../../classify/library-types.ts';
import { rankSet } from '../../classify/rank-labels.ts';
import { abstains, withFit } from '../../classify/tuning/label-fit.ts';
import { checkTunedLabels } from '../../classify/tuning/thresholds-file.ts';
import type { Tuned } from '../../classify/tuning/tuned.ts';
import { labelSet } from '../../text/described-labels.ts';
import { type LabelSet, labelReadings } from '../../text/label-texts.ts';
import { type ClassifyResponse, checkedBody, classifyBody } from '../bodies.ts';
import { RequestError } from '../failures.ts';
import type { Scheduler } from '../scheduler.ts';
import { boundLabels, inTime, jsonOf, type RequestLimits, textsOf } from './limits.ts';

/** What classifying is done with. */
export interface ClassifySettings extends RequestLimits {
  scheduler: Scheduler;
  /** The model's name in answers. */
  model: string;
  /** What glz tune fitted, for requests that ask for it. */
  tuned?: Tuned;
}

type ClassifyBody = z.infer<typeof classifyBody>;

/** Labels of a request: one set for all texts, or one a text; and what was fitted to them, where that is asked for. */
interface AskedLabels {
  sets: LabelSet[];
  isPerText: boolean;
  tuned?: Tuned;
}

function askedTuned(multiLabel: boolean | undefined, tuned: Tuned | undefined): Tuned {
  if (!tuned) throw new RequestError(422, 'the server was started without --thresholds');
  if (multiLabel !== undefined && multiLabel !== tuned.multiLabel)
    throw new RequestError(422, `the thresholds were fitted with multiLabel ${tuned.multiLabel}`);
  return tuned;
}

function askedLabels(body: ClassifyBody, texts: number, fitted: Tuned | undefined): AskedLabels {
  const tuned = body.thresholds ? askedTuned(body.multiLabel, fitted) : undefined;
  if (!body.labels && !tuned) throw new RequestError(422, 'field "labels": is missing', [{ path: ['labels'], message: 'is missing' }]);
  const labels: unknown = body.labels ?? [];
  const isPerText = Array.isArray(labels) && Array.isArray(labels[0]);
  if (isPerText && tuned) throw new RequestError(422, 'thresholds are for one list of labels');
  const lists = isPerText ? (labels as readonly unknown[]) : [labels];
  if (isPerText && lists.length !== texts) throw new RequestError(422, `${lists.length} label lists for ${texts} texts`);
  const given = (list: unknown, at: number): LabelSet => labelSet(list, isPerText ? `labels.${at}` : 'labels', UsageError);
  const sets = tuned && !body.labels ? [{ labels: tuned.labels }] : lists.map(given);
  if (tuned) checkTunedLabels(tuned, sets[0], "the server's file of thresholds");
  return { sets, isPerText, tuned };
}

/** Readings of all labels: what the model reads of them. */
const readingsOf = (sets: readonly LabelSet[]): number =>
  sets.reduce((sum, { labels }) => sum + labels.reduce((count, label) => count + labelReadings(label).length, 0), 0);

/** Scores, ranks and, where that is asked for, explains. `scorer`: the scheduler, or one that says how well labels fit too. */
async function classify(
  scheduler: Scheduler,
  scorer: Pick<Classifier, 'logits'>,
  texts: readonly string[],
  { sets, isPerText, tuned }: AskedLabels,
  body: ClassifyBody,
  signal: AbortSignal,
): Promise<LabelScores[]> {
  for (const { labels } of sets) {
    const problem = await scheduler.labelProblem(labels);
    if (problem !== undefined) throw new UsageError(problem);
  }
  const options = tuned ? { ...body, multiLabel: tuned.multiLabel } : body;
  const setOf = (row: number) => sets[isPerText ? row : 0];
  const requests = texts.map((text, row) => ({ text, labels: setOf(row).labels }));
  const how = { signal, mergeWindows: options.multiLabel ? ('max' as const) : ('mean' as const) };
  const scored = await scorer.logits(requests, how);
  const { calibration } = scheduler.options;
  const ranked = scored.map(({ logits, fit }, row) => rankSet(setOf(row), logits, calibration, options, { fit, tuned }));
  const asked = (request: ScoreRequest, row: number) => ({
    ...{ ...request, logits: scored[row].logits, ...explainedLabels(setOf(row), ranked[row], options) },
  });
  const explained = body.explain ? await scheduler.explain(requests.map(asked), how) : undefined;
  return scored.map((result, row) => ({
    ...ranked[row],
    ...(explained ? { explanations: explained[row] } : {}),
    ...textNotes(result),
  }));
}

/** Adds the route. */
export function addClassify(app: Hono, settings: ClassifySettings): void {
  const { scheduler, model } = settings;
  const fitting = withFit({ options: scheduler.options, logits: scheduler.logits });
  app.post('/classify', async (context) => {
    const body = checkedBody(classifyBody, await jsonOf(context, settings));
    const texts = textsOf(body.texts, settings);
    const labels = askedLabels(body, texts.length, settings.tuned);
    boundLabels(readingsOf(labels.sets), settings);
    const scorer = abstains(body) ? fitting : scheduler;
    const results = await inTime(context, settings, (signal) => classify(scheduler, scorer, texts, labels, body, signal));
    return context.json({ model, results } satisfies ClassifyResponse);
  });
}

/** Logits of requests, merged of those of the windows and groups that they were read in. Knows no models. */
import type { ScoredRequest, ScoreRequest } from './classifier.ts';
import { NoScoresError } from './scorer.ts';
import type { Shortlist } from './shortlist.ts';

/** What is known of a text's window that was scored. */
export interface ScoredWindow {
  request: number;
  /** Windows that the text has beside these labels, and its tokens that none of them holds. */
  windows: number;
  cutTokens: number;
}

/** Results that become whole as windows are scored. */
export interface MergedResults {
  /**
   * Adds what a window scored. scores [N]
   * @param group numbers of the labels that were scored; all in order unless given
   * @throws NoScoresError where a score is no number
   */
  add(window: ScoredWindow, scores: Float32Array, group?: readonly number[]): void;
  /** Adds what a window scored of labels that follow on each other, from number `first` on: blocks in order, all of them. scores [n] @throws as add */
  addBlock(window: ScoredWindow, scores: Float32Array, first: number): void;
  /** The results, with what labels of shortlists lose; requests that have windows left are unfinished. @throws as add */
  finish(unreadable: readonly boolean[], listed?: ReadonlyMap<number, Shortlist>): ScoredRequest[];
  /** The results where nothing was scored. */
  unfinished(): ScoredRequest[];
}

/** Makes results for requests of which all of `windows` are to be scored. `source` is named where a score is no number. */
export function createResults(
  requests: readonly ScoreRequest[],
  windows: readonly Pick<ScoredWindow, 'request'>[],
  mergeWindows: 'mean' | 'max',
  source: string,
): MergedResults {
  const results = requests.map(
    ({ labels }): ScoredRequest => ({ logits: new Float32Array(labels.length).fill(Number.NEGATIVE_INFINITY), cutTokens: 0 }),
  );
  const left = new Uint32Array(requests.length);
  for (const { request } of windows) left[request]++;
  const checked = (value: number): number => {
    if (Number.isFinite(value)) return value;
    throw new NoScoresError(`${source}: the model gives scores that are no numbers; its weights are damaged or hold NaN`);
  };
  const merge = ({ request, windows: count }: ScoredWindow, label: number, score: number): void => {
    const { logits } = results[request];
    const before = logits[label];
    if (mergeWindows === 'max') logits[label] = Math.max(before, checked(score));
    else logits[label] = (Number.isFinite(before) ? before : 0) + checked(score) / count;
  };
  const end = ({ request, cutTokens }: ScoredWindow): void => {
    left[request]--;
    results[request].cutTokens = Math.max(results[request].cutTokens, cutTokens);
  };
  return {
    add(window, scores, group) {
      if (group) for (const [at, label] of group.entries()) merge(window, label, scores[at]);
      else for (let label = 0; label < results[window.request].logits.length; label++) merge(window, label, scores[label]);
      end(window);
    },
    addBlock(window, scores, first) {
      const { logits } = results[window.request];
      // Of a million labels those of the one window are copied at once.
      if (window.windows === 1 && scores.every(Number.isFinite)) logits.set(scores, first);
      else for (const [at, score] of scores.entries()) merge(window, first + at, score);
      if (first + scores.length === logits.length) end(window);
    },
    finish(unreadable, listed) {
      for (const [request, { labels, discounts }] of listed ?? [])
        for (const [at, label] of labels.entries()) results[request].logits[label] -= checked(discounts[at]);
      for (const [request, nothing] of unreadable.entries()) if (nothing) results[request].unreadable = true;
      for (const [request, count] of left.entries()) if (count > 0) results[request].unfinished = true;
      return results;
    },
    unfinished: () => results.map((result) => ({ ...result, unfinished: true })),
  };
}

/** What is asked about labels: one's own, or those that the server was fitted to; whether any number may fit, and whether perhaps none does. */
import { ABSTAIN_BELOW } from '../../classify/tuning/abstain-level.ts';
import type { FittedLabels } from '../fitted-labels.ts';
import { find, make } from './dom.ts';
import type { LabelField } from './label-field.ts';
import type { Taking } from './pure/bars.ts';
import type { LabelRequest } from './pure/client.ts';
import { type LabelPaths, labelPaths } from './pure/label-paths.ts';

/** A question as it stands. */
export interface AskedLabels extends LabelPaths {
  request: Omit<LabelRequest, 'texts'>;
  /** Which labels of the answers are taken; the level, which can be moved while they are there, aside. */
  taking: Omit<Taking, 'level'>;
}

/** The controls of labels. */
export interface LabelQuestion {
  /** Whether it is about the labels that the server was fitted to. */
  isFitted: boolean;
  /** The fit below which no label is taken; undefined: one always is. */
  readonly level: number | undefined;
  /** What is asked; undefined where there are no labels. @throws UsageError for what are none */
  asked(): AskedLabels | undefined;
  /** Lets the reader choose what the server was fitted to. */
  offer(fitted: FittedLabels): void;
}

/** Names that are shown of a long list. */
const MOST_NAMES = 60;

/** Labels that were fitted, as names. */
function showNames({ labels, multiLabel }: FittedLabels): void {
  const more = labels.length - MOST_NAMES;
  find('fitted-list').replaceChildren(
    ...labels.slice(0, MOST_NAMES).map((name) => make('li', { textContent: name })),
    ...(more > 0 ? [make('li', { className: 'hint', textContent: `and ${more.toLocaleString('en')} more` })] : []),
  );
  find('fitted-hint').textContent = multiLabel
    ? 'The server was started with what glz tune fitted to these. Any number of them may fit: each from its own threshold on, which is marked on its bar.'
    : 'The server was started with what glz tune fitted to these. One of them fits.';
}

/**
 * Makes the controls.
 * @param onAsk told where another question is asked
 * @param onLevel told where the level is another; answers stay as they are
 */
export function createLabelQuestion(labelField: LabelField, onAsk: () => void, onLevel: () => void): LabelQuestion {
  const multi = find<HTMLInputElement>('multi');
  const abstain = find<HTMLInputElement>('abstain');
  const slider = find<HTMLInputElement>('abstain-below');
  let fitted: FittedLabels | undefined;
  // A level that was fitted need not be one of the slider's.
  const ofOwn = { mayBeNone: false, below: ABSTAIN_BELOW };
  const ofFitted = { ...ofOwn };
  let current = ofOwn;

  function show(): void {
    const said = `${Math.round(100 * current.below)}%`;
    abstain.checked = current.mayBeNone;
    slider.value = String(100 * current.below);
    find('abstain-said').textContent = said;
    slider.setAttribute('aria-valuetext', said);
    find('abstain-level').hidden = find('abstain-hint').hidden = !current.mayBeNone;
    find('own-labels').hidden = current !== ofOwn;
    find('fitted-labels').hidden = current === ofOwn;
  }

  multi.addEventListener('change', onAsk);
  abstain.addEventListener('change', () => {
    current.mayBeNone = abstain.checked;
    show();
    onAsk();
  });
  slider.addEventListener('input', () => {
    current.below = slider.valueAsNumber / 100;
    show();
    onLevel();
  });
  show();

  return {
    get isFitted() {
      return current === ofFitted;
    },
    set isFitted(isFitted) {
      current = isFitted ? ofFitted : ofOwn;
      show();
    },
    get level() {
      return current.mayBeNone ? current.below : undefined;
    },
    asked() {
      // Where there may be none, labels come whatever the fit is, so that the level can be moved without asking again.
      const fit = current.mayBeNone ? { abstainBelow: 0 } : {};
      if (fitted && current === ofFitted) {
        const { labels: names, multiLabel: isMultiLabel, thresholds } = fitted;
        return {
          names,
          // All scores: those that do not reach their threshold are shown as such.
          request: { thresholds: true, threshold: 0, ...fit },
          taking: { isMultiLabel, ...(thresholds ? { thresholds: new Map(names.map((name, at) => [name, thresholds[at]])) } : {}) },
        };
      }
      const { labels } = labelField;
      if (labels.length === 0) return undefined;
      const isMultiLabel = multi.checked;
      return { ...labelPaths(labels), request: { labels, multiLabel: isMultiLabel, ...fit }, taking: { isMultiLabel } };
    },
    offer(given) {
      fitted = given;
      showNames(given);
      if (given.abstainBelow !== undefined) Object.assign(ofFitted, { mayBeNone: true, below: given.abstainBelow });
      find('fitted-mode').hidden = false;
    },
  };
}

/** Large label sets that are new, read in pieces between batches, so that nobody waits for all of one. */
import type { ReadLabel } from '../text/label-texts.ts';
import type { LabelSets } from './label-sets.ts';
import type { RemoteModel } from './worker-pool.ts';

/** Pieces of label sets that wait to be read. */
export interface LabelPieces {
  readonly length: number;
  /** Resolves once the labels are read, at once where they are few. Every worker reads them for itself, the others when they first meet them. */
  read(labels: readonly ReadLabel[]): Promise<void>;
  /** Has a model read the piece that waits longest. */
  runNext(model: RemoteModel): Promise<void>;
}

/** Labels that are read between two batches: some 20 ms of short ones. */
const LABELS_AT_ONCE = 32;

/** Makes a list of pieces. `onWaiting` is told when some were added. */
export function createLabelPieces(sets: Pick<LabelSets, 'temporary'>, onWaiting: () => void): LabelPieces {
  const pieces: { labels: readonly ReadLabel[]; done(): void; failed(error: unknown): void }[] = [];
  return {
    get length() {
      return pieces.length;
    },
    read(labels) {
      if (labels.length <= LABELS_AT_ONCE) return Promise.resolve();
      return new Promise((resolve, reject) => {
        let left = Math.ceil(labels.length / LABELS_AT_ONCE);
        const done = (): void => {
          left--;
          if (left === 0) resolve();
        };
        for (let at = 0; at < labels.length; at += LABELS_AT_ONCE)
          pieces.push({ labels: labels.slice(at, at + LABELS_AT_ONCE), done, failed: reject });
        onWaiting();
      });
    },
    async runNext(model) {
      const piece = pieces.shift()!;
      const set = sets.temporary();
      try {
        await model.score([{ text: '', set }], () => piece.labels, { windows: 1, mergeWindows: 'mean' });
        piece.done();
      } catch (error) {
        piece.failed(error);
      } finally {
        model.drop(set);
      }
    },
  };
}
